// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

/// PEM text with a label.
private func pem(_ label: String) -> String {
    "-----BEGIN \(label)-----\nMIIB\n-----END \(label)-----\n"
}

/// Mistakes in files that should contain PEM.
struct PEMTextTests {
    @Test(
        arguments: [
            (pem("CERTIFICATE"), PEMText.Kind.certificate, nil),
            (pem("CERTIFICATE") + pem("PRIVATE KEY"), .certificate, nil),
            (pem("CERTIFICATE") + pem("EC PRIVATE KEY"), .privateKey, nil),
            (pem("PUBLIC KEY"), .publicKey, nil), ("nothing", .certificate, nil),
            ("", .privateKey, nil),
            (pem("CERTIFICATE"), .privateKey, "is a certificate and not a private key"),
            (pem("CERTIFICATE"), .publicKey, "is a certificate and not a public key"),
            (pem("RSA PRIVATE KEY"), .certificate, "is a private key and not a certificate"),
            (pem("CERTIFICATE REQUEST"), .certificate, "is a certificate request"),
            (pem("ENCRYPTED PRIVATE KEY"), .privateKey, "with a password"),
            (pem("PUBLIC KEY"), .privateKey, "and not a private key"),
            (
                pem("PRIVATE KEY").replacing("\n", with: "\\n"), .privateKey,
                "is PEM on one line, with \\n"
            ),
            (pem("PUBLIC KEY").replacing("\n", with: " "), .publicKey, "needs its line breaks"),
        ] as [(String, PEMText.Kind, String?)])
    func `other content is named with a remedy`(
        text: String, wanted: PEMText.Kind, words: String?
    ) {
        let fault = PEMText.fault(Array(text.utf8), wanted: wanted)
        #expect(fault?.contains(words ?? "") ?? (words == nil), "\(fault ?? "nothing")")
        #expect((fault == nil) == (words == nil))
    }

    @Test func `DER and UTF-16 are recognized`() {
        #expect(PEMText.fault([0x30, 0x82, 1], wanted: .certificate)?.contains("DER") == true)
        #expect(
            PEMText.fault([0xFF, 0xFE, 0x2D, 0], wanted: .privateKey)?.contains("UTF-16") == true)
    }
}
