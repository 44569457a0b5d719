// SPDX-License-Identifier: MIT

import PasserelleUpstream
import PasserelleWire

/// What a user shows the gateway, from a file, and a channel that they may read.
struct PublicLogin: Equatable {
    /// Why there is none.
    enum Problem: Error, Equatable {
        case unreadable(String)
        case noFields
        case noChannel
    }

    /// Lines of a file that are looked at.
    private static let lineLimit = 20

    let fields: HTTPFields
    let channel: String

    /// Reads lines of the form `Cookie: NAME=VALUE`; what is no field is passed over.
    init(_ file: [UInt8], channel: String?) throws(Problem) {
        var fields = HTTPFields()
        let lines = String(decoding: file, as: UTF8.self).split(whereSeparator: \.isNewline)
        for line in lines.prefix(Self.lineLimit) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, !parts[0].contains(" ") else { continue }
            fields.add(String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        guard !fields.isEmpty else { throw .noFields }
        guard let channel else { throw .noChannel }
        self.fields = fields
        self.channel = channel
    }
}

extension Finding {
    private static let asking = "members of a channel, with a user's own credentials"

    /// Whether a user's own credentials open a channel of theirs, from outside.
    static func login(_ result: Result<HTTPResponse, HTTPCallError>) -> Finding {
        guard (try? result.get())?.status != 200 else { return .ok("login", asking, "admitted") }
        return .failed(
            "login", asking, words(result),
            do:
                "are the credentials good, and may they read that channel? Else the gateway's log says"
                + " what its auth route answered")
    }

    /// Why a login cannot be tried.
    static func login(_ problem: PublicLogin.Problem) -> Finding {
        let (words, remedy) =
            switch problem {
            case .unreadable(let reason): ("its file cannot be read: \(reason)", "see to the file")
            case .noFields:
                (
                    "its file has no field",
                    "a line such as Cookie: session=… or Authorization: Bearer …"
                )
            case .noChannel:
                ("no channel is named", "--channel CHANNEL, one that this user may read")
            }
        return .failed("login", asking, words, do: remedy)
    }

    /// That no login was given.
    static func noLogin() -> Finding {
        .skipped(
            "login", asking,
            because:
                "none is given: --as FILE, with a line such as Cookie: session=…, and --channel"
                + " CHANNEL, one that this user may read")
    }
}
