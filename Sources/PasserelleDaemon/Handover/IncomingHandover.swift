// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleDownstream
package import PasserelleHub
import PasserelleLog
package import PasserelleNet
package import PasserelleUpstream
import PasserelleWire

/// Takes over from the running process: performs the actions of `HandoverReceipt`.
///
/// `receive` turns the loop until the state is there. Then the gateway is built, and `confirm`
/// waits for the running process to let go. Until then this process touches no reader.
package final class IncomingHandover {
    /// The connection to Channels that is prepared meanwhile.
    package let early: EarlyUpstream
    /// The log and the channels.
    package private(set) var hub: HandedOverHub
    private let loop: EventLoop
    private let socket: DescriptorSocket
    private var receipt: HandoverReceipt
    private var parser = HandoverParser()
    private var descriptors: [Int32] = []
    private var passed: [ActivatedSockets.Passed] = []
    private(set) var received = HandoverCopies()
    private(set) var revocations: [[UInt8]] = []
    private(set) var delegates: [[UInt8]] = []
    private(set) var connections: [(kind: HandoverPart, bytes: [UInt8], descriptor: Int32)] = []
    private var isComplete = false
    private var failure: String?

    /// Connects to Channels, and answers the running process at the other end of `descriptor`.
    package init(
        loop: EventLoop, configuration: Configuration, socket descriptor: Int32
    ) throws(StartError) {
        self.loop = loop
        do throws(SystemError) {
            socket = try DescriptorSocket(adopting: descriptor)
        } catch {
            throw StartError(description: "the socket of the running process: \(error)")
        }
        early = EarlyUpstream(loop: loop, server: try ChannelsServer(configuration))
        receipt = HandoverReceipt(program: Version.text, now: loop.now)
        hub = HandedOverHub(now: loop.moment)
        early.onMessage = { [weak self] message in
            guard let self else { return }
            if case .failed(let reason) = message { return perform(receipt.failed(reason)) }
            perform(receipt.report(message, now: self.loop.now))
        }
    }

    // MARK: - The state

    /// Turns the loop until the state is complete.
    package func receive() throws(StartError) {
        do throws(SystemError) {
            try socket.watch(on: loop) { [weak self] in self?.readable() }
            while !isComplete, failure == nil {
                let now = loop.now
                let rest = receipt.deadline.map { max(.zero, $0 - now) } ?? .seconds(1)
                try loop.runOnce(timeout: min(rest, .seconds(1)))
                perform(receipt.timePassed(now: loop.now))
            }
        } catch {
            perform(receipt.failed("\(error)"))
        }
        try check()
    }

    /// The listeners of the running process, as if systemd had passed them.
    package func listeners(_ configuration: Configuration) throws(StartError) -> ActivatedSockets {
        do throws(ActivatedSockets.Refusal) {
            return try ActivatedSockets(
                passed, isUnchecked: configuration.access == .unchecked,
                isAdminOpen: configuration.isAdminOpen)
        } catch {
            throw StartError(
                description: error.description, exitCode: ConfigurationError.exitCode)
        }
    }

    /// Reports that this process cannot take over.
    package func failed(_ reason: String) { perform(receipt.failed(reason)) }

    /// Reports that the gateway is built, and waits until the running process lets go.
    package func confirm() throws(StartError) {
        perform(receipt.built(now: loop.now))
        let deadline = ContinuousClock.now + HandoverOffer.patience
        do throws(DescriptorSocket.Failure) {
            while !receipt.isServing, failure == nil {
                try socket.waitToReceive(until: deadline)
                _ = try receiveOnce()
            }
        } catch {
            perform(receipt.failed("the running process does not let go: \(error)"))
        }
        try check()
    }

    /// Reports that this process has its own delegated members, and closes the socket.
    func settled() {
        send(.settled)
        socket.close()
    }

    private func check() throws(StartError) {
        guard let failure else { return }
        socket.close()
        early.stop()
        throw StartError(description: "this process does not take over: \(failure)")
    }

    // MARK: - Messages

    private func readable() {
        guard !isComplete, failure == nil else { return }
        do throws(DescriptorSocket.Failure) {
            while !isComplete, failure == nil, try receiveOnce() {}
        } catch {
            perform(receipt.failed("the running process ended"))
        }
    }

    private func receiveOnce() throws(DescriptorSocket.Failure) -> Bool {
        var bytes: [UInt8] = []
        let hasReceived = try socket.receive(&bytes, &descriptors)
        parser.append(bytes)
        do throws(HandoverError) {
            while failure == nil, let message = try parser.next() {
                perform(receipt.received(message, now: loop.now))
            }
        } catch {
            perform(receipt.failed("the running process does not speak the hand-over protocol"))
        }
        return hasReceived
    }

    private func send(_ message: HandoverMessage) {
        // If the running process does not read, it notices that itself.
        try? socket.send(message.encoded, until: .now + .seconds(1))
    }

    private func perform(_ actions: [HandoverReceipt.Action]) {
        for action in actions {
            switch action {
            case .send(let message):
                send(message)
                if case .hello = message { early.start() }
            case .adopt(let name, let file): adopt(name, file)
            case .want(let channels): early.want(channels)
            case .keep(let part, let bytes): keep(part, bytes)
            case .build: isComplete = true
            case .serve: break
            case .end(let reason): failure = failure ?? reason
            }
        }
    }

    private func adopt(_ name: String, _ file: String?) {
        guard let descriptor = takeDescriptor() else { return }
        passed.append(
            ActivatedSockets.Passed(
                descriptor: descriptor, name: name, kind: DescriptorKind(of: descriptor),
                isHandedOver: true, file: file))
    }

    private func keep(_ part: HandoverPart, _ bytes: [UInt8]) {
        switch part {
        case .hub:
            if !hub.take(bytes) { perform(receipt.failed("the log cannot be read")) }
        case .received:
            do throws(HandoverError) {
                try received.add(bytes)
            } catch {
                perform(receipt.failed("the received events cannot be read"))
            }
        case .revocation: revocations.append(bytes)
        case .delegate: delegates.append(bytes)
        case .stream, .http, .line:
            guard let descriptor = takeDescriptor() else { return }
            connections.append((part, bytes, descriptor))
        }
    }

    private func takeDescriptor() -> Int32? {
        guard !descriptors.isEmpty else {
            perform(receipt.failed("a descriptor is missing"))
            return nil
        }
        return descriptors.removeFirst()
    }
}
