// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleConfiguration
package import PasserelleHTTP
package import PasserelleWire

/// A user's credentials, read from a file, and a channel that the user may read.
package struct PublicLogin: Equatable {
    /// Why there are no credentials.
    package struct Problem: Error, Equatable {
        let words: String
        let remedy: String

        package static func unreadable(_ reason: String) -> Problem {
            Problem(words: "the file cannot be read: \(reason)", remedy: "check the file")
        }
        package static let noFields = Problem(
            words: "the file has no header field",
            remedy: "add a line such as Cookie: session=… or Authorization: Bearer …")
        package static let noChannel = Problem(
            words: "no channel is given",
            remedy: "add --channel CHANNEL, which this user may read")
    }

    /// The maximum number of lines read.
    private static let lineLimit = 20

    package let fields: HTTPFields
    package let channel: String

    /// Parses lines of the form `Cookie: NAME=VALUE`; other lines are ignored.
    package init(_ file: [UInt8], channel: String?) throws(Problem) {
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

    /// The finding on a user's credentials: whether they give access to a channel from outside.
    package static func login(_ result: Result<HTTPResponse, HTTPCallError>) -> Finding {
        guard (try? result.get())?.status != 200 else { return .ok("login", asking, "admitted") }
        return .failed(
            "login", asking, words(result),
            do:
                "check that the credentials are valid and that the user may read the channel; the"
                + " gateway's log has the answer of the auth route")
    }

    /// The finding if the credentials cannot be used.
    package static func login(_ problem: PublicLogin.Problem) -> Finding {
        .failed("login", asking, problem.words, do: problem.remedy)
    }

    /// The finding if no credentials were given.
    package static func noLogin() -> Finding {
        .skipped(
            "login", asking,
            because:
                "no credentials: add --as FILE, with a line such as Cookie: session=…, and"
                + " --channel CHANNEL, which this user may read")
    }
}
