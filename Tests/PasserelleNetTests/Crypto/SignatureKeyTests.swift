// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleNet

struct SignatureKeyTests {
    /// A `SubjectPublicKeyInfo` in PEM: the prefix of a kind of key, and the key itself.
    private func pem(_ prefix: String, _ key: [UInt8]) -> [UInt8] {
        let text = Base64.encode((Hex.decode(prefix) ?? []) + key)
        return Array("-----BEGIN PUBLIC KEY-----\n\(text)\n-----END PUBLIC KEY-----\n".utf8)
    }

    private func bytes(_ text: String) -> [UInt8] { Base64.decodeURL(text) ?? [] }

    private static let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        + "cnVlfQ"

    /// Checks that `key` verifies the signature, and no changed bytes or signature.
    private func check(_ key: SignatureKey, _ signed: String, _ signature: String) {
        let (signed, signature) = (Array(signed.utf8), bytes(signature))
        #expect(key.verifies(signature, of: signed))
        #expect(!key.verifies(signature, of: signed.dropLast()))
        #expect(!key.verifies(signature.dropLast(), of: signed))
        #expect(!key.verifies(signature + [0], of: signed))
        #expect(!key.verifies([], of: signed))
        for at in [0, signature.count / 2, signature.count - 1] {
            var broken = signature
            broken[at] ^= 1
            #expect(!key.verifies(broken, of: signed))
        }
    }

    @Test func `HS256 as in RFC 7515 A.1`() throws {
        let secret = bytes(
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
        )
        let key = try SignatureKey(secret: secret)
        #expect(key.algorithm == .hs256)
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + Self.payload
        check(key, signed, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        #expect(
            key.signature(of: Array(signed.utf8)).map(Base64.encodeURL)
                == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    }

    @Test func `RS256 as in RFC 7515 A.2`() throws {
        let modulus = bytes(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt"
                + "0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpa"
                + "SHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
                + "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp"
                + "oQ")
        let prefix =
            "30820122300d06092a864886f70d01010105000382010f003082010a0282010100"
        let key = try SignatureKey(publicPEM: pem(prefix, modulus + [2, 3, 1, 0, 1]))
        #expect(key.algorithm == .rs256)
        check(
            key, "eyJhbGciOiJSUzI1NiJ9." + Self.payload,
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2"
                + "Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN"
                + "PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPq"
                + "vhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe"
                + "77Rw")
        #expect(key.signature(of: [1]) == nil)
    }

    @Test func `ES256 as in RFC 7515 A.3`() throws {
        let point =
            bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
            + bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
        let prefix = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
        let key = try SignatureKey(publicPEM: pem(prefix, point))
        #expect(key.algorithm == .es256)
        check(
            key, "eyJhbGciOiJFUzI1NiJ9." + Self.payload,
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        )
        // Two zeros are never valid (CVE-2022-21449), nor are numbers above the curve's order.
        #expect(!key.verifies([UInt8](repeating: 0, count: 64), of: [1]))
        #expect(!key.verifies([UInt8](repeating: 255, count: 64), of: [1]))
    }

    @Test func `EdDSA as in RFC 8037 A.4`() throws {
        let key = try SignatureKey(
            publicPEM: pem(
                "302a300506032b6570032100", bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")))
        #expect(key.algorithm == .eddsa)
        check(
            key, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        )
    }

    @Test(arguments: [TestKeys.Kind.rsa2048, .p256, .ed25519])
    func `a private key's signature is verified only by its public key`(
        kind: TestKeys.Kind
    ) throws {
        let keys = try TestKeys()
        let (one, other) = (try keys.pair(kind), try keys.pair(kind))
        let signer = try SignatureKey(privatePEM: TestKeys.bytes(one.private))
        let verifier = try SignatureKey(publicPEM: TestKeys.bytes(one.public))
        #expect(signer.algorithm == verifier.algorithm)
        for count in [0, 1, 1000] {
            let bytes = [UInt8](repeating: 7, count: count)
            let signature = try #require(signer.signature(of: bytes))
            #expect(verifier.verifies(signature, of: bytes))
            #expect(signer.verifies(signature, of: bytes))
            #expect(!verifier.verifies(signature, of: bytes + [0]))
            #expect(
                !(try SignatureKey(publicPEM: TestKeys.bytes(other.public)))
                    .verifies(signature, of: bytes))
        }
        #expect(throws: SignatureKeyError.privateKey) {
            try SignatureKey(publicPEM: TestKeys.bytes(one.private))
        }
    }

    @Test(arguments: [TestKeys.Kind.rsa1024, .p384])
    func `a key without a supported algorithm is refused`(kind: TestKeys.Kind) throws {
        let keys = try TestKeys()
        let made = try keys.pair(kind)
        #expect(throws: SignatureKeyError.unfit) {
            try SignatureKey(publicPEM: TestKeys.bytes(made.public))
        }
        #expect(throws: SignatureKeyError.unfit) {
            try SignatureKey(privatePEM: TestKeys.bytes(made.private))
        }
    }

    @Test func `a text without a key is refused`() throws {
        for text in ["", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            let error = #expect(throws: SignatureKeyError.self) {
                try SignatureKey(publicPEM: Array(text.utf8))
            }
            if case .noKey = error {} else { Issue.record("\(String(describing: error))") }
        }
    }

    @Test(arguments: [0, 31, 32, 33, 1000])
    func `a secret must have at least 32 bytes`(count: Int) throws {
        let secret = [UInt8](repeating: 65, count: count)
        if count < 32 {
            #expect(throws: SignatureKeyError.shortSecret(bytes: count, least: 32)) {
                try SignatureKey(secret: secret)
            }
        } else {
            #expect(try SignatureKey(secret: secret).signature(of: [])?.count == 32)
        }
    }

    @Test func `the text of a public key is not a secret`() throws {
        let text = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMl\n"
        #expect(throws: SignatureKeyError.keyTextAsSecret) {
            try SignatureKey(secret: Array(text.utf8))
        }
    }
}
