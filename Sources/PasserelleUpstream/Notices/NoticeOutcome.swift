// SPDX-License-Identifier: MIT

package import PasserelleWire

/// How a call to Inngest ended.
package enum NoticeOutcome: Equatable, Sendable {
    /// Inngest has the event.
    case sent
    /// Inngest says no, and would say so again.
    case refused(status: Int)
    /// Inngest, or the way there, did not take it this time; nothing is with it.
    case failed(String)
    /// No answer: it may have the event or not.
    case unknown(String)

    /// Reads an answer: only a 200 whose body tells no error is a yes.
    package init(_ response: HTTPResponse) {
        switch response.status {
        case 200: self = response.tellsError ? .unknown("status 200 with an error") : .sent
        case 408, 425, 429: self = .failed("status \(response.status)")
        case 300..<500: self = .refused(status: response.status)
        // A request can be taken in part, or passed on, before its answer says that it failed.
        default: self = .unknown("status \(response.status)")
        }
    }

    /// Reads a call that had no answer.
    package init(_ error: HTTPCallError) {
        switch error {
        case .unreachable(let words): self = .failed(words)
        case .unanswered(let words): self = .unknown(words)
        case .malformed: self = .unknown("the answer is no HTTP")
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
