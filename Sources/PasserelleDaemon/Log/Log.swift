// SPDX-License-Identifier: MIT

private import Synchronization

/// Says what happened, one line a record: level, message, then `key=value` fields.
///
/// Never given a message's content, a secret or a cookie. What is said again and again is counted
/// instead (`RepeatedRecords`). A record below the level costs one
/// relaxed load: neither message nor fields are evaluated.
package final class Log: Sendable {
    /// Takes one whole line, its LF included, or one whole entry of the journal.
    package typealias Sink = @Sendable ([UInt8]) -> Void

    /// Gives the wall clock, in milliseconds since 1970 UTC.
    package typealias Clock = @Sendable () -> Int64

    private let threshold: Atomic<UInt8>
    private let form: LogLine.Form
    private let clock: Clock
    private let sink: Sink
    private let repeated = Mutex(RepeatedRecords())

    /// A log that writes records in `form` to `sink`; like records are counted by the clock.
    package init(level: LogLevel, form: LogLine.Form, clock: @escaping Clock, sink: @escaping Sink)
    {
        threshold = Atomic(level.rawValue)
        self.form = form
        self.clock = clock
        self.sink = sink
    }

    /// The lowest level that is written; may be changed while the process runs.
    package var level: LogLevel {
        get { LogLevel(rawValue: threshold.load(ordering: .relaxed)) ?? .info }
        set { threshold.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Says whether a record of `level` would be written.
    @inline(__always)
    package func writes(_ level: LogLevel) -> Bool {
        level.rawValue >= threshold.load(ordering: .relaxed)
    }

    /// Records what helps only somebody who looks for a fault.
    package func debug(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        guard writes(.debug) else { return }
        write(.debug, message(), fields())
    }

    /// Records what an operator expects to see in normal running.
    package func info(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        guard writes(.info) else { return }
        write(.info, message(), fields())
    }

    /// Records what is amiss though the work goes on.
    package func warning(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        guard writes(.warning) else { return }
        write(.warning, message(), fields())
    }

    /// Records what failed and needs somebody.
    package func error(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        guard writes(.error) else { return }
        write(.error, message(), fields())
    }

    /// Writes what was counted for long enough; called every second or so.
    package func timePassed() {
        let time = clock()
        repeated.withLock { repeated in
            for each in repeated.timePassed(at: .milliseconds(time)) { put(each, time) }
        }
    }

    /// Writes what is counted, as the process ends.
    package func close() {
        let time = clock()
        repeated.withLock { repeated in for each in repeated.ended() { put(each, time) } }
    }

    private func write(
        _ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>
    ) {
        let time = clock()
        let record = LogRecord(level, message, fields)
        repeated.withLock { repeated in
            for each in repeated.told(record, at: .milliseconds(time)) { put(each, time) }
        }
    }

    private func put(_ record: LogRecord, _ time: Int64) {
        sink(LogLine.bytes(form, record, time: time))
    }
}
