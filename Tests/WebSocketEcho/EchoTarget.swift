// SPDX-License-Identifier: MIT
import PasserelleNet

/// The target of a `ws://` or `wss://` URL.
struct EchoTarget {
    let isSecure: Bool
    let address: ListenAddress
    let hostField: String
    let path: String

    /// Reads `ws://HOST[:PORT][/PATH]`, with the scheme's port by default, or returns `nil`.
    init?(_ url: String) {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else {
            return nil
        }
        switch url[..<colon] {
        case "ws", "http": isSecure = false
        case "wss", "https": isSecure = true
        default: return nil
        }
        let rest = url[colon...].dropFirst(3)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = String(rest[authority.endIndex...])
        self.path = path.hasPrefix("/") ? path : "/" + path
        hostField = String(authority)
        let text = hostField
        let port = isSecure ? 443 : 80
        guard
            let address = (try? ListenAddress.parse(text))
                ?? (try? ListenAddress.parse("\(text):\(port)"))
        else { return nil }
        self.address = address
    }
}
