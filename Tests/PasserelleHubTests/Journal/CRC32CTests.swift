// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct CRC32CTests {
    private static let read: [UInt8] = [
        0x01, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00,
        0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00,
    ]

    private static let vectors: [(bytes: [UInt8], checksum: UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        ([UInt8](0..<32), 0x46DD_794E),
        ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
        (read, 0xD996_3A56),
        ([UInt8]("123456789".utf8), 0xE306_9283),
    ]

    @Test(arguments: vectors)
    func `the checksums match the vectors of RFC 3720`(bytes: [UInt8], checksum: UInt32) {
        #expect(CRC32C.of(bytes.span, 0..<bytes.count) == checksum)
    }

    @Test func `any range of bytes has the checksum of the bitwise algorithm`() {
        let bytes = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }
        for start in 0..<24 {
            for end in start...64 {
                let plain = ~bytes[start..<end].reduce(UInt32.max) { crc, byte in
                    (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in
                        crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1
                    }
                }
                #expect(CRC32C.of(bytes.span, start..<end) == plain)
            }
        }
    }
}
