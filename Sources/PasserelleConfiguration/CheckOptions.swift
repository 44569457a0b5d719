// SPDX-License-Identifier: MIT

package import PasserelleHTTP

/// The values of the options of `passerelle check`.
package enum CheckOptions {
    /// How long `--public` watches a silent stream if `--for` is not given.
    package static let defaultWatchTime: Duration = .seconds(60)
    /// The values that `--for` accepts.
    package static let watchTimes: ClosedRange<Duration> = .seconds(1) ... .seconds(3_600)

    /// Returns the URL of `--public`, or `nil` if it is not given, has a query or is not a URL.
    package static func site(_ text: String?) -> WebAddress? {
        guard let text, !text.contains("?") else { return nil }
        return try? WebAddress(setting: text)
    }

    /// Returns the duration of `--for`, or `nil` if it is not a duration or is out of range.
    package static func watchTime(_ text: String?) -> Duration? {
        guard let text else { return defaultWatchTime }
        return (try? Duration(setting: text)).flatMap { watchTimes.contains($0) ? $0 : nil }
    }
}
