// SPDX-License-Identifier: MIT

/// The reason why a notice was not delivered.
package enum NoticeCause: Equatable, Sendable, CustomStringConvertible {
    /// The status of Inngest's answer.
    case status(Int)
    /// A description, if there was no answer or an invalid one.
    case words(String)

    /// The cause on one line, for the log.
    package var description: String {
        switch self {
        case .status(let status): "status \(status)"
        case .words(let words): words
        }
    }
}
