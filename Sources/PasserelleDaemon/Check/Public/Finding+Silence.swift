// SPDX-License-Identifier: MIT

import PasserelleWire

/// How late a stream is, and how long silence lasts.
extension Finding {
    /// How much later than from Channels itself an event may come without a word.
    static let lateness: Duration = .milliseconds(500)

    private static let patience = PublicCheck.openingPatience.settingText
    private static let passOn =
        "have the proxy pass event streams on as they come: nginx: proxy_buffering off, no"
        + " proxy_ignore_headers X-Accel-Buffering, gzip off; the files of deploy/ do"

    /// Whether a stream's bytes come when they are said.
    static func stream(_ stream: PublicStream, _ delay: PublicCheck.Delay) -> Finding {
        let (check, tried) = ("stream", "an event stream, and \(PublicCheck.event) on it")
        func failed(_ found: String, _ remedy: String = passOn) -> Finding {
            .failed(check, tried, found, do: remedy)
        }
        guard let head = stream.head else {
            let silence = "held back: nothing came within \(patience), not even the answer's head"
            return failed(stream.end.map(words) ?? silence)
        }
        guard head.status == 200 else {
            return failed(
                words(.success(head)), "what the gateway says of it: passerelle status, and its log"
            )
        }
        if let coding = stream.coding { return failed("it is compressed (\(coding))") }
        guard let opening = delay.opening else {
            return failed(
                "held back: nothing came within \(patience) of what is said at"
                    + " once")
        }
        if delay.missing > 0 {
            return failed(
                "held back: it opened, and what Channels delivered did not come within"
                    + " \(patience)")
        }
        if let end = stream.end { return failed(words(end)) }
        let opened = "opened in \(milliseconds(opening)) ms"
        guard let behind = delay.typical else {
            return .warning(
                check, tried, "\(opened); \(delay.obstacle ?? "nothing was said on it")",
                do: "see to what is said above, and check again")
        }
        let figures = ["open_ms": milliseconds(opening), "behind_ms": milliseconds(behind)]
        let words = "\(opened); events \(milliseconds(behind)) ms behind Channels itself"
        guard behind <= lateness else {
            return .warning(check, tried, words, do: passOn).measuring(figures)
        }
        return .ok(check, tried, words).measuring(figures)
    }

    /// Whether a stream on which nothing is said lives on; `beats` are the comments that came.
    static func idleStream(
        _ stream: PublicStream, beats: Int, watch: Duration, heartbeat: Duration
    ) -> Finding {
        let (check, tried) = ("idle-stream", "a stream on which nothing is said")
        if let end = stream.end, let time = stream.endTime, let opened = stream.opened {
            let silence = time - (stream.latest ?? opened)
            let words = "\(words(end)) after \(seconds(silence)) of silence"
            guard end != .orderly else {
                return .failed(
                    check, tried, words + ": the gateway was stopped, or a proxy ends streams",
                    do: "check again, with a gateway that stays; else look at the proxy's time-outs"
                )
            }
            return .failed(
                check, tried, words + ", by something between here and the gateway",
                do: "have time-outs there that are longer than PASSERELLE_HEARTBEAT"
                    + " (\(heartbeat.settingText)), 90 s for polls too: nginx: proxy_read_timeout 90s"
            ).measuring(["silence_ms": milliseconds(silence)])
        }
        let lived = "lived for \(watch.settingText)"
        let figures = ["watched_ms": milliseconds(watch)]
        guard beats > 0 else {
            if watch > heartbeat * 2 {
                return .failed(
                    check, tried, "\(lived), and not one heartbeat came", do: passOn)
            }
            let words = "\(lived), less than a heartbeat takes; --for watches it for longer"
            return .ok(check, tried, words).measuring(figures)
        }
        return .ok(check, tried, "\(lived); heartbeats that came: \(beats)").measuring(figures)
    }

    /// Whether a poll may wait as long as polls do.
    static func idlePoll(longest: Duration, failure: WaitingPolls.Failure?) -> Finding {
        let (check, tried) = ("idle-poll", "a poll that waits for news")
        guard let failure else {
            return .ok(check, tried, "answered after \(seconds(longest))")
                .measuring(["waited_ms": milliseconds(longest)])
        }
        return .failed(
            check, tried, "\(failure.words) after \(seconds(failure.after))",
            do:
                "have the proxy wait for longer than the 55 s of a poll, and cache none: nginx:"
                + " proxy_read_timeout 90s, proxy_cache off"
        ).measuring(["waited_ms": milliseconds(failure.after)])
    }

    private static func words(_ end: PublicStream.End) -> String {
        switch end {
        case .orderly: "ended in an orderly way"
        case .cut(let words): "cut (\(words))"
        case .garbled(let words): "no event stream: \(words)"
        }
    }

    private static func milliseconds(_ time: Duration) -> Int { Int(time / .milliseconds(1)) }

    private static func seconds(_ time: Duration) -> String {
        let tenths = (milliseconds(time) + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }
}
