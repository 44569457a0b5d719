// SPDX-License-Identifier: MIT
@testable import PasserelleLog
import Glibc
import PasserelleTesting
import Testing

struct JournaldTests {
    private func entry(_ record: LogRecord) -> String {
        String(decoding: JournaldEntry.bytes(record), as: UTF8.self)
    }

    @Test func `an entry has the message with its fields, and each field separately`() {
        let record = LogRecord(
            .warning, "subscription refused",
            ["channel": "presence-bail-1", "status": "403", "message": "no way"])
        #expect(
            entry(record) == """
                MESSAGE=subscription refused channel=presence-bail-1 status=403 message="no way"
                PRIORITY=4
                SYSLOG_IDENTIFIER=passerelle
                PASSERELLE_CHANNEL=presence-bail-1
                PASSERELLE_STATUS=403
                PASSERELLE_MESSAGE=no way

                """)
    }

    @Test func `a value cannot add a field`() {
        let text = entry(LogRecord(.info, "a\nPRIORITY=0", ["odd-name é": "b\nMESSAGE=c"]))
        #expect(text.split(separator: "\n").count == 4)
        #expect(text.contains("MESSAGE=a\\nPRIORITY=0 ") && text.contains("=b\\nMESSAGE=c\n"))
        #expect(text.contains("\nPASSERELLE_ODD_NAME___=b"))
    }

    @Test func `a value is truncated at its limit`() {
        let long = String(repeating: "x", count: LogLine.valueBytes + 1)
        #expect(
            entry(LogRecord(.info, long, ["k": long])).utf8.count < 3 * LogLine.valueBytes + 200)
    }

    @Test func `a full journal does not block the sender, and dropped entries are counted`() throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.file("journal")
        #expect(JournaldSocket(path: path) == nil)
        let receiver = try receiver(at: path)
        defer { close(receiver) }
        let socket = try #require(JournaldSocket(path: path))
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000)
        for _ in 0..<5_000 { socket.send(piece) }
        var taken = 0
        while receive(receiver) != nil { taken += 1 }
        #expect(taken > 0 && taken < 5_000)
        socket.send(Array("MESSAGE=a\n".utf8))
        #expect(receive(receiver) == "MESSAGE=a\nPASSERELLE_LOST=\(5_000 - taken)\n")
        socket.send(Array("MESSAGE=b\n".utf8))
        #expect(receive(receiver) == "MESSAGE=b\n")
    }

    private func receiver(at path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        return descriptor
    }

    private func receive(_ descriptor: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
