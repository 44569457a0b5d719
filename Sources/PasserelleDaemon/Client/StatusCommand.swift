// SPDX-License-Identifier: MIT

import PasserelleWire

/// `passerelle status`: prints how the gateway is.
package struct StatusCommand {
    /// Whether the gateway's answer is printed as it is.
    package var isJSON = false

    /// The command.
    package init() {}

    /// Asks the gateway whose socket is at `path`, and gives the process's exit code.
    package func run(path: String, streams: ClientStreams) -> Int32 {
        Question(.status).run(path: path, streams: streams) { answer in
            isJSON ? String(decoding: answer, as: UTF8.self) : Self.table(answer)
        }
    }

    /// Every value of the answer behind its dotted name, whatever the answer's shape.
    static func table(_ answer: [UInt8]) -> String {
        guard let root = try? JSONScanner.document(answer.span) else {
            return String(decoding: answer, as: UTF8.self)
        }
        var rows: [[String]] = []
        flatten(answer, root, name: "", into: &rows)
        return TextTable.text(rows)
    }

    /// As deep as `JSONScanner.maximumDepth` at most, which the scanner has checked.
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
