// SPDX-License-Identifier: MIT
import Glibc

extension PeerAddress {
    /// The address that a numeric text spells (no name, no brackets); `nil` for any other text.
    package init?(numericHost: String, port: UInt16) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, numericHost, &bytes) == 1 {
            bytes.removeLast(12)
        } else if inet_pton(AF_INET6, numericHost, &bytes) != 1 {
            return nil
        }
        self.init(bytes: bytes, port: port)
    }
}
