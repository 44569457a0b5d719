// SPDX-License-Identifier: MIT

import PasserelleUpstream
import PasserelleWire

extension Finding {
    /// How far Channels' clock may be from ours, in seconds, before it refuses what we sign.
    static let clockWindow: Int64 = 600
    /// How far it may be before that is worth a word, in seconds.
    static let clockLimit: Int64 = 60

    /// What a signed REST call says of the clock, the application's id, its key and its secret.
    ///
    /// `now` is when the answer came, in seconds since 1970.
    static func rest(
        _ result: Result<HTTPResponse, HTTPCallError>, appID: String, now: Int64
    ) -> [Finding] {
        let tried = "GET /apps/\(appID)/channels"
        let response: HTTPResponse
        switch result {
        case .success(let found): response = found
        case .failure(let error):
            return [
                .skipped("clock", "Channels' clock", because: "there was no answer"),
                .failed(
                    "rest", tried, words(error),
                    do: "check PUSHER_HOST, PUSHER_PORT and PUSHER_SCHEME, and that a firewall or"
                        + " proxy lets it pass"),
            ]
        }
        let skew = response.fields.first("Date").flatMap(HTTPDate.seconds).map { $0 - now }
        let words = "\(response.status) " + RESTAnswer.refusal(response)
        return [clock(skew), answer(response.status, words, tried, skew: skew)]
    }

    /// What Channels' clock says of ours; `skew` is how far it is ahead, in seconds.
    static func clock(_ skew: Int64?) -> Finding {
        let tried = "Channels' clock"
        guard let skew else {
            return .skipped("clock", tried, because: "the answer does not say its time")
        }
        let words =
            abs(skew) <= 1
            ? "within a second of this machine's"
            : "\(span(abs(skew))) \(skew > 0 ? "ahead of" : "behind") this machine's"
        let remedy = "set this machine's clock: timedatectl set-ntp true"
        if abs(skew) >= clockWindow {
            let more = ": Channels refuses what is signed more than 10 minutes off"
            return .failed("clock", tried, words + more, do: remedy)
        }
        return abs(skew) > clockLimit
            ? .warning("clock", tried, words, do: remedy) : .ok("clock", tried, words)
    }

    private static func answer(
        _ status: Int, _ words: String, _ tried: String, skew: Int64?
    ) -> Finding {
        switch status {
        case 200: return .ok("rest", tried, "200: id, key and secret belong together")
        case 401 where abs(skew ?? 0) >= clockWindow:
            return .failed("rest", tried, words, do: "set the clock first, as said above")
        case 401:
            return .failed(
                "rest", tried, words,
                do: "PUSHER_SECRET is not that of PUSHER_KEY, or the key is another application's:"
                    + " copy both from the application's App Keys page")
        case 403, 404:
            return .failed(
                "rest", tried, words,
                do: "check PUSHER_APP_ID and PUSHER_CLUSTER: there is no such application here, or"
                    + " it is disabled")
        case 300..<400:
            return .failed(
                "rest", tried, words, do: "PUSHER_HOST leads elsewhere: set it to where that is")
        default:
            return .failed(
                "rest", tried, words,
                do: "Channels does not answer as it should: try again, and look at its status page")
        }
    }

    private static func words(_ error: HTTPCallError) -> String {
        switch error {
        case .unreachable(let words), .unanswered(let words), .malformed(let words): words
        }
    }

    private static func span(_ seconds: Int64) -> String {
        seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}
