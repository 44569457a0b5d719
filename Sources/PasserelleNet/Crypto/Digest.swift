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

/// Comparison whose duration does not depend on the contents.
package enum ConstantTime {
    /// Returns `true` if both hold the same bytes; the time depends on the length alone.
    package static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}

/// Lower-case hexadecimal text of bytes, and the reverse.
package enum Hex {
    /// Returns two lower-case digits for each byte.
    package static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Returns the bytes of an even number of digits of either case, or `nil` for any other text.
    package static func decode(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap(value)
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 48...57: character - 48
        case 65...70: character - 55
        case 97...102: character - 87
        default: nil
        }
    }
}

/// Unpredictable numbers: keys by OpenSSL's generator, single numbers by the kernel's.
///
/// Masks and delays use `getrandom(2)` directly. With OpenSSL, a long-lived process would map a
/// megabyte of its code for four bytes now and then.
package enum Random {
    /// Returns `count` unpredictable bytes, for keys.
    package static func bytes(_ count: Int) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, used in
            used = RAND_bytes(out.baseAddress, Int32(count)) == 1 ? count : 0
        }
        precondition(bytes.count == count, "the system gives no random numbers")
        return bytes
    }

    /// Returns one unpredictable 32-bit number, such as a WebSocket mask.
    package static func uint32() -> UInt32 {
        var kernel = SystemRandomNumberGenerator()
        return UInt32(truncatingIfNeeded: kernel.next())
    }

    /// Returns one unpredictable number in 0..<bound, such as to spread a delay.
    package static func below(_ bound: Int) -> Int { Int(uint32()) % bound }

    /// Returns one unpredictable number in 0..<1, such as for the jitter of a delay.
    package static func fraction() -> Double {
        Double(uint32()) / 4_294_967_296
    }
}
