// SPDX-License-Identifier: MIT

import PasserelleLog
package import PasserelleNet

/// The reason why the value of a variable is invalid.
package enum ValueProblem: Error, Equatable, Sendable {
    /// It is not of the required kind.
    case not(String)
    /// It is outside the range from `low` to `high`.
    case outside(low: String, high: String)
    /// A part of the list is invalid; `part` is shown.
    case part(String, is: String)
    /// It contains control characters or invalid UTF-8.
    case unprintable
    /// It names a file that cannot be read.
    case unreadable(FileFailure)
    /// It cannot be used; the text is a predicate about the value, which may be secret.
    case unfit(String)
    /// It is longer than `limit` bytes.
    case tooLong(limit: Int)

    /// The same problem without any part of the value.
    package var withoutPart: ValueProblem {
        if case .part(_, let fault) = self { .unfit("has a part that \(fault)") } else { self }
    }

    /// A predicate about the value.
    package var reason: String {
        switch self {
        case .not(let thing): "is not \(thing)"
        case .outside(let low, let high): "is not between \(low) and \(high)"
        case .part(let part, let fault): "has \(QuotedText.quoted(part, limit: 60)), which \(fault)"
        case .unprintable: "has a control character or bytes that are not UTF-8"
        case .unreadable(let failure): "cannot be read (\(failure.reason))"
        case .unfit(let words): words
        case .tooLong(let limit): "is longer than \(limit) bytes"
        }
    }
}
