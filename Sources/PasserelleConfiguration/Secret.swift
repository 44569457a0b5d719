// SPDX-License-Identifier: MIT

package import PasserelleNet

/// A string that descriptions, interpolations and dumps do not reveal.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself, for signing.
    package let revealed: String

    /// Creates a secret from its text.
    package init(_ text: String) {
        revealed = text
    }

    /// The secret's bytes.
    package var bytes: [UInt8] { Array(revealed.utf8) }

    /// The length of the secret, or that it is not set.
    package var description: String {
        revealed.isEmpty ? "not set" : "set, \(revealed.utf8.count) bytes"
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A token key, as configured.
package enum TokenKey: Sendable, Equatable {
    /// A shared secret, which can also sign.
    case secret(Secret)
    /// A public key in PEM.
    case publicPEM([UInt8])

    /// The key in the form that verifies signatures.
    package var key: SignatureKey {
        get throws(SignatureKeyError) {
            switch self {
            case .secret(let secret): try SignatureKey(secret: secret.bytes)
            case .publicPEM(let pem): try SignatureKey(publicPEM: pem)
            }
        }
    }
}
