// SPDX-License-Identifier: MIT

package import PasserelleNet

/// How readers show who they are, where they must.
package struct AccessConfiguration {
    /// Keys that tokens may be signed with; empty: tokens do not admit.
    package var tokenKeys: [SignatureKey] = []
    /// Whether the application's own auth route is asked.
    package var asksRoute = false
    /// The fields of a request that the route is shown.
    package var routeFields = AccessConfiguration.usualFields
    /// The bounds of asking it.
    package var limits = AuthChecks.Limits()

    /// What applications know a user by.
    package static let usualFields = ["Cookie", "Authorization", "X-CSRF-Token"]

    /// Nobody is admitted yet.
    package init() {}
}
