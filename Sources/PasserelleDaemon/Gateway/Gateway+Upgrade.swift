// SPDX-License-Identifier: MIT

import PasserelleConfiguration
import PasserelleDownstream
import PasserelleHub
import PasserelleLog
import PasserelleNet
import PasserelleNotices
import PasserelleUpstream
import PasserelleWire

/// The replacement of the running process by the program on disk.
extension Gateway {
    /// The shortest time between the take-over and the end of the former process.
    private static let leastRetirement: Duration = .seconds(1)

    /// Starts the program on disk and hands over to it; if it does not take over, this process
    /// continues, and `failed` is called with the reason.
    package func upgrade(_ failed: @escaping (String) -> Void = { _ in }) {
        guard let program else { return failed("this command cannot be upgraded") }
        upgradeFailures.append(failed)
        guard successor == nil else { return }
        do throws(SystemError) {
            let handover = try OutgoingHandover(self, program)
            successor = handover
            // It may fail at once, if the new process has ended.
            handover.begin()
        } catch {
            upgradeFailed("\(program.path) cannot be started: \(error)")
        }
    }

    // MARK: - The running process

    /// Writes everything that the new process reads from files, and answers waiting commands.
    func settleForHandover() {
        downstream.settle()
        upstream.flush()
        downstream.flush()
        notices?.completeStore()
        revocationStore?.wait()
        journalWriter?.flush()
        journalWriter?.close()
        // Releases the lock of the state directory.
        journalWriter = nil
    }

    /// Continues after a hand-over that failed.
    func upgradeFailed(_ reason: String) {
        successor = nil
        upstream.receivedDigests = nil
        failedUpgrades += 1
        log.error(
            "the new process does not take over, this one continues", ["cause": reason])
        let failed = upgradeFailures
        upgradeFailures = []
        for failed in failed { failed(reason) }
        guard journalWriter == nil, configuration.stateDirectory != nil else { return }
        do throws(StartError) {
            journalWriter = try Self.continueJournal(
                configuration, of: hub, loop: loop, log: log, at: loop.moment)
        } catch {
            log.error(
                "the journal cannot be continued: new events would be lost on restart",
                ["cause": error.description])
        }
    }

    /// Ends everything that the new process does from now on.
    ///
    /// What could not be handed over ends in order.
    func retire(for child: Int32) {
        supervision?.replaced(by: child)
        supervision = nil
        notices?.stop(isHandedOver: true)
        revocationStore = nil
        for listener in listeners { listener.handedOver() }
        listeners = []
        downstream.drainForReplacement()
    }

    /// Ends this process, once the new one has its own members.
    func endRetirement() {
        log.info("ended: another process has taken over")
        delegation?.stop()
        upstream.stop()
        loop.scheduleTask(in: .milliseconds(200)) { [loop] in loop.stop() }
    }

    // MARK: - The new process

    /// Continues the readers of the former process; call it once, after it has let go.
    package func takeOver(_ former: IncomingHandover) {
        for bytes in former.revocations { try? downstream.restore(revocation: bytes) }
        for bytes in former.delegates {
            if let handed = try? PresenceTracker.HandedOver(bytes) { delegation?.takeOver(handed) }
        }
        let count = former.connections.count { kind, bytes, descriptor in
            downstream.takeOver(kind, bytes, descriptor)
        }
        upstream.takeOver(
            former.early, received: former.received, frozen: former.hub.time)
        log.info(
            "took over",
            [
                "connections": "\(count)", "closed": "\(former.connections.count - count)",
                "channels": "\(hub.channels.count)", "position": hub.position.text,
            ])
        reportSettled(former, since: loop.now)
    }

    private func reportSettled(_ former: IncomingHandover, since: Duration) {
        loop.scheduleTask(in: .milliseconds(250)) { [weak self] in
            guard let self else { return }
            guard loop.now - since >= Self.leastRetirement, delegation?.isSettled ?? true else {
                return reportSettled(former, since: since)
            }
            former.settled()
        }
    }
}

extension PresenceTracker.HandedOver {
    /// Reads a user that `OutgoingHandover` has sent.
    fileprivate init(_ bytes: [UInt8]) throws(HandoverError) {
        var reader = HandoverReader(bytes)
        let channel = try reader.requiredText()
        let userID = try reader.requiredText()
        let userInfo = try reader.run()
        let rest = Int64(min(try reader.number(), 1 << 40))
        self.init(
            user: ChannelUser(channel, userID), userInfo: userInfo, rest: .milliseconds(rest))
    }
}
