// SPDX-License-Identifier: MIT
import PasserelleHub
@testable import PasserelleNotices
import PasserelleUpstream
import PasserelleWire

/// A planner with simulated surroundings, and a clock that the test advances.
final class NoticePlannerFixture {
    static let channel = "presence-bail-42"
    /// The wall clock at the start of the test, in milliseconds.
    static let beginning: Int64 = 1_772_442_000_000

    var configuration = NoticeConfiguration()
    private(set) var planner: NoticePlanner
    /// The hub's members, as `channel user`.
    var present: Set<String> {
        get { fixture.present }
        set { fixture.present = newValue }
    }
    var isSubscribed: Bool {
        get { fixture.isSubscribed }
        set { fixture.isSubscribed = newValue }
    }
    var seen: [String] {
        get { fixture.seen }
        set { fixture.seen = newValue }
    }
    var now: Duration = .seconds(1_000)
    /// The records stored by the planner, and the calls in flight.
    private(set) var kept: [NoticeRecord] = []
    private(set) var sending: [(number: Int, event: NoticeEvent)] = []
    private let fixture = PlannerInputs()

    private final class PlannerInputs {
        var present: Set<String> = []
        var isSubscribed = true
        var seen = ["ann", "bob", "eve"]
    }

    init(_ adjust: (inout NoticeConfiguration) -> Void = { _ in }) {
        adjust(&configuration)
        planner = Self.planner(configuration, fixture)
    }

    private static func planner(
        _ configuration: NoticeConfiguration, _ fixture: PlannerInputs
    ) -> NoticePlanner {
        NoticePlanner(
            configuration,
            lookup: NoticePlanner.Lookup(
                isPresent: { fixture.present.contains("\($0.channel) \($0.userID)") },
                isSubscribed: { _ in fixture.isSubscribed },
                seen: { _ in fixture.seen.map { Member(userID: $0, userInfo: nil) } })
        ) { 1 }
    }

    var moment: Moment {
        let passed = Int64((now - .seconds(1_000)) / .milliseconds(1))
        return Moment(steady: now, wall: WallTime(milliseconds: Self.beginning + passed))
    }

    var tally: NoticeCounters { planner.tally }
    var pending: Int { planner.pending }
    var deadline: Duration? { planner.deadline }

    /// Delivers a message, by default from bob.
    @discardableResult
    func publish(
        _ id: String, from sender: String? = "bob", to: String? = nil, on channel: String = channel
    ) -> [String] {
        let senderID = sender.map { #""senderId":"\#($0)","# } ?? ""
        let recipients = to.map { #""to":\#($0),"# } ?? ""
        return publish(
            data: #"{"message":{"id":"\#(id)",\#(senderID)\#(recipients)"content":"hello"}}"#,
            on: channel)
    }

    @discardableResult
    func publish(data: String, on channel: String = channel, userID: String? = nil) -> [String] {
        let rule = RetractionRule(
            event: "message-deleted", path: ["messageId"], target: "new-message",
            targetPath: ["message", "id"])
        let keys = RetractionRule.keys(event: "new-message", data: Array(data.utf8), rules: [rule])
        let (message, flaw) = NoticeMessage.read(
            channel: channel, data: Array(data.utf8), userID: userID, key: keys.own,
            configuration: configuration, at: moment.wall)
        let output = flaw.map { take(planner.flawed($0, on: channel, at: moment)) } ?? []
        return output + take(planner.received(message, at: moment))
    }

    @discardableResult
    func delete(_ id: String, on channel: String = channel) -> [String] {
        take(planner.retracted("new-message " + id, on: channel, at: moment))
    }

    /// Advances the clock, in steps from deadline to deadline.
    @discardableResult
    func pass(_ time: Duration) -> [String] {
        let end = now + time
        var output: [String] = []
        while let deadline, deadline <= end {
            now = max(now, deadline)
            output += take(planner.timePassed(at: moment))
        }
        now = end
        return output
    }

    /// Answers with the present users, as Channels does; `nil`: no answer.
    @discardableResult
    func answer(_ users: [String]?, on channel: String = channel) -> [String] {
        take(planner.answered(channel, users: users, at: moment))
    }

    /// Ends the oldest call to Inngest.
    @discardableResult
    func end(_ outcome: NoticeOutcome) -> [String] {
        guard !sending.isEmpty else { return ["no call is in flight"] }
        return take(planner.ended(sending.removeFirst().number, outcome, at: moment))
    }

    /// Lets the delay pass, with no user present, and every call succeed.
    @discardableResult
    func deliver() -> [String] {
        var output = pass(configuration.delay)
        if output.contains("ask \(Self.channel)") { output += answer([]) }
        while !sending.isEmpty { output += end(.sent) }
        return output
    }

    /// Restarts the planner with its records, at a later time on both clocks.
    func restart(
        after time: Duration = .zero, wallStepsBack: Bool = false, rewrites: Bool = false
    ) {
        if rewrites { kept = planner.records(at: moment) }
        now += time
        sending = []
        planner = Self.planner(configuration, fixture)
        let lines = kept.flatMap(\.line)
        if wallStepsBack { now = .seconds(1) }
        planner.restored(NoticeRecord.read(lines).records, at: moment)
    }

    /// Returns actions as `ask c`, `send m>user`, `note …`; collects stored records in `kept`.
    private func take(_ actions: [NoticePlanner.Action]) -> [String] {
        var output: [String] = []
        for action in actions {
            switch action {
            case .ask(let channel): output.append("ask \(channel)")
            case .keep(let record): kept.append(record)
            case .erase: output.append("erase")
            case .send(let number, let event):
                sending.append((number, event))
                output.append("send \(event.message.id ?? "-")>\(event.recipient.userID)")
            case .note(let note, let alike): output.append("note \(note) +\(alike)")
            }
        }
        return output
    }
}
