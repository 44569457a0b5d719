// SPDX-License-Identifier: MIT

private import Synchronization

/// A log of one line per record: level, message, then `key=value` fields.
///
/// Records must not contain the content of messages, secrets or cookies. Repeated records are
/// counted instead of written (`RepeatedRecords`). A record below the level costs one relaxed load:
/// neither message nor fields are evaluated.
package final class Log: Sendable {
    /// Writes one line including its LF, or one journald entry.
    package typealias Sink = @Sendable ([UInt8]) -> Void

    /// Returns the wall-clock time in milliseconds since 1970 UTC.
    package typealias Clock = @Sendable () -> Int64

    private let threshold: Atomic<UInt8>
    private let form: LogLine.Form
    private let clock: Clock
    private let sink: Sink
    private let repeated = Mutex(RepeatedRecords())

    /// Creates a log that writes records in `form` to `sink`; `clock` also times repeated records.
    package init(level: LogLevel, form: LogLine.Form, clock: @escaping Clock, sink: @escaping Sink)
    {
        threshold = Atomic(level.rawValue)
        self.form = form
        self.clock = clock
        self.sink = sink
    }

    /// The lowest level that is written; it can be changed at any time.
    package var level: LogLevel {
        get { LogLevel(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Returns true if records of `level` are written.
    @inline(__always)
    package func writes(_ level: LogLevel) -> Bool {
        level.rawValue >= threshold.load(ordering: .relaxed)
    }

    /// Logs details that only help to diagnose a fault.
    package func debug(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        write(.debug, message, fields)
    }

    /// Logs an event of normal operation.
    package func info(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        write(.info, message, fields)
    }

    /// Logs a problem that does not stop the service.
    package func warning(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        write(.warning, message, fields)
    }

    /// Logs a failure that requires an operator.
    package func error(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        write(.error, message, fields)
    }

    /// Writes the summaries of repeated records that are due; must be called about once a second.
    package func timePassed() {
        let time = clock()
        repeated.withLock { repeated in
            for each in repeated.timePassed(at: .milliseconds(time)) { put(each, time) }
        }
    }

    /// Writes the summaries of all repeated records; must be called when the process ends.
    package func close() {
        let time = clock()
        repeated.withLock { repeated in for each in repeated.ended() { put(each, time) } }
    }

    private func write(
        _ level: LogLevel, _ message: () -> String, _ fields: () -> KeyValuePairs<String, String>
    ) {
        guard writes(level) else { return }
        let time = clock()
        let record = LogRecord(level, message(), fields())
        repeated.withLock { repeated in
            for each in repeated.add(record, at: .milliseconds(time)) { put(each, time) }
        }
    }

    private func put(_ record: LogRecord, _ time: Int64) {
        sink(LogLine.bytes(form, record, time: time))
    }
}
