// SPDX-License-Identifier: MIT

import Glibc
package import PasserelleConfiguration
package import PasserelleDownstream
package import PasserelleLog
package import PasserelleNet
import PasserelleWire

/// Stores revocations in a file of the state directory.
///
/// The next process restores them: a token from before a revocation must not be accepted after a
/// restart. The file is rewritten at the start, and when most of its lines are obsolete.
package final class RevocationStore {
    /// The name of the file in the state directory.
    package static let fileName = "revocations.jsonl"
    /// The minimum number of lines added before the file is rewritten.
    package static let linesBetween = 1_000

    private let file: RecordFile
    private var added = 0
    /// True from a failure until the file is rewritten: it may end in the middle of a line, and
    /// lacks a revocation in force.
    private var isIncomplete = false

    /// Creates a store for a file, which is not touched before the first write.
    package init(path: String, loop: EventLoop, log: Log) {
        file = RecordFile(path: path, loop: loop)
        file.failed = { failure in
            log.error(
                "a revocation cannot be stored: a restart makes its tokens valid again",
                ["file": path, "cause": "\(failure)"])
        }
    }

    /// Returns the newest record in force of each user and channel, newest first, so that the
    /// oldest are dropped if the limit was lowered.
    package static func newestFirst(_ records: [RevocationRecord]) -> [RevocationRecord] {
        var all = Revocations(limit: .max)
        for record in records {
            _ = all.revoke(
                record.userID, channel: record.channel, at: .init(restoredFrom: record.time))
        }
        var newest: [RevocationRecord] = []
        all.forEach { newest.append(RevocationRecord(userID: $0, channel: $1, time: $2)) }
        return newest.sorted { $0.time > $1.time }
    }

    /// Adds a revocation that `downstream` remembers; calls back when it is synced, or with the
    /// failure.
    package func add(
        _ record: RevocationRecord, remembered downstream: Downstream,
        _ done: @escaping (SystemError?) -> Void
    ) {
        added += 1
        if isIncomplete || added > max(Self.linesBetween, 2 * downstream.revocationCount) {
            write(downstream, done)
        } else {
            file.append(record.encoded) { [weak self] failure in
                if failure != nil { self?.isIncomplete = true }
                done(failure)
            }
        }
    }

    /// Waits until the file is complete.
    package func wait() { file.wait(atMost: .seconds(1)) }

    /// Rewrites the file.
    package func write(
        _ downstream: Downstream, _ done: @escaping (SystemError?) -> Void = { _ in }
    ) {
        added = 0
        var bytes: [UInt8] = []
        downstream.forEachRevocation { userID, channel, time in
            bytes += RevocationRecord(userID: userID, channel: channel, time: time).encoded
        }
        file.replace(bytes) { [weak self] failure in
            self?.isIncomplete = failure != nil
            done(failure)
        }
    }
}

extension Gateway {
    /// Restores the revocations of earlier processes; returns the keeper that stores further ones.
    ///
    /// Returns `nil` if tokens are not used: the auth route is asked again after a restart anyway.
    package static func keepRevocations(
        _ configuration: Configuration, of downstream: Downstream, loop: EventLoop, log: Log
    ) throws(StartError) -> RevocationStore? {
        guard case .checked(_, byToken: true) = configuration.access else { return nil }
        guard let directory = configuration.stateDirectory else { return nil }
        let path = "\(directory)/\(RevocationStore.fileName)"
        let (records, bad) = try StoredRecords.load(path, log: log, RevocationRecord.read)
        let lost = RevocationStore.newestFirst(records).count { record in
            !downstream.restore(
                revocationOf: record.userID, channel: record.channel, at: record.time)
        }
        if lost > 0 {
            log.warning(
                "the oldest revocations are forgotten: there are more than"
                    + " \(VariableName.maxRevocations)",
                ["file": path, "n": "\(lost)"])
        }
        let store = RevocationStore(path: path, loop: loop, log: log)
        if !records.isEmpty || bad > 0 { store.write(downstream) }
        return store
    }

    /// Logs a revocation with the local user that did it, and stores it; calls back with `false` if
    /// it cannot be stored.
    package func noteRevocation(
        of userID: String, on channel: String?, _ outcome: RevocationOutcome,
        by client: PeerAddress, _ done: @escaping (_ isKept: Bool) -> Void
    ) {
        let facts: KeyValuePairs = [
            "user": userID, "channel": channel ?? "*", "streams": "\(outcome.streams)",
            "requests": "\(outcome.requests)",
            "by_uid": client.userID.map(String.init) ?? "unknown",
        ]
        if outcome.isRemembered {
            log.info("a user was revoked", facts)
        } else if outcome.streams + outcome.requests > 0 {
            log.warning(
                "a user was revoked, but may reconnect: \(VariableName.maxRevocations) is reached",
                facts)
        }
        guard outcome.isRemembered, let revocationStore else { return done(true) }
        let record = RevocationRecord(
            userID: userID, channel: channel, time: loop.wallMilliseconds)
        revocationStore.add(record, remembered: downstream) { done($0 == nil) }
    }
}

/// Files of one record a line, in the state directory.
package enum StoredRecords {
    /// The records of a file, and the number of its damaged lines.
    package typealias Content<Record> = (records: [Record], bad: Int)

    /// The maximum size of a file in bytes; a larger one cannot be read.
    private static let readBytes = 64 << 20

    /// Reads a file, which is empty if it does not exist.
    package static func read<Record>(
        _ path: String, _ parse: ([UInt8]) -> Content<Record>
    ) -> Result<Content<Record>, FileFailure> {
        guard access(path, F_OK) == 0 else { return .success(([], 0)) }
        return FileReader.readRegular(path, limit: readBytes).map(parse)
    }

    /// Reads a file at the start; logs damaged lines, such as the torn one that a loss of power
    /// leaves.
    static func load<Record>(
        _ path: String, log: Log, _ parse: ([UInt8]) -> Content<Record>
    ) throws(StartError) -> Content<Record> {
        do throws(FileFailure) {
            let content = try read(path, parse).get()
            if content.bad > 0 {
                log.warning("skipped damaged lines", ["file": path, "n": "\(content.bad)"])
            }
            return content
        } catch {
            let path = QuotedText.quoted(path, limit: 200)
            throw StartError(
                setting: "\(VariableName.stateDir): \(path) cannot be read (\(error.reason))")
        }
    }
}

/// A revocation, as a line of the file that `RevocationStore` writes.
package struct RevocationRecord: Equatable {
    package let userID: String
    /// The channel; `nil` for all channels.
    package let channel: String?
    /// When the user was revoked, in milliseconds since 1970.
    package let time: Int64
}

extension RevocationRecord {
    /// Parses a line without its LF; returns `nil` if it is damaged.
    package init?(_ line: [UInt8]) {
        guard let object = JSONObject(line), let userID = object.text("user"),
            let time = object.integer("at"), (0...Int(1e15)).contains(time)
        else { return nil }
        let channel = object.text("channel")
        guard object["channel"] == nil || channel != nil else { return nil }
        self.init(userID: userID, channel: channel, time: Int64(time))
    }

    /// The line with its LF.
    package var encoded: [UInt8] {
        let json: JSONObjectWriter = ["user": userID, "channel": channel, "at": time]
        return json.finished() + [UInt8(ascii: "\n")]
    }

    /// Parses a file's lines; also returns the number of damaged ones.
    package static func read(_ bytes: [UInt8]) -> (records: [RevocationRecord], bad: Int) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let records = lines.compactMap { RevocationRecord(Array($0)) }
        return (records, lines.count - records.count)
    }
}
