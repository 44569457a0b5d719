// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleNet

struct CryptoTests {
    private func hex(_ bytes: [UInt8]) -> String { Hex.encode(bytes) }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        // RFC 6455 §1.3: the key of its example with the protocol's GUID.
        (
            "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
            "b37a4f2cc0624f1690f64606cf385945b2bec4ea"
        ),
    ])
    func `SHA-1 of known messages`(message: String, digest: String) {
        #expect(hex(Digest.sha1(Array(message.utf8))) == digest)
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ])
    func `SHA-256 of known messages`(message: String, digest: String) {
        #expect(hex(Digest.sha256(Array(message.utf8))) == digest)
    }

    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
    ])
    func `MD5 of known messages (RFC 1321 A.5)`(message: String, digest: String) {
        #expect(hex(Digest.md5(Array(message.utf8))) == digest)
    }

    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func `HMAC-SHA-256 of known messages (RFC 4231)`(
        key: [UInt8], message: String, digest: String
    ) {
        #expect(hex(Digest.hmacSHA256(key: key, Array(message.utf8))) == digest)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `Base64 of known texts (RFC 4648 §10)`(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        let short = String(encoded.prefix { $0 != "=" })
        #expect(Base64.encodeURL(Array(plain.utf8)) == short)
        #expect(Base64.decodeURL(short) == Array(plain.utf8))
    }

    @Test func `each alphabet has its own last two digits`() {
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.encodeURL([0xFB, 0xFF]) == "-_8")
        #expect(Base64.decode("+/8=") == [0xFB, 0xFF] && Base64.decode("-_8=") == nil)
        #expect(Base64.decodeURL("-_8") == [0xFB, 0xFF] && Base64.decodeURL("+/8") == nil)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zg==Zg==",
        "Zm9ö",
        "Z===",
    ])
    func `invalid Base64 is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["Z", "Zg==", "Zh", "Zm9vZ", "a b", "é"])
    func `invalid URL-safe Base64 is refused`(text: String) {
        #expect(Base64.decodeURL(text) == nil)
    }

    @Test func `any bytes round-trip through either text form`() {
        for count in 0..<70 {
            let bytes = Random.bytes(count)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test func `hexadecimal digits of either case are read`() {
        #expect(Hex.encode([0, 0x1F, 0xFF]) == "001fff")
        #expect(Hex.decode("001FfF") == [0, 0x1F, 0xFF])
        for text in ["0", "0g", "g0", "0x", " 0", "é"] { #expect(Hex.decode(text) == nil) }
    }

    @Test func `random numbers differ`() {
        #expect(Random.bytes(0).isEmpty && Random.bytes(33).count == 33)
        #expect(Random.bytes(16) != Random.bytes(16))
        #expect(Set((0..<20).map { _ in Random.uint32() }).count > 15)
    }

    @Test func `only the same bytes are equal`() {
        #expect(ConstantTime.equal([], []) && ConstantTime.equal([1, 2], [1, 2]))
        #expect(!ConstantTime.equal([1, 2], [1, 3]) && !ConstantTime.equal([1], [1, 2]))
    }
}
