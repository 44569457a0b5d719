// SPDX-License-Identifier: MIT

/// Why the value of one line of an environment file cannot be read.
package enum EnvironmentFileError: Error, Equatable, Sendable {
    /// A name that no `=` follows.
    case noEqualsSign
    /// A quote that is opened and never closed.
    case unterminatedQuote
    /// Text, which is no comment, behind the closing quote.
    case textAfterQuote
    /// `$NAME` or `${NAME}`, where one reader of such files would put another variable's value.
    case reference
    /// Bytes that are not UTF-8.
    case notUTF8
    /// A NUL byte.
    case nul

    /// What is wrong and what helps, as the end of a sentence about the variable.
    package var reason: String {
        switch self {
        case .noEqualsSign: "has no '=' after its name"
        case .unterminatedQuote: "has a quote that is never closed"
        case .textAfterQuote: "has text behind its closing quote; put all of it in the quotes"
        case .reference:
            "refers to another variable with '$', which is not expanded here;"
                + " write the value out, or '\\$' for the sign itself"
        case .notUTF8: "is not UTF-8"
        case .nul: "has a NUL byte in it"
        }
    }
}
