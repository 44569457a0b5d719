// SPDX-License-Identifier: MIT
import PasserelleDownstream
import PasserelleHub
import PasserelleWire

/// Invariants of request targets and the positions in them.
enum QueryRules {
    private static let all = try? ChannelPatterns("*")

    /// Checks that a parsed target keeps its limits, and that its path survives re-encoding.
    static func targets(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let segments = try? HTTPTarget.decodePath(text) {
            let again = "/" + segments.map(HTTPTarget.encode).joined(separator: "/")
            hold("a path survives", (try? HTTPTarget.decodePath(again)) == segments)
        }
        guard let all else { return hold("every channel has a pattern", false) }
        do throws(Refusal) {
            let request = try ReadRequest(query: text, allowed: all)
            hold("there is a channel", !request.channels.isEmpty)
            hold("channels have a bound", request.channels.count <= ReadRequest.channelLimit)
            hold("a channel stands once", Set(request.channels).count == request.channels.count)
            hold("a wait has a bound", (0...ReadRequest.longestWait).contains(request.wait ?? 0))
            hold("a limit has a bound", (1...ReadRequest.eventLimit).contains(request.limit))
        } catch {
            hold("a refusal has its status", [400, 403].contains(error.status))
        }
    }

    /// Checks that a position has only one spelling.
    static func positions(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let position = Position(text) {
            hold("a position is its text", position.text == text)
        }
        if let channel = try? ChannelName(text) {
            hold("a channel is its name", channel.text == text)
            hold("a name has no character that ends a line", !text.utf8.contains { $0 <= 0x20 })
        }
        if let pattern = try? ChannelPattern(text) { _ = pattern.matches(text) }
    }
}
