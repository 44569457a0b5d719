// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Decides for a new process how it takes over from the running one; see `HandoverOffer`.
package struct HandoverReceipt {
    /// An action to perform, in order.
    package enum Action: Equatable {
        case send(HandoverMessage)
        /// Keep the message's descriptor for a listener.
        case adopt(name: String, file: String?)
        /// Subscribe to channels.
        case want([String])
        /// Keep a part of the state, with the message's descriptor if it has one.
        case keep(HandoverPart, [UInt8])
        /// Build the gateway from the state, then call `built` or `failed`.
        case build
        /// Serve: from now on this process owns the readers.
        case serve
        /// End this process; it has touched no reader.
        case end(String)
    }

    /// The longest state in bytes.
    package static let stateBytes = 2 << 30
    /// The longest time between the start and the state.
    package static let longestPreparation: Duration = .seconds(90)
    /// The interval of `alive`.
    package static let interval: Duration = .seconds(1)

    private enum Phase { case greeting, preparing, building, awaitingGo, serving, over }

    private var phase = Phase.greeting
    private var since: Duration
    private var lastSent: Duration
    private var bytes = 0
    private let program: String

    /// Begins; `program` is this program's version.
    package init(program: String, now: Duration) {
        self.program = program
        since = now
        lastSent = now
    }

    /// True from `go` on.
    package var isServing: Bool { phase == .serving }

    /// The time at which `timePassed` must be called; `nil` if no timer runs.
    package var deadline: Duration? {
        switch phase {
        case .greeting, .awaitingGo: since + HandoverOffer.patience
        case .preparing: min(lastSent + Self.interval, since + Self.longestPreparation)
        case .building, .serving, .over: nil
        }
    }

    /// Handles a message of the running process.
    package mutating func received(_ message: HandoverMessage, now: Duration) -> [Action] {
        switch (phase, message) {
        case (.over, _): return []
        case (.greeting, .hello(HandoverMessage.version, _)):
            (phase, since, lastSent) = (.preparing, now, now)
            return [.send(.hello(version: HandoverMessage.version, program: program))]
        case (.greeting, .hello(let version, _)):
            // The running process logs the difference.
            phase = .over
            return [
                .send(.hello(version: HandoverMessage.version, program: program)),
                .end("the running process uses version \(version) of the hand-over"),
            ]
        case (.preparing, .listener(let name, let file)): return [.adopt(name: name, file: file)]
        case (.preparing, .wanted(let channels)): return [.want(channels)]
        case (.preparing, .part(let part, let payload)):
            bytes += payload.count
            guard bytes <= Self.stateBytes else { return giveUp("the state is too large") }
            return [.keep(part, payload)]
        case (.preparing, .complete):
            phase = .building
            return [.build]
        case (.awaitingGo, .go):
            phase = .serving
            return [.serve]
        case (.serving, _): return []
        default: return giveUp("the running process sends a message out of turn")
        }
    }

    /// Reports a change of this process's connection to Channels, or answers of Channels.
    package mutating func report(_ message: HandoverMessage, now: Duration) -> [Action] {
        guard phase == .preparing else { return [] }
        lastSent = now
        return [.send(message)]
    }

    /// The gateway is built.
    package mutating func built(now: Duration) -> [Action] {
        guard phase == .building else { return [] }
        (phase, since) = (.awaitingGo, now)
        return [.send(.taken)]
    }

    /// Handles a failure here, the end of the running process, or bytes that are no message.
    package mutating func failed(_ reason: String) -> [Action] {
        phase == .serving || phase == .over ? [] : giveUp(reason)
    }

    /// Handles the passage of time.
    package mutating func timePassed(now: Duration) -> [Action] {
        guard let deadline, now >= deadline else { return [] }
        guard phase == .preparing, now - since < Self.longestPreparation else {
            return giveUp("the running process did not answer in time")
        }
        lastSent = now
        return [.send(.alive)]
    }

    private mutating func giveUp(_ reason: String) -> [Action] {
        let wasGreeting = phase == .greeting
        phase = .over
        var clause = reason
        while clause.utf8.count > HandoverMessage.reasonBytes { clause.removeLast() }
        return wasGreeting ? [.end(reason)] : [.send(.failed(clause)), .end(reason)]
    }
}
