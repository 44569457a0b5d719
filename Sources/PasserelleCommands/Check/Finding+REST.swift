// SPDX-License-Identifier: MIT

import PasserelleConfiguration
package import PasserelleHTTP
import PasserelleUpstream
package import PasserelleWire

extension Finding {
    /// Channels refuses our signatures if the clocks differ by this many seconds.
    package static let clockWindow: Int64 = 600
    /// A difference of more seconds than this is a warning.
    package static let clockLimit: Int64 = 60

    /// The findings of a signed REST call: on the clock, the application's id, its key and its
    /// secret.
    ///
    /// `now` is the time of the answer, in seconds since 1970.
    package static func rest(
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
                    "rest", tried, "\(error)",
                    do: "check \(VariableName.pusherHost), \(VariableName.pusherPort) and"
                        + " \(VariableName.pusherScheme), and whether a firewall or proxy blocks"
                        + " the call"),
            ]
        }
        let skew = response.fields.first("Date").flatMap(HTTPDate.seconds).map { $0 - now }
        let words = "\(response.status) " + RESTAnswer.refusal(response)
        return [clock(skew), answer(response.status, words, tried, skew: skew)]
    }

    /// The finding on the clock; `skew` is how far Channels' clock is ahead, in seconds.
    package static func clock(_ skew: Int64?) -> Finding {
        let tried = "Channels' clock"
        guard let skew else {
            return .skipped("clock", tried, because: "the answer has no valid Date field")
        }
        let words =
            abs(skew) <= 1
            ? "within a second of this machine's"
            : "\(span(abs(skew))) \(skew > 0 ? "ahead of" : "behind") this machine's"
        let remedy = "set this machine's clock: timedatectl set-ntp true"
        if abs(skew) >= clockWindow {
            let more = ": Channels refuses signatures more than 10 minutes off"
            return .failed("clock", tried, words + more, do: remedy)
        }
        return abs(skew) > clockLimit
            ? .warning("clock", tried, words, do: remedy) : .ok("clock", tried, words)
    }

    private static func answer(
        _ status: Int, _ words: String, _ tried: String, skew: Int64?
    ) -> Finding {
        let remedy: String
        switch status {
        case 200: return .ok("rest", tried, "200: id, key and secret match")
        case 401 where abs(skew ?? 0) >= clockWindow: remedy = "set the clock first, see above"
        case 401:
            remedy =
                "\(VariableName.appSecret) does not belong to \(VariableName.appKey), or the key"
                + " belongs to another application: copy both from the application's App Keys page"
        case 403, 404:
            remedy =
                "check \(VariableName.appID) and \(VariableName.pusherCluster): the application"
                + " does not exist, or is disabled; check \(VariableName.pusherPath) if the server"
                + " is not at the root"
        case 300..<400: remedy = "\(VariableName.pusherHost) redirects: set it to the new host"
        default: remedy = "unexpected answer of Channels: try again, and check its status page"
        }
        return .failed("rest", tried, words, do: remedy)
    }

    private static func span(_ seconds: Int64) -> String {
        seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}
