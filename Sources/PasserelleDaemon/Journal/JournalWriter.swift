// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleHub
package import PasserelleLog
package import PasserelleNet
import PasserelleUpstream

/// Writes the hub's changes to disk.
///
/// A thin shell around `Journal`: it passes batches to the disk's thread and the results back. The
/// loop waits for it only at the end of the process.
package final class JournalWriter {
    /// The delay after a failure before everything is rewritten.
    package static let backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    private static let offMessage = "journalling is off: new events would be lost on restart"

    package private(set) var journal: Journal
    /// The torn and damaged records found at the start of the process.
    package let torn: Int
    package let damaged: Int
    private let path: String
    private let loop: EventLoop
    private let hub: Hub
    private let log: Log
    private let worker: FileWorker
    private var timer: TimerToken?
    private var failures = 0
    private var isRetrying = false
    /// True if the cleanup after a failure failed too; the writer then waits for the next retry.
    private var isStuck = false
    /// True if it was logged that the disk does not respond; reset when it does.
    private var hasLoggedSilence = false
    private var isClosed = false

    /// Continues the journal of a directory; `hub` was built from its content.
    ///
    /// Waits until the new epoch is on the disk, for at most `longestWait`: after a crash, a
    /// position of an epoch that is not there would be unknown. If the hub `continues` the epoch of
    /// another process, which has written it, there is no wait.
    package init(
        _ directory: StateDirectory, hub: Hub, loop: EventLoop, log: Log, limits: JournalLimits,
        continues: Bool = false, longestWait: Duration = .seconds(5)
    ) throws(StartError) {
        self.loop = loop
        self.hub = hub
        self.log = log
        path = directory.path
        torn = directory.found.torn
        damaged = directory.found.damaged
        journal = Journal(
            after: directory.found, hub: hub, limits: limits, continues: continues,
            at: loop.moment)
        do {
            worker = try directory.startWorker(loop)
        } catch {
            throw StartError(description: "\(VariableName.stateDir): \(error)")
        }
        hub.gathersChanges = true
        report(directory.found)
        begin()
        guard !continues, !worker.wait(atMost: longestWait) else { return }
        log.warning(
            "the disk is slow: until it has written the journal, a crash makes positions unknown",
            ["directory": path, "waited": longestWait.settingText])
    }

    /// Records the changes of this turn; call it at the end of each turn.
    package func flush() {
        guard !isClosed else { return }
        journal.takeChanges(of: hub, at: loop.moment)
        arm()
    }

    /// Called about once a second.
    package func timePassed() {
        guard !isClosed else { return }
        journal.timePassed(hub: hub, at: loop.moment)
        if journal.isOverfull, !hasLoggedSilence {
            hasLoggedSilence = true
            log.error(Self.offMessage, ["directory": path, "cause": "the disk does not respond"])
        }
        arm()
    }

    /// Waits for the batch under way; returns `false` if the disk does not complete it in time.
    package func waitForBatch(atMost limit: Duration) -> Bool {
        isClosed || worker.wait(atMost: limit)
    }

    /// Writes everything to disk and waits for it, at the end of the process.
    ///
    /// If the journal is off, it is tried once more: the disk may accept writes again.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        worker.wait()
        journal.retry(hub: hub, at: loop.moment)
        while journal.isReturning, doNextBatch() {}
        journal.end(hub: hub, at: loop.moment)
        _ = doNextBatch()
        worker.close()
    }

    /// Runs the next batch and waits for it; returns false if there was none.
    private func doNextBatch() -> Bool {
        begin()
        guard worker.isBusy else { return false }
        worker.wait()
        return true
    }

    private func arm() {
        guard timer == nil, !isStuck, let delay = journal.delayBeforeBatch(at: loop.now) else {
            return
        }
        timer = loop.scheduleTask(in: delay) { [weak self] in
            self?.timer = nil
            self?.begin()
        }
    }

    private func begin() {
        guard !worker.isBusy, let batch = journal.nextBatch(hub: hub, at: loop.moment) else {
            return
        }
        worker.begin(batch.map(\.fileOperation)) { [weak self] error in self?.ended(error) }
    }

    private func ended(_ error: SystemError?) {
        let wasReturning = journal.isReturning
        journal.finished(succeeded: error == nil)
        hasLoggedSilence = false
        guard !isClosed else { return }
        if wasReturning, journal.isKeeping { recovered() }
        if journal.isOff {
            isStuck = error != nil
            failed(error)
        } else if journal.isCopying {
            begin()
        }
    }

    private func recovered() {
        failures = 0
        log.warning("journalling is on again", ["directory": path])
    }

    private func failed(_ error: SystemError?) {
        guard !isRetrying else { return }
        isRetrying = true
        failures += 1
        let delay = Self.backoff.delay(failures: failures)
        let cause = error.map { "\($0)" } ?? "the disk does not keep up"
        log.error(
            Self.offMessage,
            ["directory": path, "cause": cause, "retry_in": delay.settingText])
        loop.scheduleTask(in: delay) { [weak self] in self?.retry() }
    }

    private func retry() {
        guard !isClosed else { return }
        guard !worker.isBusy else {
            loop.scheduleTask(in: Self.backoff.first) { [weak self] in self?.retry() }
            return
        }
        isRetrying = false
        isStuck = false
        journal.retry(hub: hub, at: loop.moment)
        begin()
    }

    private func report(_ found: JournalRecovery.Result) {
        log.info(
            "journal read",
            [
                "directory": path, "segments": "\(found.segments.count)",
                "bytes": "\(found.segments.reduce(0) { $0 + $1.bytes })",
                "channels": "\(found.past.channels.count)", "position": hub.position.text,
            ])
        if torn > 0 {
            log.warning(
                "the journal ended in the middle of a record, which was cut off",
                ["directory": path])
        }
        if damaged > 0 {
            log.warning(
                "parts of the journal cannot be read: readers get a gap for the missing events",
                ["directory": path, "places": "\(damaged)"])
        }
    }
}

extension DiskOperation {
    /// The operation on the segment's file.
    package var fileOperation: FileOperation {
        switch self {
        case .create(let segment): .create(Self.name(segment))
        case .write(let segment, let at, let bytes): .write(Self.name(segment), at: at, bytes)
        case .retract(let segment, let at, let count, let retraction):
            .rewrite(Self.name(segment), at: at, count: count) {
                JournalRecord.retracted($0, retraction)
            }
        case .cut(let segment, let count): .cut(Self.name(segment), to: count)
        case .sync(let segment): .sync(Self.name(segment))
        case .remove(let segment): .remove(Self.name(segment))
        case .syncDirectory: .syncDirectory
        }
    }

    /// Returns the number of the segment with this file name, or `nil` if it is not a segment's.
    package static func segment(named name: String) -> Int? {
        guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)), number > 0,
            self.name(number) == name
        else { return nil }
        return number
    }

    private static let prefix = "journal-"

    /// The name of a segment's file.
    package static func name(_ segment: Int) -> String { prefix + String(segment) }
}
