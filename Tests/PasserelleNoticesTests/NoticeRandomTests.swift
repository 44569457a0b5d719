// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleTesting
import PasserelleNotices
import PasserelleUpstream
import Testing

/// Random sequences with two channels and five users; each step is checked against the rules.
struct NoticeRandomTests {
    private static let users = ["a", "b", "c", "d", "e"]
    private static let channels = ["presence-bail-1", "presence-bail-2"]
    private static let throttle: Duration = .seconds(60)

    /// The state needed by the rules.
    private final class Scenario {
        let fixture = NoticePlannerFixture { $0.throttle = NoticeRandomTests.throttle }
        var random: SeededRandom
        var published = 0
        var deleted: Set<String> = []
        /// The last time a notice of the pair was, or may have been, accepted by Inngest.
        var taken: [String: (message: String, at: Duration)] = [:]
        var asked: [String] = []
        var broken: [String] = []

        init(seed: UInt64) {
            random = SeededRandom(seed: seed)
            fixture.seen = NoticeRandomTests.users
        }

        func note(_ output: [String], restarted: Bool = false) {
            for line in output where line.hasPrefix("ask ") {
                asked.append(String(line.dropFirst(4)))
            }
            for (_, event) in fixture.sending { look(event) }
            if fixture.sending.count > NoticeConfiguration.calls { broken.append("too many calls") }
        }

        private var looked: Set<String> = []

        private func look(_ event: NoticeEvent) {
            let pair = "\(event.message.channel) \(event.recipient.userID)"
            let name = event.message.identity
            guard looked.insert("\(pair) \(name) \(fixture.now)").inserted else { return }
            if let last = taken[pair], last.message != name,
                fixture.now - last.at < NoticeRandomTests.throttle,
                calling["\(pair) \(name)"] == nil
            {
                broken.append("\(pair): \(name) \(fixture.now - last.at) after \(last.message)")
            }
            if calling["\(pair) \(name)"] == nil {
                if fixture.present.contains(pair) { broken.append("\(pair) is present") }
                if deleted.contains(name) { broken.append("\(name) was deleted") }
                if event.message.senderID == event.recipient.userID { broken.append("to itself") }
            }
            if calling["\(pair) \(name)"] == nil { calling["\(pair) \(name)"] = fixture.now }
        }

        /// The start times of the calls in flight.
        var calling: [String: Duration] = [:]

        func end(_ outcome: NoticeOutcome) {
            guard let event = fixture.sending.first?.event else { return }
            let pair = "\(event.message.channel) \(event.recipient.userID)"
            calling["\(pair) \(event.message.identity)"] = nil
            switch outcome {
            case .sent, .unknown: taken[pair] = (event.message.identity, fixture.now)
            case .failed, .refused: break
            }
            note(fixture.end(outcome))
        }

        func step() {
            let channel = channels.randomElement(using: &random) ?? ""
            let user = users.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<14, using: &random) {
            case 0, 1:
                published += 1
                note(fixture.publish("m\(published)", from: user, on: channel))
            case 2:
                let message = "m\(Int.random(in: 0...published, using: &random))"
                deleted.insert(message)
                note(fixture.delete(message, on: channel))
                note(fixture.delete(message, on: channels.first { $0 != channel } ?? ""))
            case 3, 4:
                let pair = "\(channel) \(user)"
                if fixture.present.remove(pair) == nil { fixture.present.insert(pair) }
            case 5, 6, 7: answer()
            case 8, 9: end(.sent)
            case 10:
                end(
                    Bool.random(using: &random)
                        ? .failed(.words("500")) : .unknown(.words("silence")))
            case 11: end(.refused(status: 400))
            case 12 where Int.random(in: 0..<20, using: &random) == 0:
                // The calls in flight may have succeeded.
                for (_, event) in fixture.sending {
                    let pair = "\(event.message.channel) \(event.recipient.userID)"
                    let name = event.message.identity
                    // A call ends after ten seconds, even if the test answers it later.
                    let last = (calling["\(pair) \(name)"] ?? fixture.now) + .seconds(10)
                    taken[pair] = (name, min(fixture.now, last))
                }
                calling = [:]
                asked = []
                fixture.restart(after: .milliseconds(500))
                note([])
            default:
                note(fixture.pass(.milliseconds(Int.random(in: 0..<15_000, using: &random))))
            }
        }

        func answer() {
            guard !asked.isEmpty else { return }
            let channel = asked.removeFirst()
            let there = users.filter { _ in Int.random(in: 0..<6, using: &random) == 0 }
            note(fixture.answer(Bool.random(using: &random) ? there : nil, on: channel))
        }

        private let users = NoticeRandomTests.users
        private let channels = NoticeRandomTests.channels
    }

    @Test(arguments: 1...16)
    func `no user is notified too often, while present, of retracted or own messages`(seed: UInt64)
    {
        let scenario = Scenario(seed: seed)
        for _ in 0..<1_500 {
            scenario.step()
            guard scenario.broken.isEmpty else { break }
        }
        #expect(scenario.broken.isEmpty, "seed \(seed): \(scenario.broken)")
        // Finally all calls succeed, and no state is left.
        scenario.fixture.present = []
        for _ in 0..<4_000 where scenario.fixture.pending > 0 {
            if !scenario.fixture.sending.isEmpty {
                scenario.end(.sent)
            } else if !scenario.asked.isEmpty {
                scenario.note(scenario.fixture.answer([], on: scenario.asked.removeFirst()))
            } else {
                scenario.note(scenario.fixture.pass(.seconds(30)))
            }
        }
        #expect(scenario.fixture.pending == 0 && scenario.fixture.deadline == nil, "seed \(seed)")
        #expect(scenario.broken.isEmpty, "seed \(seed): \(scenario.broken)")
    }

    @Test(arguments: 1...20)
    func `each absent recipient gets exactly one notice despite failures`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let fixture = NoticePlannerFixture()
        fixture.seen = (0..<20).map { "u\($0)" }
        let absent = fixture.seen.filter { _ in Bool.random(using: &random) }
        fixture.present = Set(
            fixture.seen.filter { !absent.contains($0) }.map { "presence-bail-1 \($0)" })
        fixture.publish("m1", from: "x", on: "presence-bail-1")
        var output: [String] = fixture.pass(.seconds(10))
        var got: [String] = []
        for _ in 0..<10_000 where fixture.pending > 0 {
            if output.contains("ask presence-bail-1") {
                output = fixture.answer([], on: "presence-bail-1")
            } else if let event = fixture.sending.first?.event {
                if Int.random(in: 0..<3, using: &random) == 0 {
                    got.append(event.recipient.userID)
                    output = fixture.end(.sent)
                } else {
                    output = fixture.end(.failed(.words("500")))
                }
            } else {
                output = fixture.pass(.seconds(1))
            }
        }
        #expect(got.sorted() == absent.sorted(), "seed \(seed)")
        #expect(fixture.tally.sent == UInt64(absent.count))
    }
}
