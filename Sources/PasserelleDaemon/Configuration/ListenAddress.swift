// SPDX-License-Identifier: MIT

/// Where a listener waits.
package enum ListenAddress: Hashable, Sendable {
    /// A host name or address, and a port.
    case tcp(host: String, port: Int)
    /// A path.
    case unix(path: String)
}
