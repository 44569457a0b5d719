// SPDX-License-Identifier: MIT

/// The reader of a snapshot, as far as the snapshot depends on it.
package struct Recipient {
    /// The reader's user; `nil` if it is unknown.
    package let userID: String?
    /// The state of the connection to Channels, as it is reported to readers.
    package let upstream: ReportedUpstream

    package init(userID: String?, upstream: ReportedUpstream) {
        self.userID = userID
        self.upstream = upstream
    }
}
