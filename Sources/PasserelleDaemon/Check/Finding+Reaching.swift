// SPDX-License-Identifier: MIT

import PasserelleNet

/// What to do where a server is not reached: where its name, the way there, and TLS come from.
struct ReachingRemedies {
    let name: String
    let way: String
    let tls: String

    /// Channels.
    static let channels = ReachingRemedies(
        name: "check PUSHER_CLUSTER or PUSHER_HOST, and this machine's resolver",
        way:
            "check PUSHER_HOST and PUSHER_PORT, and that a firewall lets this machine connect there",
        tls: "check the clock and PASSERELLE_CA_FILE, and whether a proxy stands in between;"
            + " PUSHER_SCHEME=http where the server speaks no TLS")
    /// The site where readers find the gateway.
    static let site = ReachingRemedies(
        name: "check the URL, and the name's entry in the DNS",
        way: "is the proxy there, and does it listen on that port?",
        tls:
            "give the proxy a certificate that is good and for this name; PASSERELLE_CA_FILE stands in"
            + " the place of the system's authorities")
}

extension Finding {
    /// What a dial says of name, way and TLS: a finding for each that was reached.
    ///
    /// `plain` is how a dial without TLS ended, `nil` where it opened; `secure` the same with TLS,
    /// where there is any.
    static func reaching(
        _ host: String, port: Int, plain: LinkEnd?, secure: LinkEnd??,
        toDo: ReachingRemedies = .channels
    ) -> [Finding] {
        let place = "\(host):\(port)"
        if let plain, case .resolve(let words) = plain {
            return [
                .failed(
                    "dns", host, words,
                    do: toDo.name),
                .skipped("tcp", place, because: "the name has no address"),
            ]
        }
        let name = Finding.ok("dns", host, "has an address")
        if let plain {
            return [
                name,
                .failed(
                    "tcp", place, "\(plain)",
                    do: toDo.way),
            ]
        }
        let way = Finding.ok("tcp", place, "connected")
        guard let secure else { return [name, way] }
        guard let end = secure else {
            return [name, way, .ok("tls", place, "the certificate is good, and for this name")]
        }
        return [
            name, way,
            .failed(
                "tls", place, "\(end)",
                do: toDo.tls),
        ]
    }
}
