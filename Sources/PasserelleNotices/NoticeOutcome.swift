// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleWire

/// The outcome of a call to Inngest.
package enum NoticeOutcome: Equatable, Sendable {
    /// Inngest accepted the event.
    case sent
    /// Inngest rejected the event itself, and would reject the same bytes again.
    case refused(status: Int)
    /// Inngest did not receive or did not accept the event this time.
    case failed(NoticeCause)
    /// No usable answer: Inngest may have the event.
    case unknown(NoticeCause)

    /// Evaluates an answer; only a 200 without an error in the body counts as accepted.
    ///
    /// | status | consequence |
    /// |---|---|
    /// | 400, 406, 413 | given up: the event itself is invalid |
    /// | 3xx, other 4xx | retried: a wrong key, address or rate, which an operator can correct |
    /// | 5xx, other 2xx | retried; if it was accepted, its id prevents a second mail |
    package init(_ response: HTTPResponse) {
        switch response.status {
        case 200:
            self = response.hasError ? .unknown(.words("status 200 with an error")) : .sent
        case 400, 406, 413: self = .refused(status: response.status)
        case 300..<500: self = .failed(.status(response.status))
        // A server may have processed or forwarded a request although its answer reports a failure.
        default: self = .unknown(.status(response.status))
        }
    }

    /// Evaluates a call that failed without an answer.
    package init(_ error: HTTPCallError) {
        switch error {
        case .unreachable(let words): self = .failed(.words(words))
        case .unanswered(let words): self = .unknown(.words(words))
        case .malformed: self = .unknown(.words("the answer is not HTTP"))
        }
    }
}

extension HTTPResponse {
    /// True if the body is an object with an `error` that is neither null nor empty.
    fileprivate var hasError: Bool {
        guard let object = JSONObject(body), let error = object["error"] else { return false }
        return error.kind != .null && object.text(error) != ""
    }
}
