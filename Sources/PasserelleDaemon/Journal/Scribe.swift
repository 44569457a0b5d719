// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// Writes down what the hub hears: carries batches from the journal to the disk's thread, and
/// results back.
///
/// The thin shell around `Journal`; the loop never waits for it, but at the end of the process.
final class Scribe {
    /// How long after a failure everything is written anew; it doubles up to `longestRetry`.
    static let firstRetry: Duration = .seconds(1)
    static let longestRetry: Duration = .seconds(60)
    private static let isOff = "journalling is off: a restart would lose what comes now"

    private(set) var journal: Journal
    /// What could not be read when the process began.
    let torn: Int
    let damaged: Int
    private let path: String
    private let loop: EventLoop
    private let hub: Hub
    private let log: Log
    private let worker: FileWorker
    private var timer: TimerToken?
    private var retryDelay = Scribe.firstRetry
    private var isRetrying = false
    /// True once even clearing up has failed, so that it waits for the next try.
    private var isStuck = false
    /// True once it was told that the disk does not answer, until it has.
    private var hasToldOfSilence = false
    private var isClosed = false

    /// Goes on with a directory's journal; `hub` was built from what was found there.
    init(
        _ directory: StateDirectory, hub: Hub, loop: EventLoop, log: Log, limits: JournalLimits
    ) throws(House.StartError) {
        self.loop = loop
        self.hub = hub
        self.log = log
        path = directory.path
        torn = directory.found.torn
        damaged = directory.found.damaged
        journal = Journal(
            after: directory.found, hub: hub, limits: limits, at: Moment(loop))
        do {
            worker = try directory.hire(loop)
        } catch {
            throw House.StartError(description: "PASSERELLE_STATE_DIR: \(error)")
        }
        hub.gathersChanges = true
        report(directory.found)
        begin()
    }

    /// Notes what changed in this turn; call it at the end of each.
    func settle() {
        guard !isClosed else { return }
        journal.takeChanges(of: hub, at: Moment(loop))
        arm()
    }

    /// Notes that about a second has passed.
    func timePassed() {
        guard !isClosed else { return }
        journal.timePassed(hub: hub, at: Moment(loop))
        if journal.isOverfull, !hasToldOfSilence {
            hasToldOfSilence = true
            log.error(Self.isOff, ["directory": path, "cause": "the disk does not answer"])
        }
        arm()
    }

    /// Has everything reach the disk, and waits for it: the end of the process.
    ///
    /// A journal that is off is tried once more: what the disk takes now need not be lost.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        worker.wait()
        journal.retry(hub: hub, at: Moment(loop))
        while journal.state == .returning, doNextBatch() {}
        if journal.state == .on { journal.end(hub: hub, at: Moment(loop)) }
        _ = doNextBatch()
        worker.close()
    }

    /// Does the next batch and waits for it; answers whether there was one.
    private func doNextBatch() -> Bool {
        begin()
        guard worker.isBusy else { return false }
        worker.wait()
        return true
    }

    private func arm() {
        guard timer == nil, !isStuck, let patience = journal.patience(at: loop.now) else { return }
        timer = loop.after(patience) { [weak self] in
            self?.timer = nil
            self?.begin()
        }
    }

    private func begin() {
        guard !worker.isBusy, let batch = journal.nextBatch(hub: hub, at: Moment(loop)) else {
            return
        }
        worker.begin(batch.map(\.fileOperation)) { [weak self] error in self?.ended(error) }
    }

    private func ended(_ error: SystemError?) {
        let change = journal.finished(succeeded: error == nil)
        hasToldOfSilence = false
        guard !isClosed else { return }
        if change == .on { cameBack() }
        if journal.state == .off {
            isStuck = error != nil
            failed(error)
        } else if journal.isCopying {
            begin()
        }
    }

    private func cameBack() {
        retryDelay = Self.firstRetry
        log.warning("journalling is on again", ["directory": path])
    }

    private func failed(_ error: SystemError?) {
        guard !isRetrying else { return }
        isRetrying = true
        let cause = error.map { "\($0)" } ?? "the disk does not keep up"
        log.error(
            Self.isOff,
            ["directory": path, "cause": cause, "retry_in": retryDelay.settingText])
        loop.after(retryDelay) { [weak self] in self?.retry() }
        retryDelay = min(retryDelay * 2, Self.longestRetry)
    }

    private func retry() {
        guard !isClosed else { return }
        guard !worker.isBusy else {
            loop.after(Self.firstRetry) { [weak self] in self?.retry() }
            return
        }
        isRetrying = false
        isStuck = false
        journal.retry(hub: hub, at: Moment(loop))
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
                "parts of the journal cannot be read: where events are missing, readers are told",
                ["directory": path, "places": "\(damaged)"])
        }
    }
}

extension Moment {
    /// The loop's turn, on both clocks.
    init(_ loop: EventLoop) {
        self.init(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }
}
