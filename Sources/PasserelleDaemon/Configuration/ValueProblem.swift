// SPDX-License-Identifier: MIT

/// What is wrong with a variable's value.
package enum ValueProblem: Error, Equatable, Sendable {
    /// It is not the `thing` that the variable takes.
    case not(String)
    /// It is one, and below or above what is allowed, which runs `low` to `high`.
    case outside(low: String, high: String)
    /// One part of a list is wrong; `part` is shown.
    case part(String, is: String)
    /// It has control characters, or was not UTF-8.
    case unprintable
    /// It names a file that cannot be read.
    case unreadable(FileFailure)
    /// It is secret, or names a file that is, and cannot be used; the end of a sentence.
    case unfit(String)
    /// It is longer than `limit` bytes.
    case tooLong(limit: Int)

    /// The end of a sentence that begins with the value.
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
