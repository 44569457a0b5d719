// SPDX-License-Identifier: MIT

import COpenSSL

/// One key and its one algorithm, for JSON Web Signatures (RFC 7518 §3, RFC 8037).
///
/// The key's kind determines the algorithm; a token's `alg` is only compared with it.
package final class SignatureKey {
    /// The algorithms, by their names in `alg`.
    package enum Algorithm: String, Sendable {
        /// HMAC with SHA-256 (RFC 7518 §3.2).
        case hs256 = "HS256"
        /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
        case rs256 = "RS256"
        /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
        case es256 = "ES256"
        /// Ed25519 (RFC 8037 §3.1).
        case eddsa = "EdDSA"
    }

    /// Bytes of the shortest secret.
    package static let secretBytes = 32
    /// Bits of the smallest RSA key (RFC 7518 §3.3).
    package static let rsaBits: Int32 = 2048
    /// Bytes of a key file that are examined.
    private static let fileBytes = 65_536
    /// Bytes of each of the two numbers of an ECDSA signature on P-256.
    private static let halfBytes = 32

    /// The algorithm of the key's kind.
    package let algorithm: Algorithm
    private let secret: [UInt8]
    /// The asymmetric key; `nil` for a secret.
    private let key: OpaquePointer?

    /// Uses a secret, which signs and verifies.
    package init(secret: [UInt8]) throws(SignatureKeyError) {
        if let kind = SecretText.kind(of: secret) {
            throw kind == .key ? .keyTextAsSecret : .notSecret(kind)
        }
        guard secret.count >= Self.secretBytes else {
            throw .shortSecret(bytes: secret.count, least: Self.secretBytes)
        }
        algorithm = .hs256
        self.secret = secret
        key = nil
    }

    /// Reads a public key in PEM, which verifies.
    package convenience init(publicPEM pem: [UInt8]) throws(SignatureKeyError) {
        guard pem.firstRange(of: Array("PRIVATE KEY-----".utf8)) == nil else { throw .privateKey }
        try self.init(pem) { PEM_read_bio_PUBKEY($0, nil, nil, nil) }
    }

    /// Reads a private key in PEM without a passphrase, which signs and verifies.
    package convenience init(privatePEM pem: [UInt8]) throws(SignatureKeyError) {
        try self.init(pem) { bio in
            // Fails if the key needs a passphrase, instead of prompting for it.
            PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    private init(
        _ pem: [UInt8], _ read: (OpaquePointer?) -> OpaquePointer?
    ) throws(SignatureKeyError) {
        ERR_clear_error()
        let found = pem.prefix(Self.fileBytes).withUnsafeBytes { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(bio) }
            return read(bio)
        }
        guard let key = found else { throw .noKey(TLSError.takeLastReason()) }
        guard let algorithm = Self.algorithm(of: key) else {
            EVP_PKEY_free(key)
            throw .unfit
        }
        self.algorithm = algorithm
        self.key = key
        secret = []
    }

    deinit { EVP_PKEY_free(key) }

    /// Returns `true` if `signature` is this key's signature of `bytes`.
    package func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        guard let key else {
            return ConstantTime.equal(signature, Digest.hmacSHA256(key: secret, bytes))
        }
        guard let form = algorithm == .es256 ? Self.der(signature) : signature else { return false }
        let context = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        return EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1
            && EVP_DigestVerify(context, form, form.count, bytes, bytes.count) == 1
    }

    /// Returns the signature of `bytes`, or `nil` if the key is a public one.
    package func signature(of bytes: [UInt8]) -> [UInt8]? {
        guard let key else { return Digest.hmacSHA256(key: secret, bytes) }
        let context = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var count = 0
        guard EVP_DigestSignInit(context, nil, digest, nil, key) == 1,
            EVP_DigestSign(context, nil, &count, bytes, bytes.count) == 1
        else { return nil }
        var form = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSign(context, &form, &count, bytes, bytes.count) == 1 else { return nil }
        form.removeLast(form.count - count)
        return algorithm == .es256 ? Self.raw(form) : form
    }

    /// The digest that OpenSSL applies; `nil` for Ed25519, which includes its own.
    private var digest: OpaquePointer? { algorithm == .eddsa ? nil : EVP_sha256() }

    private static func algorithm(of key: OpaquePointer) -> Algorithm? {
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA: return EVP_PKEY_get_bits(key) >= rsaBits ? .rs256 : nil
        case EVP_PKEY_ED25519: return .eddsa
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 64)
            var count = 0
            guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return nil }
            let text = String(decoding: name.prefix(count).map(UInt8.init), as: UTF8.self)
            return text == "prime256v1" ? .es256 : nil
        default: return nil
        }
    }

    /// Converts an ECDSA signature from JWS's form to OpenSSL's DER; `nil` if its length is wrong.
    private static func der(_ raw: [UInt8]) -> [UInt8]? {
        guard raw.count == 2 * halfBytes, let pair = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(pair) }
        let count = Int32(halfBytes)
        let (r, s) = raw.withUnsafeBufferPointer { bytes in
            (
                BN_bin2bn(bytes.baseAddress, count, nil),
                BN_bin2bn(bytes.baseAddress.map { $0 + halfBytes }, count, nil)
            )
        }
        guard ECDSA_SIG_set0(pair, r, s) == 1 else { return nil }
        let length = i2d_ECDSA_SIG(pair, nil)
        guard length > 0 else { return nil }
        return [UInt8](unsafeUninitializedCapacity: Int(length)) { out, used in
            var end = out.baseAddress
            used = max(0, Int(i2d_ECDSA_SIG(pair, &end)))
        }
    }

    /// Converts an ECDSA signature from OpenSSL's DER to JWS's form, two numbers.
    private static func raw(_ der: [UInt8]) -> [UInt8]? {
        let pair = der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_ECDSA_SIG(nil, &start, bytes.count)
        }
        guard let pair else { return nil }
        defer { ECDSA_SIG_free(pair) }
        var raw = [UInt8](repeating: 0, count: 2 * halfBytes)
        let count = Int32(halfBytes)
        let isWritten = raw.withUnsafeMutableBufferPointer { out in
            BN_bn2binpad(ECDSA_SIG_get0_r(pair), out.baseAddress, count) == count
                && BN_bn2binpad(
                    ECDSA_SIG_get0_s(pair), out.baseAddress.map { $0 + halfBytes }, count) == count
        }
        return isWritten ? raw : nil
    }
}
