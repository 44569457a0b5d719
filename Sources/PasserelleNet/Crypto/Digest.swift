// SPDX-License-Identifier: MIT

import COpenSSL

/// Digests and keyed digests, by OpenSSL.
package enum Digest {
    /// Returns the SHA-1 digest (FIPS 180-4), 20 bytes; for the WebSocket handshake only.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] { digest(EVP_sha1(), bytes) }

    /// Returns the SHA-256 digest (FIPS 180-4), 32 bytes.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(EVP_sha256(), bytes) }

    /// Returns the MD5 digest (RFC 1321), 16 bytes; for `body_md5` of Channels' REST calls only.
    package static func md5(_ bytes: [UInt8]) -> [UInt8] { digest(EVP_md5(), bytes) }

    /// Returns the HMAC with SHA-256 (RFC 2104), 32 bytes; the key may have any length.
    package static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var count = 0
        let result = [UInt8](unsafeUninitializedCapacity: 32) { out, initialized in
            let made = EVP_Q_mac(
                nil, "HMAC", nil, "SHA256", nil, key, key.count, message, message.count,
                out.baseAddress, 32, &count)
            initialized = made == nil ? 0 : count
        }
        precondition(result.count == 32, "OpenSSL has no HMAC with SHA-256")
        return result
    }

    private static func digest(_ kind: OpaquePointer?, _ bytes: [UInt8]) -> [UInt8] {
        var count: UInt32 = 0
        let result = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { out, used in
            let done = EVP_Digest(bytes, bytes.count, out.baseAddress, &count, kind, nil)
            used = done == 1 ? Int(count) : 0
        }
        precondition(!result.isEmpty, "OpenSSL lacks a digest that is part of every build")
        return result
    }
}
