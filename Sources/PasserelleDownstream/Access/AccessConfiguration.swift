// SPDX-License-Identifier: MIT

package import PasserelleNet

/// How readers are authorized.
package struct AccessConfiguration {
    /// Keys that verify tokens; if empty, tokens are not accepted.
    package var tokenKeys: [SignatureKey] = []
    /// The value that a token's `aud` must contain; `nil` if it is not checked.
    package var tokenAudience: String?
    /// True if a token may be in the query.
    package var acceptsQueryTokens = false
    /// True if the application's auth route is asked.
    package var asksRoute = false
    /// The request fields that are forwarded to the route.
    package var routeFields = AccessConfiguration.usualFields
    /// The limits of calls to the route.
    package var limits = AuthRouteCache.Limits()

    /// The fields by which applications usually identify a user.
    package static let usualFields = ["Cookie", "Authorization", "X-CSRF-Token"]

    /// How long a revocation is remembered: until no earlier authorization can still be valid.
    var revocationLifetime: Duration {
        guard tokenKeys.isEmpty else { return Revocations.tokenLifetime }
        return limits.fresh + limits.grace + .seconds(60)
    }

    /// Creates a configuration that authorizes no reader.
    package init() {}
}
