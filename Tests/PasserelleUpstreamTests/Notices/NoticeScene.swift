// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleUpstream
import PasserelleWire

/// A planner with the world around it, and a clock that a test turns.
final class NoticeScene {
    static let channel = "presence-bail-42"
    /// The wall's clock at the scene's beginning, in milliseconds.
    static let beginning: Int64 = 1_772_442_000_000

    var configuration = NoticeConfiguration()
    private(set) var planner: NoticePlanner
    /// The hub's members, as `channel user`.
    var present: Set<String> {
        get { world.present }
        set { world.present = newValue }
    }
    var isHeard: Bool {
        get { world.isHeard }
        set { world.isHeard = newValue }
    }
    var seen: [String] {
        get { world.seen }
        set { world.seen = newValue }
    }
    var now: Duration = .seconds(1_000)
    /// What the planner had kept, and what is on its way.
    private(set) var kept: [NoticeRecord] = []
    private(set) var sending: [(number: Int, event: NoticeEvent)] = []
    private let world = World()

    private final class World {
        var present: Set<String> = []
        var isHeard = true
        var seen = ["ann", "bob", "eve"]
    }

    init(_ adjust: (inout NoticeConfiguration) -> Void = { _ in }) {
        adjust(&configuration)
        planner = Self.planner(configuration, world)
    }

    private static func planner(
        _ configuration: NoticeConfiguration, _ world: World
    ) -> NoticePlanner {
        NoticePlanner(
            configuration,
            sight: NoticePlanner.Sight(
                isPresent: { world.present.contains("\($0.channel) \($0.userID)") },
                isHeard: { _ in world.isHeard },
                seen: { _ in world.seen.map { Member(userID: $0, userInfo: nil) } })
        ) { 1 }
    }

    var moment: Moment {
        let passed = Int64((now - .seconds(1_000)) / .milliseconds(1))
        return Moment(steady: now, wall: WallTime(milliseconds: Self.beginning + passed))
    }

    var tally: NoticeTally { planner.tally }
    var pending: Int { planner.pending }
    var deadline: Duration? { planner.deadline }

    /// A message comes, by default from bob.
    @discardableResult
    func say(
        _ id: String, from sender: String? = "bob", to: String? = nil, on channel: String = channel
    ) -> [String] {
        let senderID = sender.map { #""senderId":"\#($0)","# } ?? ""
        let recipients = to.map { #""to":\#($0),"# } ?? ""
        return say(
            data: #"{"message":{"id":"\#(id)",\#(senderID)\#(recipients)"content":"hello"}}"#,
            on: channel)
    }

    @discardableResult
    func say(data: String, on channel: String = channel, userID: String? = nil) -> [String] {
        let rule = Retraction(
            event: "message-deleted", path: ["messageId"], target: "new-message",
            targetPath: ["message", "id"])
        let keys = Retraction.keys(event: "new-message", data: Array(data.utf8), rules: [rule])
        let (message, flaw) = NoticeMessage.read(
            channel: channel, data: Array(data.utf8), userID: userID, key: keys.own,
            configuration: configuration, at: moment.wall)
        let told = flaw.map { take(planner.flawed($0, on: channel, at: moment)) } ?? []
        return told + take(planner.heard(message, at: moment))
    }

    @discardableResult
    func delete(_ id: String, on channel: String = channel) -> [String] {
        take(planner.retracted("new-message " + id, on: channel, at: moment))
    }

    /// Time passes, in steps to each deadline on the way.
    @discardableResult
    func pass(_ time: Duration) -> [String] {
        let end = now + time
        var told: [String] = []
        while let deadline, deadline <= end {
            now = max(now, deadline)
            told += take(planner.timePassed(at: moment))
        }
        now = end
        return told
    }

    /// Channels answers who is there; nil: it does not.
    @discardableResult
    func answer(_ users: [String]?, on channel: String = channel) -> [String] {
        take(planner.answered(channel, users: users, at: moment))
    }

    /// Inngest answers the oldest call.
    @discardableResult
    func end(_ outcome: NoticeOutcome) -> [String] {
        guard !sending.isEmpty else { return ["nothing is on its way"] }
        return take(planner.ended(sending.removeFirst().number, outcome, at: moment))
    }

    /// The delay passes, Channels says that nobody is there, and everybody is sent.
    @discardableResult
    func deliver() -> [String] {
        var told = pass(configuration.delay)
        if told.contains("ask \(Self.channel)") { told += answer([]) }
        while !sending.isEmpty { told += end(.sent) }
        return told
    }

    /// The process begins anew with what was kept, so much later on both clocks.
    func restart(
        after time: Duration = .zero, wallStepsBack: Bool = false, rewrites: Bool = false
    ) {
        if rewrites { kept = planner.records(at: moment) }
        now += time
        sending = []
        planner = Self.planner(configuration, world)
        let lines = kept.flatMap(\.line)
        if wallStepsBack { now = .seconds(1) }
        planner.restored(NoticeRecord.read(lines).records, at: moment)
    }

    /// `ask c`, `send m>user`, `note …`; what is kept is gathered apart.
    private func take(_ actions: [NoticePlanner.Action]) -> [String] {
        var told: [String] = []
        for action in actions {
            switch action {
            case .ask(let channel): told.append("ask \(channel)")
            case .keep(let record): kept.append(record)
            case .erase: told.append("erase")
            case .send(let number, let event):
                sending.append((number, event))
                told.append("send \(event.message.id ?? "-")>\(event.recipient.userID)")
            case .note(let note, let alike): told.append("note \(note) +\(alike)")
            }
        }
        return told
    }
}
