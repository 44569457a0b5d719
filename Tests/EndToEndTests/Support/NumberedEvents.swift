// SPDX-License-Identifier: MIT
import PasserelleTesting

/// Publishes numbered events through REST, one after the other and in turn on several channels,
/// while the test does something else.
final class NumberedEvents {
    /// The largest number of open requests.
    static let window = 4

    let channels: [String]
    /// The number of the last event sent, counted over all channels.
    private(set) var begun = 0
    /// The number of events that the sandbox accepted.
    private(set) var taken = 0
    /// The statuses of the refused events.
    private(set) var refusals: [Int] = []
    private let sandbox: SandboxProcess
    private var goal = 0

    init(_ sandbox: SandboxProcess, _ channels: [String]) {
        self.sandbox = sandbox
        self.channels = channels
    }

    /// Publishes until `goal` events are sent; returns at once.
    func publish(to goal: Int) {
        self.goal = goal
        pump()
    }

    /// Sends no further event and waits for the answers to the open requests.
    func pause() throws {
        goal = begun
        try finish()
    }

    /// Waits until all requested events are accepted.
    func finish() throws {
        try sandbox.fixture.wait(for: "\(goal) events to be taken, after \(taken)") {
            taken + refusals.count >= goal
        }
        guard refusals.isEmpty else { throw TestFailure("refused with \(refusals)") }
    }

    /// The number of the channel's newest event; each channel counts from 1.
    func count(on channel: String) -> Int {
        guard let index = channels.firstIndex(of: channel) else { return 0 }
        return (begun + channels.count - 1 - index) / channels.count
    }

    private func pump() {
        while begun < goal, begun - taken - refusals.count < Self.window {
            let channel = channels[begun % channels.count]
            let number = begun / channels.count + 1
            begun += 1
            sandbox.publish(channel, "new-message", "{\"n\":\(number)}") { [weak self] status in
                guard let self else { return }
                if status == 200 { self.taken += 1 } else { self.refusals.append(status) }
                self.pump()
            }
        }
    }
}
