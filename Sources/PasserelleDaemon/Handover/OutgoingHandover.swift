// SPDX-License-Identifier: MIT

import PasserelleConfiguration
import PasserelleDownstream
import PasserelleHub
import PasserelleLog
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// Hands over to a new process: performs the actions of `HandoverOffer`.
final class OutgoingHandover {
    /// How long the hand-over may wait for the journal's disk, while nothing is delivered.
    private static let diskPatience: Duration = .milliseconds(500)

    private unowned let gateway: Gateway
    private let socket: DescriptorSocket
    private let child: Int32
    private var offer: HandoverOffer
    private var parser = HandoverParser()
    private var connections: [HandedOverConnection] = []
    private lazy var alarm = Alarm(gateway.loop) { [weak self] in
        guard let self else { return }
        perform(offer.timePassed(now: loop.now))
    }

    private var loop: EventLoop { gateway.loop }

    /// Starts the program on disk; the owner must then call `begin`.
    init(_ gateway: Gateway, _ program: ProgramOnDisk) throws(SystemError) {
        self.gateway = gateway
        offer = HandoverOffer(program: Version.text, now: gateway.loop.now)
        let (here, there) = try DescriptorSocket.pair()
        defer { DescriptorSocket.closeDescriptor(there) }
        socket = here
        child = try program.start(with: there, watchdog: gateway.supervision?.watchdog)
        try socket.watch(on: gateway.loop) { [weak self] in self?.readable() }
        gateway.upstream.receivedDigests = ReceivedDigests()
        gateway.log.info("a new process is started", ["pid": "\(child)", "program": program.path])
    }

    /// Sends the first message.
    func begin() { perform(offer.begin()) }

    /// Called at the end of each turn, when everything is delivered.
    func turnEnded() {
        guard !offer.isOver, !offer.isRetiring else { return }
        let actions = offer.turnEnded(
            live: gateway.hub.liveChannels, isQuiet: gateway.downstream.isQuiet, now: loop.now)
        if !actions.isEmpty { perform(actions) }
    }

    /// Ends the new process, because this one ends.
    func cancel() {
        guard !offer.isOver, !offer.isRetiring else { return }
        perform(offer.failed("this process ends"))
    }

    // MARK: - Messages

    private func readable() {
        do throws(DescriptorSocket.Failure) {
            while !offer.isOver, try receive() {}
        } catch {
            perform(offer.failed(error == .ended ? "it ended" : "\(error)"))
        }
    }

    /// Receives once; returns `false` if there was nothing.
    private func receive() throws(DescriptorSocket.Failure) -> Bool {
        var bytes: [UInt8] = []
        var descriptors: [Int32] = []
        let hasReceived = try socket.receive(&bytes, &descriptors)
        // The new process has nothing to pass.
        for descriptor in descriptors { DescriptorSocket.closeDescriptor(descriptor) }
        parser.append(bytes)
        do throws(HandoverError) {
            while !offer.isOver, let message = try parser.next() {
                perform(offer.received(message, now: loop.now))
            }
        } catch {
            perform(offer.failed("\(error)"))
        }
        return hasReceived
    }

    private func send(_ message: HandoverMessage, with descriptors: [Int32] = []) {
        do throws(DescriptorSocket.Failure) {
            try send(message, with: descriptors, until: .now)
        } catch {
            perform(offer.failed(error == .ended ? "it ended" : "it does not read"))
        }
    }

    private func send(
        _ message: HandoverMessage, with descriptors: [Int32] = [],
        until deadline: ContinuousClock.Instant
    ) throws(DescriptorSocket.Failure) {
        try socket.send(message.encoded, with: descriptors, until: deadline)
    }

    // MARK: - Actions

    private func perform(_ actions: [HandoverOffer.Action]) {
        for action in actions {
            switch action {
            case .send(let message): send(message)
            case .sendListeners:
                for listener in gateway.listeners {
                    send(
                        .listener(name: listener.name, file: listener.file),
                        with: [listener.fileDescriptor])
                }
            case .handOver: handOver()
            case .retire: retire()
            case .giveUp(let reason): giveUp(reason)
            case .end:
                alarm.set(nil)
                socket.close()
                gateway.endRetirement()
            }
        }
        if !offer.isOver { alarm.set(offer.deadline) }
    }

    /// Sends the state and waits for the answer, without a turn: if the new process does not take
    /// over, nothing has changed for the readers.
    private func handOver() {
        guard gateway.journalWriter?.waitForBatch(atMost: Self.diskPatience) ?? true else {
            return perform(offer.failed("the disk of the journal does not respond"))
        }
        let deadline = ContinuousClock.now + HandoverOffer.patience
        do throws(DescriptorSocket.Failure) {
            try sendState(until: deadline)
            while !offer.isRetiring, !offer.isOver {
                try socket.waitToReceive(until: deadline)
                _ = try receive()
            }
        } catch {
            let patience = HandoverOffer.patience.components.seconds
            let reason =
                switch error {
                case .ended: "it ended"
                case .timedOut: "it did not take over within \(patience) s"
                case .system(let error): "\(error)"
                }
            perform(offer.failed(reason))
        }
    }

    private func sendState(
        until deadline: ContinuousClock.Instant
    ) throws(DescriptorSocket.Failure) {
        gateway.settleForHandover()
        var failure: DescriptorSocket.Failure?
        func part(_ part: HandoverPart, _ bytes: [UInt8], _ descriptors: [Int32] = []) {
            guard failure == nil else { return }
            do throws(DescriptorSocket.Failure) {
                try send(.part(part, bytes), with: descriptors, until: deadline)
            } catch {
                failure = error
            }
        }
        gateway.hub.handOver(at: loop.moment) { part(.hub, $0) }
        for bytes in gateway.upstream.receivedDigests?.encoded ?? [] { part(.received, bytes) }
        for bytes in gateway.downstream.handedOverRevocations { part(.revocation, bytes) }
        for handed in gateway.delegation?.handedOverUsers ?? [] {
            var writer = HandoverWriter()
            writer.text(handed.user.channel)
            writer.text(handed.user.userID)
            writer.run(handed.userInfo)
            writer.number(Int64(handed.rest / .milliseconds(1)))
            part(.delegate, writer.bytes)
        }
        connections = gateway.downstream.handedOverConnections
        for each in connections { part(each.kind, each.bytes, [each.descriptor]) }
        if let failure { throw failure }
        try send(.complete, until: deadline)
    }

    private func retire() {
        // The socket has room for this: the new process has read everything.
        send(.go)
        gateway.upstream.receivedDigests = nil
        for connection in connections { connection.release() }
        gateway.log.info(
            "handed over",
            [
                "pid": "\(child)", "connections": "\(connections.count)",
                "position": gateway.hub.position.text,
            ])
        connections = []
        gateway.retire(for: child)
    }

    private func giveUp(_ reason: String) {
        alarm.set(nil)
        socket.close()
        connections = []
        let end = ProgramOnDisk.end(child)
        gateway.upgradeFailed(reason == "it ended" ? end : reason)
    }
}
