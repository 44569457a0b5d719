// SPDX-License-Identifier: MIT

private import Synchronization

/// Says what happened, one line a record: level, message, then `key=value` fields.
///
/// Never given a message's content, a secret or a cookie. A record below the level costs one
/// relaxed load: neither message nor fields are evaluated.
package final class Log: Sendable {
    /// Takes one whole line, its LF included.
    package typealias Sink = @Sendable ([UInt8]) -> Void

    /// Gives the wall clock, in milliseconds since 1970 UTC.
    package typealias Clock = @Sendable () -> Int64

    private let threshold: Atomic<UInt8>
    private let form: LogLine.Form
    private let clock: Clock
    private let sink: Sink

    /// A log that writes lines of `form` to `sink`; the clock is asked only where the form has time.
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

    private func write(
        _ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>
    ) {
        let time = form == .timed ? clock() : 0
        sink(LogLine.bytes(form, level, time: time, message: message, fields: fields))
    }
}
