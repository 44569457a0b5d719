// SPDX-License-Identifier: MIT

package import PasserelleWire

/// A web framework's refusal of a request that it takes for a cross-site request forgery.
package enum ForgeryRefusal: Equatable, Sendable {
    /// The request's `Origin` is not the application's.
    case origin
    /// The request has no valid CSRF token, or not the application's `Origin`.
    case token

    /// The length of the searched part of a body, in bytes.
    private static let searchedBytes = 16_384

    /// The texts that frameworks send, in lower case.
    private static let words: [(kind: ForgeryRefusal, text: [UInt8])] = [
        // SvelteKit and Astro; Go's CrossOriginProtection.
        (.origin, Array("cross-site post form submissions are forbidden".utf8)),
        (.origin, Array("cross-origin request detected".utf8)),
        // Django, and its REST framework.
        (.token, Array("csrf verification failed".utf8)),
        (.token, Array("csrf failed:".utf8)),
        // Rails: the exception's name and its message, and the production page, 422.
        (.token, Array("invalidauthenticitytoken".utf8)),
        (.token, Array("can't verify csrf token authenticity".utf8)),
        (.token, Array("the change you wanted was rejected".utf8)),
        // Laravel and Express.
        (.token, Array("csrf token mismatch".utf8)),
        (.token, Array("invalid csrf token".utf8)),
    ]

    /// Recognizes a refusal by its text, or by status 419, used by Laravel; returns `nil`
    /// for any other answer.
    package init?(_ response: HTTPResponse) {
        guard (400..<500).contains(response.status) else { return nil }
        let body = response.body.prefix(Self.searchedBytes).map { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        let found = Self.words.first { body.firstRange(of: $0.text) != nil }
        guard let kind = found?.kind ?? (response.status == 419 ? .token : nil) else { return nil }
        self = kind
    }
}
