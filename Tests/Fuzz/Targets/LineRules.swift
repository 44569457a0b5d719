// SPDX-License-Identifier: MIT
import PasserelleWire

/// Invariants of the line protocol for any line.
enum LineRules {
    private static let limit = 512

    /// Checks that lines are split the same in any pieces and keep their limit, and that a valid
    /// command or reply survives re-encoding as one line.
    static func lines(_ bytes: [UInt8]) {
        let whole = split([bytes])
        hold("lines do not depend on how they are cut", whole == split(Pieces(bytes).map { $0 }))
        for line in whole {
            guard let line else { continue }
            hold("a line is within its limit", line.count <= limit)
            command(line)
            reply(line)
        }
    }

    private static func command(_ line: [UInt8]) {
        do throws(LineError) {
            let command = try LineCommand.parse(line.span)
            let again = command.encoded()
            let bare = Array(again.dropLast())
            hold("a command is one line", again.last == 10 && !bare.contains(10))
            hold("a command survives", (try? LineCommand.parse(bare.span)) == command)
        } catch {
            hold("a refusal is one line", !error.message.utf8.contains { $0 < 0x20 })
        }
    }

    private static func reply(_ line: [UInt8]) {
        guard let reply = try? LineReply.parse(line.span) else { return }
        let again = reply.encoded()
        let bare = Array(again.dropLast())
        hold("a reply is one line", again.last == 10 && !bare.contains(10))
        hold("a reply survives", (try? LineReply.parse(bare.span)) == reply)
    }

    /// Returns the lines; `nil` for a line that was too long.
    private static func split(_ pieces: [[UInt8]]) -> [[UInt8]?] {
        var splitter = LineSplitter(limit: limit)
        var lines: [[UInt8]?] = []
        for piece in pieces {
            splitter.append(piece.span)
            var isEmpty = false
            while !isEmpty {
                do throws(LineError) {
                    if let line = try splitter.next() { lines.append(line) } else { isEmpty = true }
                } catch {
                    lines.append(nil)
                }
            }
        }
        return lines
    }
}
