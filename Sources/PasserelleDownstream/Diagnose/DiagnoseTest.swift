// SPDX-License-Identifier: MIT

/// A test of the page `/diagnose` that needs an answer of the gateway; the raw value is the last
/// segment of its path.
enum DiagnoseTest: String {
    /// An event stream of numbered frames.
    case stream
    /// An answer after some seconds.
    case poll
    /// The text in a POST's body.
    case echo
    /// An answer that sets a cookie.
    case cookie
    /// The cookie and the token that arrived.
    case fields
    /// The time, and a text that differs in each answer.
    case time

    /// The methods that the test accepts.
    var methods: [String] { self == .echo ? ["POST"] : HTTPRoute.reading }
}
