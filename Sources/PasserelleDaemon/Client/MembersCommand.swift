// SPDX-License-Identifier: MIT

import PasserelleWire

/// `passerelle members`: prints who is in a channel.
package struct MembersCommand {
    /// The channel.
    package var channel: String
    /// Whether the gateway's answer is printed as it is.
    package var isJSON = false

    /// The command on `channel`.
    package init(channel: String) {
        self.channel = channel
    }

    /// Asks the gateway whose socket is at `path`, and gives the process's exit code.
    package func run(path: String, streams: ClientStreams) -> Int32 {
        Question(.members(channel: channel)).run(path: path, streams: streams) { answer in
            isJSON ? String(decoding: answer, as: UTF8.self) : table(answer)
        }
    }

    private func table(_ answer: [UInt8]) -> String {
        let span = answer.span
        guard let root = try? JSONScanner.document(span),
            let list = JSONScanner.member(span, of: root, named: "members")
        else { return String(decoding: answer, as: UTF8.self) }
        var rows = [["USER", "VIA", "INFO"]]
        for member in JSONScanner.elements(span, of: list) {
            rows.append([
                column(answer, member, "user_id"), via(answer, member),
                column(answer, member, "user_info"),
            ])
        }
        guard rows.count > 1 else { return "nobody is in \(channel)" }
        return TextTable.text(rows)
    }

    private func column(_ answer: [UInt8], _ member: JSONSlice, _ name: String) -> String {
        let value = JSONScanner.member(answer.span, of: member, named: name)
        return value.map { EventText.text(answer, $0) } ?? "-"
    }

    private func via(_ answer: [UInt8], _ member: JSONSlice) -> String {
        guard let list = JSONScanner.member(answer.span, of: member, named: "via") else {
            return "-"
        }
        let words = JSONScanner.elements(answer.span, of: list).map { EventText.text(answer, $0) }
        return words.isEmpty ? "-" : words.joined(separator: ",")
    }
}
