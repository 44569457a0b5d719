// SPDX-License-Identifier: MIT

/// Why a notice did not go out.
package enum NoticeCause: Equatable, Sendable, CustomStringConvertible {
    /// Inngest answered with this status.
    case status(Int)
    /// There was no answer, or none that makes sense.
    case words(String)

    /// The cause on one line, for the log.
    package var description: String {
        switch self {
        case .status(let status): "status \(status)"
        case .words(let words): words
        }
    }
}
