// SPDX-License-Identifier: MIT

/// Explains the close codes 4000–4099 of Channels and how to resolve them.
package enum PermanentRefusal {
    /// Returns one clause for a code and its remedy, followed by the server's own message if it
    /// has one.
    package static func description(code: Int, server: String) -> String {
        let ours = meaning(code: code, server: server) + ": " + remedy(code: code, server: server)
        return server.isEmpty ? ours : "\(ours) (server message: \(server))"
    }

    /// Returns the remedy for a refusal; `server` is the server's own message.
    package static func remedy(code: Int, server: String) -> String {
        switch code {
        case 4000: "set \(VariableName.pusherScheme)=https"
        case 4001:
            "\(VariableName.appKey) does not exist in \(VariableName.pusherCluster) (or on"
                + " \(VariableName.pusherHost)): copy both from the application's App Keys page"
        case 4003: "enable the application again"
        case 4004: "close other connections, or raise the limit of the application's plan"
        case 4005: "check \(VariableName.pusherHost) and \(VariableName.pusherPath)"
        case 4006...4008: "check that \(VariableName.pusherHost) supports Channels protocol 7"
        case 4009 where isAboutOrigin(server):
            "set \(VariableName.pusherOrigin) to an origin that the server allows"
        case 4009:
            "check the server's message, and whether the application's settings require clients"
                + " to sign in"
        default: "check the server's message"
        }
    }

    private static func meaning(code: Int, server: String) -> String {
        switch code {
        case 4000: "the application requires TLS"
        case 4001: "the server knows no application with this key"
        case 4003: "the application is disabled"
        case 4004: "the application is over its connection limit"
        case 4005: "no Channels server answers at this path"
        case 4006...4008: "the server does not support version 7 of the protocol"
        case 4009 where isAboutOrigin(server): "the server does not allow this origin"
        case 4009: "the server does not authorize the connection"
        default: "the server refuses the connection permanently"
        }
    }

    /// True if the server's message is about the `Origin` header, as Laravel Reverb's is.
    private static func isAboutOrigin(_ server: String) -> Bool {
        server.lowercased().contains("origin")
    }
}
