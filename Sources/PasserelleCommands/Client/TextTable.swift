// SPDX-License-Identifier: MIT

import PasserelleWire

/// Formats rows as columns.
package enum TextTable {
    /// Returns the rows, one per line, with two spaces between columns.
    package static func text(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { index, cell in
                let isLast = index == row.count - 1
                return isLast
                    ? cell : cell + String(repeating: " ", count: widths[index] - cell.count + 2)
            }.joined()
        }.joined(separator: "\n")
    }

    /// Returns the members of a channel, as the gateway's answer lists them.
    static func members(of channel: String, in answer: [UInt8]) -> String {
        guard let members = JSONObject(answer)?.objects("members") else {
            return String(decoding: answer, as: UTF8.self)
        }
        guard !members.isEmpty else { return "\(channel) has no members" }
        let rows = members.map { member in
            let via = (member.texts("via") ?? []).joined(separator: ",")
            return [
                EventText.member("user_id", of: member) ?? "-",
                via.isEmpty ? "-" : EventText.shown(via),
                EventText.member("user_info", of: member) ?? "-",
            ]
        }
        return text([["USER", "VIA", "INFO"]] + rows)
    }

    /// Returns every value of a status answer with its dotted name, for an answer of any shape.
    static func status(_ answer: [UInt8]) -> String {
        guard let root = try? JSONScanner.document(answer.span) else {
            return String(decoding: answer, as: UTF8.self)
        }
        var rows: [[String]] = []
        flatten(answer, root, name: "", into: &rows)
        return text(rows)
    }

    /// Recurses to `JSONScanner.maximumDepth` at most, which the scanner has checked.
    private static func flatten(
        _ json: [UInt8], _ value: JSONSlice, name: String, into rows: inout [[String]]
    ) {
        let prefix = name.isEmpty ? "" : name + "."
        switch value.kind {
        case .object:
            for (key, member) in JSONScanner.members(json.span, of: value) {
                flatten(json, member, name: prefix + EventText.text(json, key), into: &rows)
            }
        case .array:
            for (index, element) in JSONScanner.elements(json.span, of: value).enumerated() {
                flatten(json, element, name: prefix + "\(index)", into: &rows)
            }
        default: rows.append([name, EventText.text(json, value)])
        }
    }
}
