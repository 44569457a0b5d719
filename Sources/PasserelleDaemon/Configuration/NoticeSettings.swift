// SPDX-License-Identifier: MIT

package import PasserelleUpstream

/// What was said about offline notices.
package struct NoticeSettings: Sendable {
    /// Inngest's event key; without one there are no notices.
    package var key: Secret?
    /// Where Inngest is; its path stands in front of `/e/`.
    package var address = WebAddress(isTLS: true, host: "inn.gs", port: 443, target: "/")
    /// What the notices are about.
    package var rules = NoticeConfiguration()

    /// Settings in which nothing is said yet.
    package init() {}
}
