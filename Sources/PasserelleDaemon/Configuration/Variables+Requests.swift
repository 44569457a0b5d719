// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet

extension Variables {
    /// Where requests may come from.
    static let requests: [Variable] = [
        Variable(
            name: "PASSERELLE_ORIGINS", presetWords: "same origin", placeholder: "ORIGIN,…",
            meaning: "Origins of other pages that may read and send, with credentials",
            takes: "https://HOST or https://HOST:PORT, several with commas between them",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                for part in try SettingList.parts(text) {
                    draft.configuration.origins.insert(try WebAddress.origin(setting: part))
                }
            }),
        Variable(
            name: "PASSERELLE_HOSTS", presetWords: "any; with none, loopback names",
            placeholder: "HOST,…", meaning: "Host names that HTTP requests may be for",
            takes: "HOST or HOST:PORT, several with commas between them",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                for part in try SettingList.parts(text) {
                    draft.configuration.hosts.insert(try host(part))
                }
            }),
        Variable(
            name: "PASSERELLE_TRUSTED_PROXIES", presetWords: "none", placeholder: "ADDRESS,…",
            meaning: "Proxies whose X-Forwarded-For and Forwarded are believed",
            takes: "addresses, networks such as 10.0.0.0/8, or unix for the Unix listeners, with"
                + " commas between them", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                for part in try SettingList.parts(text) {
                    if part == "unix" {
                        draft.configuration.proxies.trustsUnix = true
                    } else if let range = AddressRange(part) {
                        draft.configuration.proxies.ranges.append(range)
                    } else {
                        throw .part(part, is: "is no address, nor a network")
                    }
                }
            }),
    ]

    /// A host as requests name it, in small letters.
    private static func host(_ text: String) throws(ValueProblem) -> String {
        guard !text.hasPrefix("http"), let address = try? WebAddress(setting: "http://" + text),
            address.target == "/", !text.hasSuffix("/")
        else { throw .part(text, is: "is no host") }
        return text.lowercased()
    }
}
