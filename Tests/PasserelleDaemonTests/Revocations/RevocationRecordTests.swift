// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import PasserelleNet
import PasserelleTesting
import Testing

@testable import PasserelleDaemon

struct RevocationRecordTests {
    private let records = [
        RevocationRecord(userID: "anne", channel: nil, time: 1_764_418_747_412),
        RevocationRecord(userID: "Zoë \"Z\"\n", channel: "presence-a", time: 0),
    ]

    @Test func `records are read as they were written`() {
        let bytes = records.flatMap(\.encoded)
        let read = RevocationRecord.read(bytes)
        #expect(read.records == records && read.bad == 0)
        let none = RevocationRecord.read([])
        #expect(none.records == [] && none.bad == 0)
    }

    @Test func `a truncated line is skipped and counted`() {
        let (whole, last) = (records[0].encoded, records[1].encoded)
        for count in 1..<last.count - 1 {
            let read = RevocationRecord.read(whole + last.prefix(count))
            #expect(read.records == [records[0]] && read.bad == 1)
        }
    }

    @Test(arguments: [
        "{}", "[]", "x", #"{"user":7,"at":1}"#, #"{"user":"a"}"#, #"{"user":"a","at":"1"}"#,
        #"{"user":"a","at":-1}"#, #"{"user":"a","at":1e99}"#, #"{"user":"a","at":1.5}"#,
        #"{"user":"a","channel":7,"at":1}"#, #"{"user":"a","at":99999999999999999999}"#,
    ])
    func `a damaged line is refused`(line: String) {
        #expect(RevocationRecord(Array(line.utf8)) == nil)
    }

    @Test func `a FIFO in place of the file is refused without waiting`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("revocations.jsonl")
        _ = try Subprocess.run("mkfifo", [path])
        guard case .failure(.notAFile) = StoredRecords.read(path, RevocationRecord.read) else {
            Issue.record("a FIFO was read")
            return
        }
    }

    @Test func `the newest records in force come first`() {
        let records = [
            RevocationRecord(userID: "anne", channel: "a", time: 1),
            RevocationRecord(userID: "anne", channel: nil, time: 5),
            RevocationRecord(userID: "bob", channel: "a", time: 7),
            RevocationRecord(userID: "anne", channel: "a", time: 9),
            RevocationRecord(userID: "bob", channel: "a", time: 8),
        ]
        #expect(
            RevocationStore.newestFirst(records) == [records[3], records[4], records[1]])
    }
}
