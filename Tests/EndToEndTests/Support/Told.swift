// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleWire

/// One event object as a surface told it: `data` is the JSON text as it came, not what it means.
struct Told: Equatable, CustomStringConvertible {
    let id: String
    let time: String
    let channel: String
    let event: String
    let data: String
    let userID: String?

    /// Reads an object of design §2, whose members are these and no others, in this order.
    init(_ bytes: [UInt8]) throws {
        let json = try JSONText(bytes)
        let names = json.names
        guard
            names == ["id", "time", "channel", "event", "data"]
                || names == ["id", "time", "channel", "event", "data", "user_id"]
        else { throw TestFailure("no event object: \(json.text)") }
        id = try json.string(["id"])
        time = try json.string(["time"])
        channel = try json.string(["channel"])
        event = try json.string(["event"])
        data = try json.raw(["data"])
        userID = try? json.string(["user_id"])
    }

    /// The number behind the position's last hyphen: only for tests of order.
    var sequence: Int { Int(id.split(separator: "-").last ?? "") ?? -1 }

    var isGap: Bool { event == "passerelle:gap" }

    /// True for members' comings and goings.
    var isMemberChange: Bool { event.hasPrefix("pusher:member_") }

    /// The event's name, what it said and who said it: what must be the same on every surface.
    var said: String { "\(event) \(data) \(userID ?? "-")" }

    var description: String { "\(id) \(event) \(data.prefix(80))" }
}

/// Who is there, as one reader of one channel is told it.
struct Roll {
    private(set) var users: Set<String> = []
    /// Changes that changed nothing: told once too often.
    private(set) var repeated: [Told] = []

    /// Takes a list of members, which stands for every change before it.
    mutating func take(_ snapshot: Set<String>) { users = snapshot }

    /// Takes a member's coming or going, and passes over anything else.
    mutating func take(_ event: Told) throws {
        guard event.isMemberChange else { return }
        let user = try JSONText(Array(event.data.utf8)).string(["user_id"])
        let isNews =
            event.event == "pusher:member_added"
            ? users.insert(user).inserted : users.remove(user) != nil
        if !isNews { repeated.append(event) }
    }
}

/// A surface that a test listens to.
protocol Ear: AnyObject {
    /// What it is called in failures.
    var name: String { get }
    /// Every event object that it told, snapshots left out, in order.
    var told: [Told] { get }
}

extension Ear {
    /// What it told of a channel, without what stands between the application's events.
    func told(on channel: String) -> [Told] {
        told.filter { $0.channel == channel }
    }

    /// What was typed, and by whom the surface says that it was.
    var typing: [String] {
        told.filter { $0.event == "client-typing" }.map { "\($0.userID ?? "-") \($0.data)" }
    }

    func hasHeard(_ name: String) -> Bool { told.contains { $0.event == name } }
}
