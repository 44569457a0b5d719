// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Decides for the running process how it hands over to a new one.
///
/// | phase | the new process | ends |
/// |---|---|---|
/// | greeting | starts | with its `hello` |
/// | preparing | subscribes on its own connection to Channels | when it has all channels |
/// | handing over | receives the state, while nothing is delivered here | with `taken` |
/// | retiring | serves | with `settled`, or after `retirement` |
///
/// Until `go`, the running process can continue as if nothing had happened.
package struct HandoverOffer {
    /// An action to perform, in order.
    package enum Action: Equatable {
        case send(HandoverMessage)
        case sendListeners
        /// Stop delivering, and send the whole state; the answer must be awaited without a turn.
        case handOver
        /// Send `go`, and retire: close the readers' descriptors, and serve what is left.
        case retire
        /// End the new process and continue; the reason is for the log.
        case giveUp(String)
        /// End this process.
        case end
    }

    /// The longest time without a message from the new process.
    package static let patience: Duration = .seconds(5)
    /// The longest time that the new process may take to subscribe to all channels.
    package static let longestPreparation: Duration = .seconds(60)
    /// How long both processes receive the events of all channels before the state is handed over:
    /// the new one finds the events that it has in common with the other.
    package static let overlap: Duration = .seconds(1)
    /// The longest wait for the answers to commands and requests under way.
    package static let longestUnrest: Duration = .seconds(2)
    /// The longest time between `go` and the end of this process.
    package static let retirement: Duration = .seconds(8)

    private enum Phase { case greeting, preparing, handingOver, retiring, over }

    private var phase = Phase.greeting
    /// When the current phase began, and when the new process last sent a message.
    private var since: Duration
    private var heard: Duration
    private var isConnected = false
    /// When the new process first had all channels.
    private var completeSince: Duration?
    private var named: Set<String> = []
    private var answered: Set<String> = []
    private let program: String

    /// Begins; `program` is this program's version.
    package init(program: String, now: Duration) {
        self.program = program
        since = now
        heard = now
    }

    /// True from `go` on.
    package var isRetiring: Bool { phase == .retiring }
    /// True once the offer has failed.
    package var isOver: Bool { phase == .over }

    /// The time at which `timePassed` must be called; `nil` if no timer runs.
    package var deadline: Duration? {
        switch phase {
        case .greeting, .handingOver: since + Self.patience
        case .preparing: min(heard + Self.patience, since + Self.longestPreparation)
        case .retiring: since + Self.retirement
        case .over: nil
        }
    }

    /// The first message.
    package func begin() -> [Action] {
        [.send(.hello(version: HandoverMessage.version, program: program))]
    }

    /// Handles a message of the new process.
    package mutating func received(_ message: HandoverMessage, now: Duration) -> [Action] {
        heard = now
        switch (phase, message) {
        case (.over, _): return []
        case (.retiring, .settled): return end()
        case (.retiring, _): return []
        case (_, .failed(let reason)): return giveUp("it gives up: \(reason)")
        case (.greeting, .hello(HandoverMessage.version, _)):
            enter(.preparing, now)
            return [.sendListeners]
        case (.greeting, .hello(let version, _)):
            return giveUp(
                "it uses version \(version) of the hand-over, and this process version"
                    + " \(HandoverMessage.version)")
        case (.preparing, .connected): isConnected = true
        case (.preparing, .lost):
            isConnected = false
            answered = []
        case (.preparing, .answered(let channels)): answered.formUnion(channels)
        case (.preparing, .alive), (.handingOver, .alive), (.handingOver, .connected),
            (.handingOver, .answered):
            break
        case (.handingOver, .taken):
            enter(.retiring, now)
            return [.retire]
        default: return giveUp("it sends a message out of turn")
        }
        return []
    }

    /// Handles the end of the new process, of its socket, or bytes that are no message.
    package mutating func failed(_ reason: String) -> [Action] {
        switch phase {
        case .over: []
        case .retiring: end()
        case .greeting, .preparing, .handingOver: giveUp(reason)
        }
    }

    /// Handles the end of a turn; `live` are the channels that are subscribed here, and `isQuiet`
    /// is true if no command or request waits for its answer.
    package mutating func turnEnded(
        live: [String], isQuiet: Bool, now: Duration
    ) -> [Action] {
        guard phase == .preparing else { return [] }
        let new = live.filter { named.insert($0).inserted }
        var actions: [Action] = new.isEmpty ? [] : [.send(.wanted(new.sorted()))]
        guard isConnected, live.allSatisfy(answered.contains) else {
            completeSince = nil
            return actions
        }
        let since = completeSince ?? now
        completeSince = since
        guard now - since >= Self.overlap, isQuiet || now - since >= Self.longestUnrest else {
            return actions
        }
        enter(.handingOver, now)
        actions.append(.handOver)
        return actions
    }

    /// Handles the passage of time.
    package mutating func timePassed(now: Duration) -> [Action] {
        guard let deadline, now >= deadline else { return [] }
        let patience = Self.patience.components.seconds
        switch phase {
        case .over: return []
        case .retiring: return end()
        case .greeting: return giveUp("it did not answer within \(patience) s")
        case .handingOver: return giveUp("it did not take over within \(patience) s")
        case .preparing:
            guard now - heard < Self.patience else {
                return giveUp("it sent nothing for \(patience) s")
            }
            let limit = Self.longestPreparation.components.seconds
            return giveUp(
                isConnected
                    ? "it did not subscribe to all channels within \(limit) s"
                    : "it did not connect to Channels within \(limit) s")
        }
    }

    private mutating func enter(_ phase: Phase, _ now: Duration) {
        self.phase = phase
        since = now
    }

    private mutating func giveUp(_ reason: String) -> [Action] {
        phase = .over
        return [.giveUp(reason)]
    }

    private mutating func end() -> [Action] {
        phase = .over
        return [.end]
    }
}
