// SPDX-License-Identifier: MIT

package import PasserelleWire

/// How a call to Inngest ended.
package enum NoticeOutcome: Equatable, Sendable {
    /// Inngest has the event.
    case sent
    /// Inngest says that the event itself is wrong: it would say so again of the same bytes.
    case refused(status: Int)
    /// Inngest, or the way there, did not take it this time; nothing is with it.
    case failed(NoticeCause)
    /// No answer: it may have the event or not.
    case unknown(NoticeCause)

    /// Reads an answer: only a 200 whose body tells no error is a yes.
    ///
    /// | status | what is done |
    /// |---|---|
    /// | 400, 406, 413 | given up: it is about this event, which does not change |
    /// | 3xx, other 4xx | tried again: a key, an address, a pace, which somebody may set right |
    /// | 5xx, other 2xx | tried again, and it may have gone out: by its id it is no second mail |
    package init(_ response: HTTPResponse) {
        switch response.status {
        case 200:
            self = response.tellsError ? .unknown(.words("status 200 with an error")) : .sent
        case 400, 406, 413: self = .refused(status: response.status)
        case 300..<500: self = .failed(.status(response.status))
        // A request can be taken in part, or passed on, before its answer says that it failed.
        default: self = .unknown(.status(response.status))
        }
    }

    /// Reads a call that had no answer.
    package init(_ error: HTTPCallError) {
        switch error {
        case .unreachable(let words): self = .failed(.words(words))
        case .unanswered(let words): self = .unknown(.words(words))
        case .malformed: self = .unknown(.words("the answer is no HTTP"))
        }
    }
}

extension HTTPResponse {
    /// Whether the body is an object with an `error` that is something.
    fileprivate var tellsError: Bool {
        guard let root = try? JSONScanner.document(body.span),
            let error = JSONScanner.member(body.span, of: root, named: "error")
        else { return false }
        return error.kind != .null && JSONScanner.text(body.span, error) != ""
    }
}
