// SPDX-License-Identifier: MIT

import PasserelleNet

extension Finding {
    /// What a dial says of name, way and TLS: a finding for each that was reached.
    ///
    /// `plain` is how a dial without TLS ended, `nil` where it opened; `secure` the same with TLS,
    /// where there is any.
    static func reaching(
        _ host: String, port: Int, plain: LinkEnd?, secure: LinkEnd??
    ) -> [Finding] {
        let place = "\(host):\(port)"
        if let plain, case .resolve(let words) = plain {
            return [
                .failed(
                    "dns", host, words,
                    do: "check PUSHER_CLUSTER or PUSHER_HOST, and this machine's resolver"),
                .skipped("tcp", place, because: "the name has no address"),
            ]
        }
        let name = Finding.ok("dns", host, "has an address")
        if let plain {
            return [
                name,
                .failed(
                    "tcp", place, "\(plain)",
                    do: "check PUSHER_HOST and PUSHER_PORT, and that a firewall lets this machine"
                        + " connect there"),
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
                do: "check the clock and PASSERELLE_CA_FILE, and whether a proxy stands in between;"
                    + " PUSHER_SCHEME=http where the server speaks no TLS"),
        ]
    }
}
