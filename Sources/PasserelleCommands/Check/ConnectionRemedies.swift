// SPDX-License-Identifier: MIT

import PasserelleConfiguration

/// The remedies if a server is not reached: for its name, the connection, and TLS.
package struct ConnectionRemedies {
    package let name: String
    package let way: String
    package let tls: String

    /// The remedies for Channels.
    package static let channels = ConnectionRemedies(
        name: "check \(VariableName.pusherCluster) or \(VariableName.pusherHost), and this"
            + " machine's resolver",
        way: "check \(VariableName.pusherHost) and \(VariableName.pusherPort), and whether a"
            + " firewall blocks the connection",
        tls: "check the clock and \(VariableName.caFile), and whether a proxy intercepts TLS;"
            + " set \(VariableName.pusherScheme)=http if the server has no TLS")
    /// The remedies for the gateway's public site.
    package static let site = ConnectionRemedies(
        name: "check the URL, and the DNS record of the name",
        way: "check that the proxy runs and listens on that port",
        tls:
            "give the proxy a valid certificate for this name; \(VariableName.caFile) replaces the"
            + " system's authorities")
}
