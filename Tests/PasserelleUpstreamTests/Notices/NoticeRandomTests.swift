// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleTesting
import PasserelleUpstream
import Testing

/// Random days of two channels and five users; after each step the rules are looked at.
struct NoticeRandomTests {
    private static let users = ["a", "b", "c", "d", "e"]
    private static let channels = ["presence-bail-1", "presence-bail-2"]
    private static let throttle: Duration = .seconds(60)

    /// What happened so far, for the rules.
    private final class Day {
        let scene = NoticeScene { $0.throttle = NoticeRandomTests.throttle }
        var random: SeededRandom
        var said = 0
        var deleted: Set<String> = []
        /// When a pair was last given to Inngest, as far as that took it.
        var taken: [String: (message: String, at: Duration)] = [:]
        var asked: [String] = []
        var broken: [String] = []

        init(seed: UInt64) {
            random = SeededRandom(seed: seed)
            scene.seen = NoticeRandomTests.users
        }

        func note(_ told: [String], restarted: Bool = false) {
            for line in told where line.hasPrefix("ask ") {
                asked.append(String(line.dropFirst(4)))
            }
            for (_, event) in scene.sending { look(event) }
            if scene.sending.count > NoticeConfiguration.calls { broken.append("too many calls") }
        }

        private var looked: Set<String> = []

        private func look(_ event: NoticeEvent) {
            let pair = "\(event.message.channel) \(event.recipient.userID)"
            let name = event.message.identity
            guard looked.insert("\(pair) \(name) \(scene.now)").inserted else { return }
            if let last = taken[pair], last.message != name,
                scene.now - last.at < NoticeRandomTests.throttle, calling["\(pair) \(name)"] == nil
            {
                broken.append("\(pair): \(name) \(scene.now - last.at) after \(last.message)")
            }
            if calling["\(pair) \(name)"] == nil {
                if scene.present.contains(pair) { broken.append("\(pair) is present") }
                if deleted.contains(name) { broken.append("\(name) was deleted") }
                if event.message.senderID == event.recipient.userID { broken.append("to itself") }
            }
            if calling["\(pair) \(name)"] == nil { calling["\(pair) \(name)"] = scene.now }
        }

        /// When the calls that are under way began.
        var calling: [String: Duration] = [:]

        func end(_ outcome: NoticeOutcome) {
            guard let event = scene.sending.first?.event else { return }
            let pair = "\(event.message.channel) \(event.recipient.userID)"
            calling["\(pair) \(event.message.identity)"] = nil
            switch outcome {
            case .sent, .unknown: taken[pair] = (event.message.identity, scene.now)
            case .failed, .refused: break
            }
            note(scene.end(outcome))
        }

        func step() {
            let channel = channels.randomElement(using: &random) ?? ""
            let user = users.randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<14, using: &random) {
            case 0, 1:
                said += 1
                note(scene.say("m\(said)", from: user, on: channel))
            case 2:
                let message = "m\(Int.random(in: 0...said, using: &random))"
                deleted.insert(message)
                note(scene.delete(message, on: channel))
                note(scene.delete(message, on: channels.first { $0 != channel } ?? ""))
            case 3, 4:
                let pair = "\(channel) \(user)"
                if scene.present.remove(pair) == nil { scene.present.insert(pair) }
            case 5, 6, 7: answer()
            case 8, 9: end(.sent)
            case 10:
                end(
                    Bool.random(using: &random)
                        ? .failed(.words("500")) : .unknown(.words("silence")))
            case 11: end(.refused(status: 400))
            case 12 where Int.random(in: 0..<20, using: &random) == 0:
                // What was on its way may have come through.
                for (_, event) in scene.sending {
                    let pair = "\(event.message.channel) \(event.recipient.userID)"
                    let name = event.message.identity
                    // A call has ended after ten seconds, whatever the test does with its answer.
                    let last = (calling["\(pair) \(name)"] ?? scene.now) + .seconds(10)
                    taken[pair] = (name, min(scene.now, last))
                }
                calling = [:]
                asked = []
                scene.restart(after: .milliseconds(500))
                note([])
            default:
                note(scene.pass(.milliseconds(Int.random(in: 0..<15_000, using: &random))))
            }
        }

        func answer() {
            guard !asked.isEmpty else { return }
            let channel = asked.removeFirst()
            let there = users.filter { _ in Int.random(in: 0..<6, using: &random) == 0 }
            note(scene.answer(Bool.random(using: &random) ? there : nil, on: channel))
        }

        private let users = NoticeRandomTests.users
        private let channels = NoticeRandomTests.channels
    }

    @Test(arguments: 1...16)
    func `nobody hears too often, while present, of what was deleted or of themselves`(seed: UInt64)
    {
        let day = Day(seed: seed)
        for _ in 0..<1_500 {
            day.step()
            guard day.broken.isEmpty else { break }
        }
        #expect(day.broken.isEmpty, "seed \(seed): \(day.broken)")
        // In the end all goes well, and nothing is left.
        day.scene.present = []
        for _ in 0..<4_000 where day.scene.pending > 0 {
            if !day.scene.sending.isEmpty {
                day.end(.sent)
            } else if !day.asked.isEmpty {
                day.note(day.scene.answer([], on: day.asked.removeFirst()))
            } else {
                day.note(day.scene.pass(.seconds(30)))
            }
        }
        #expect(day.scene.pending == 0 && day.scene.deadline == nil, "seed \(seed)")
        #expect(day.broken.isEmpty, "seed \(seed): \(day.broken)")
    }

    @Test(arguments: 1...20)
    func `each absent recipient gets exactly one, whatever fails on the way`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let scene = NoticeScene()
        scene.seen = (0..<20).map { "u\($0)" }
        let absent = scene.seen.filter { _ in Bool.random(using: &random) }
        scene.present = Set(
            scene.seen.filter { !absent.contains($0) }.map { "presence-bail-1 \($0)" })
        scene.say("m1", from: "x", on: "presence-bail-1")
        var told: [String] = scene.pass(.seconds(10))
        var got: [String] = []
        for _ in 0..<10_000 where scene.pending > 0 {
            if told.contains("ask presence-bail-1") {
                told = scene.answer([], on: "presence-bail-1")
            } else if let event = scene.sending.first?.event {
                if Int.random(in: 0..<3, using: &random) == 0 {
                    got.append(event.recipient.userID)
                    told = scene.end(.sent)
                } else {
                    told = scene.end(.failed(.words("500")))
                }
            } else {
                told = scene.pass(.seconds(1))
            }
        }
        #expect(got.sorted() == absent.sorted(), "seed \(seed)")
        #expect(scene.tally.sent == UInt64(absent.count))
    }
}
