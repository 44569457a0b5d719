// SPDX-License-Identifier: MIT

package import PasserelleNet

/// What goes with the ways in which readers show who they are.
package struct AccessSettings: Sendable, Equatable {
    /// The application's auth route.
    package var endpoint: WebAddress?
    /// The fields of a request that it is shown.
    package var endpointFields: [String] = []
    /// How soon it is asked again about those who stay.
    package var recheck: Duration = .zero
    /// How long it may fail before those whom it admitted must go.
    package var grace: Duration = .zero
    /// The keys that tokens are signed with: one, or two while they change.
    package var tokenKeys: [TokenKey] = []

    /// Nothing is said yet.
    package init() {}
}

/// A key that tokens are signed with, as it was configured.
package enum TokenKey: Sendable, Equatable {
    /// A secret, which signs as well.
    case secret(Secret)
    /// A public key in PEM.
    case publicPEM([UInt8])

    /// The key as it verifies.
    package var key: SignatureKey {
        get throws(SignatureKeyError) {
            switch self {
            case .secret(let secret): try SignatureKey(secret: secret.bytes)
            case .publicPEM(let pem): try SignatureKey(publicPEM: pem)
            }
        }
    }
}
