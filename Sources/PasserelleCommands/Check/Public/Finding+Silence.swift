// SPDX-License-Identifier: MIT

import PasserelleConfiguration
import PasserelleWire

/// Findings on the delay of a stream, and on idle streams and polls.
extension Finding {
    /// A stream that delivers events later than Channels itself by more than this is a warning.
    package static let lateness: Duration = .milliseconds(500)

    private static let timeout = PublicCheck.openTimeout.settingText
    private static let passOn =
        "make the proxy pass event streams on unbuffered: nginx: proxy_buffering off, no"
        + " proxy_ignore_headers X-Accel-Buffering, gzip off; see the files in deploy/"

    /// The finding on a stream's delay: whether its bytes arrive immediately.
    package static func stream(_ stream: PublicStream, _ delay: PublicCheck.Delay) -> Finding {
        let (check, tried) = ("stream", "an event stream, and \(PublicCheck.event) on it")
        func failed(_ found: String, _ remedy: String = passOn) -> Finding {
            .failed(check, tried, found, do: remedy)
        }
        guard let head = stream.head else {
            let silence = "buffered: nothing arrived within \(timeout), not even the response head"
            return failed(stream.end.map(words) ?? silence)
        }
        guard head.status == 200 else {
            return failed(
                words(.success(head)), "check passerelle status, and the gateway's log"
            )
        }
        if let coding = stream.coding { return failed("it is compressed (\(coding))") }
        guard let opening = delay.opening else {
            return failed(
                "buffered: no bytes of the body arrived within \(timeout), although the gateway"
                    + " sends some at once")
        }
        if delay.missing > 0 {
            return failed(
                "buffered: the stream opened, but an event of Channels did not arrive within"
                    + " \(timeout)")
        }
        if let end = stream.end { return failed(words(end)) }
        let opened = "opened in \(milliseconds(opening)) ms"
        guard let behind = delay.median else {
            return .warning(
                check, tried, "\(opened); \(delay.failureReason ?? "no event was published on it")",
                do: "fix the problems above, and check again")
        }
        let figures = ["open_ms": milliseconds(opening), "behind_ms": milliseconds(behind)]
        let words = "\(opened); events \(milliseconds(behind)) ms behind Channels itself"
        guard behind <= lateness else {
            return .warning(check, tried, words, do: passOn).measuring(figures)
        }
        return .ok(check, tried, words).measuring(figures)
    }

    /// The finding on an idle stream; `keepAlives` is the number of keep-alive comments received.
    package static func idleStream(
        _ stream: PublicStream, keepAlives: Int, watch: Duration, heartbeat: Duration
    ) -> Finding {
        let (check, tried) = ("idle-stream", "a stream without events")
        if let end = stream.end, let time = stream.endTime, let opened = stream.opened {
            let silence = time - (stream.latest ?? opened)
            let words = "\(words(end)) after \(seconds(silence)) of silence"
            guard end != .orderly else {
                return .failed(
                    check, tried, words + ": the gateway was stopped, or a proxy ends streams",
                    do: "check again while the gateway runs; otherwise check the proxy's timeouts"
                )
            }
            return .failed(
                check, tried, words + ", by something between here and the gateway",
                do: "set timeouts there longer than \(VariableName.heartbeat)"
                    + " (\(heartbeat.settingText)), 90 s for polls: nginx: proxy_read_timeout 90s"
            ).measuring(["silence_ms": milliseconds(silence)])
        }
        let lived = "open for \(watch.settingText)"
        let figures = ["watched_ms": milliseconds(watch)]
        guard keepAlives > 0 else {
            if watch > heartbeat * 2 {
                return .failed(
                    check, tried, "\(lived), but no heartbeat arrived", do: passOn)
            }
            let words = "\(lived), less than the heartbeat interval; use --for to watch longer"
            return .ok(check, tried, words).measuring(figures)
        }
        return .ok(check, tried, "\(lived); heartbeats received: \(keepAlives)").measuring(figures)
    }

    /// The finding on a waiting poll: whether it may wait for as long as the gateway allows.
    package static func idlePoll(longest: Duration, failure: WaitingPolls.Failure?) -> Finding {
        let (check, tried) = ("idle-poll", "a poll that waits for events")
        guard let failure else {
            return .ok(check, tried, "answered after \(seconds(longest))")
                .measuring(["waited_ms": milliseconds(longest)])
        }
        return .failed(
            check, tried, "\(failure.words) after \(seconds(failure.after))",
            do:
                "make the proxy wait longer than the 55 s of a poll, and cache no polls: nginx:"
                + " proxy_read_timeout 90s, proxy_cache off"
        ).measuring(["waited_ms": milliseconds(failure.after)])
    }

    private static func words(_ end: PublicStream.End) -> String {
        switch end {
        case .orderly: "ended cleanly"
        case .cut(let words): "cut (\(words))"
        case .garbled(let words): "not an event stream: \(words)"
        }
    }

    private static func milliseconds(_ time: Duration) -> Int { Int(time / .milliseconds(1)) }

    private static func seconds(_ time: Duration) -> String {
        let tenths = (milliseconds(time) + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
