// SPDX-License-Identifier: MIT
import PasserelleTesting

/// Numbered events, published one after the other through REST, round and round several channels,
/// while the test does something else.
final class NumberedEvents {
    /// Requests that are under way at a time.
    static let window = 4

    let channels: [String]
    /// The number of the last event that was begun, on all channels together.
    private(set) var begun = 0
    /// How many were taken by the sandbox.
    private(set) var taken = 0
    /// The statuses of those that were not.
    private(set) var refusals: [Int] = []
    private let sandbox: SandboxProcess
    private var goal = 0

    init(_ sandbox: SandboxProcess, _ channels: [String]) {
        self.sandbox = sandbox
        self.channels = channels
    }

    /// Publishes on until so many are begun; gives back at once.
    func publish(to goal: Int) {
        self.goal = goal
        pump()
    }

    /// Begins no further event; waits for the answers to those that are under way.
    func pause() throws {
        goal = begun
        try finish()
    }

    /// Waits until all that were asked for are taken.
    func finish() throws {
        try sandbox.stage.wait(for: "\(goal) events to be taken, after \(taken)") {
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
