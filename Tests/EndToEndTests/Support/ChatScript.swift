// SPDX-License-Identifier: MIT
import FoundationEssentials
import PasserelleTesting
import PasserelleWire

/// `Tests/Fixtures/chat-script.jsonl`: one channel, with events in the shapes of a real
/// chat.
struct ChatScript {
    /// One step of the script.
    enum Step {
        case join(userID: String, info: String)
        case leave(userID: String)
        /// A client event of a present user; `data` is JSON as written in the file.
        case send(userID: String, event: String, data: String)
        /// A server event.
        case publish(event: String, data: String)
    }

    let channel: String
    let steps: [Step]

    init() throws {
        let path = Subprocess.packageDirectory + "/Tests/Fixtures/chat-script.jsonl"
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        var steps: [Step] = []
        var channel = ""
        for line in text.split(separator: "\n") {
            let json = try JSONText(Array(line.utf8))
            channel = try json.string(["channel"])
            steps += try Self.steps(json)
        }
        self.steps = steps
        self.channel = channel
    }

    private static func steps(_ json: JSONText) throws -> [Step] {
        let event = try json.string(["event"])
        let data = try json.raw(["data"])
        switch event {
        case "pusher_internal:subscription_succeeded":
            return try json.members(["data", "presence", "hash"]).sorted { $0.key < $1.key }
                .map { .join(userID: $0.key, info: $0.value) }
        case "pusher_internal:member_added":
            return [
                .join(
                    userID: try json.string(["data", "user_id"]),
                    info: try json.raw(["data", "user_info"]))
            ]
        case "pusher_internal:member_removed":
            return [.leave(userID: try json.string(["data", "user_id"]))]
        case _ where event.hasPrefix("client-"):
            return [.send(userID: try json.string(["user_id"]), event: event, data: data)]
        default: return [.publish(event: event, data: data)]
        }
    }
}
