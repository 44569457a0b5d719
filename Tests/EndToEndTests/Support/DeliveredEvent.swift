// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleWire

/// One event object as a surface delivered it: `data` is the JSON text as received, not decoded.
struct DeliveredEvent: Equatable, CustomStringConvertible {
    let id: String
    let time: String
    let channel: String
    let event: String
    let data: String
    let userID: String?

    /// Reads an event object, which must have exactly these members in this order.
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

    /// The number after the position's last hyphen.
    ///
    /// Only tests of order may use it.
    var sequence: Int { Int(id.split(separator: "-").last ?? "") ?? -1 }

    var isGap: Bool { event == "passerelle:gap" }

    /// True if the event announces a member's arrival or departure.
    var isMemberChange: Bool { event.hasPrefix("pusher:member_") }

    /// The event's name, data and user, which must be equal on every surface.
    var published: String { "\(event) \(data) \(userID ?? "-")" }

    var description: String { "\(id) \(event) \(data.prefix(80))" }
}

/// The members of one channel as one reader receives them.
struct MemberSet {
    private(set) var users: Set<String> = []
    /// Changes without an effect, which were delivered once too often.
    private(set) var repeated: [DeliveredEvent] = []

    /// Replaces the members by a snapshot, which covers every change before it.
    mutating func take(_ snapshot: Set<String>) { users = snapshot }

    /// Applies a member's arrival or departure; other events are ignored.
    mutating func take(_ event: DeliveredEvent) throws {
        guard event.isMemberChange else { return }
        let user = try JSONText(Array(event.data.utf8)).string(["user_id"])
        let isNew =
            event.event == "pusher:member_added"
            ? users.insert(user).inserted : users.remove(user) != nil
        if !isNew { repeated.append(event) }
    }
}

/// A client of one surface.
protocol SurfaceClient: AnyObject {
    /// Its name in failures.
    var name: String { get }
    /// Every event object received, without snapshots, in order.
    var delivered: [DeliveredEvent] { get }
}

extension SurfaceClient {
    /// The events received on a channel, without the gateway's events between them.
    func delivered(on channel: String) -> [DeliveredEvent] {
        delivered.filter { $0.channel == channel }
    }

    /// The typing events received, each with its user.
    var typing: [String] {
        delivered.filter { $0.event == "client-typing" }.map { "\($0.userID ?? "-") \($0.data)" }
    }

    func hasReceived(_ name: String) -> Bool { delivered.contains { $0.event == name } }

    /// The number of gaps on a channel.
    func gaps(on channel: String) -> Int { delivered(on: channel).count { $0.isGap } }

    /// The numbers of the numbered events on a channel, in order.
    func numbers(on channel: String) -> [Int] { delivered(on: channel).compactMap(\.number) }
}

extension DeliveredEvent {
    /// The number of a numbered event.
    var number: Int? {
        guard data.hasPrefix("{\"n\":") else { return nil }
        return Int(data.dropFirst(5).dropLast())
    }
}
