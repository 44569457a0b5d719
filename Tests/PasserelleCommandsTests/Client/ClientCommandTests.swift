// SPDX-License-Identifier: MIT
@testable import PasserelleCommands
@testable import PasserelleConfiguration
import PasserelleDaemon
import PasserelleNet
import PasserelleTesting
import Testing

struct ClientCommandTests {
    /// Runs a command line against a gateway that reads one line and sends `answer`.
    private func run(
        _ arguments: [String], expecting expected: String, answer: String, _ record: ClientRecord
    ) throws -> Int32 {
        let gateway = try ScriptedGateway { peer in
            let line = peer.readLine()
            peer.write(line == expected ? answer : "ERR test received \(line)\n")
        }
        return ClientCommands.run(
            try Invocation.parse(arguments), path: gateway.path, streams: record.streams())
    }

    private static let members =
        #"{"channel":"presence-bail-42","count":2,"members":["#
        + #"{"user_id":"usr_7","user_info":{"name":"Zoé"},"via":["channels"]},"#
        + #"{"user_id":"\u001b[2J","via":["channels","gateway"]}],"position":"k-1"}"#

    @Test func `members are printed as a table`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "presence-bail-42"], expecting: "MEMBERS presence-bail-42",
            answer: "OK MEMBERS presence-bail-42 \(Self.members)\n", record)
        #expect(code == 0)
        #expect(
            record.lines == [
                """
                USER       VIA               INFO
                usr_7      channels          {"name":"Zoé"}
                \\u{1b}[2J  channels,gateway  -

                """
            ])
        #expect(record.reports == [])
    }

    @Test(arguments: [
        (["revoke", "usr_7"], "REVOKE usr_7", 0, "0 streams ended\n"),
        (["revoke", "usr_7", "presence-a"], "REVOKE usr_7 presence-a", 1, "1 stream ended\n"),
        (["revoke", "--", "-Z oé", "c"], "REVOKE \"-Z oé\" c", 12, "12 streams ended\n"),
        (["revoke", "--json", "u"], "REVOKE u", 2, "{\"streams\":2}\n"),
    ])
    func `a revocation prints how many streams ended`(
        arguments: [String], line: String, count: Int, text: String
    ) throws {
        let record = ClientRecord()
        let code = try run(
            arguments, expecting: line, answer: "OK REVOKE {\"streams\":\(count)}\n", record)
        #expect(code == 0 && record.lines == [text] && record.reports == [])
    }

    @Test func `a refused revocation is reported`() throws {
        let record = ClientRecord()
        let code = try run(
            ["revoke", "u"], expecting: "REVOKE u", answer: "ERR forbidden No.\n", record)
        #expect(code == 1 && record.lines == [] && record.reports == ["forbidden: No."])
    }

    @Test func `members are printed as JSON if requested`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "--json", "presence-bail-42"], expecting: "MEMBERS presence-bail-42",
            answer: "OK MEMBERS presence-bail-42 \(Self.members)\n", record)
        #expect(code == 0)
        #expect(record.lines == [Self.members + "\n"])
    }

    @Test func `an empty channel is reported`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "c"], expecting: "MEMBERS c",
            answer: "OK MEMBERS c {\"channel\":\"c\",\"members\":[]}\n", record)
        #expect(code == 0)
        #expect(record.lines == ["c has no members\n"])
    }

    @Test func `status is printed as one value per line`() throws {
        let record = ClientRecord()
        let answer =
            #"{"version":"0.1.0","upstream":{"state":"live","codes":[1,2]},"empty":{},"x":null}"#
        let code = try run(
            ["status"], expecting: "STATUS", answer: "OK STATUS \(answer)\n", record)
        #expect(code == 0)
        #expect(
            record.lines == [
                """
                version           0.1.0
                upstream.state    live
                upstream.codes.0  1
                upstream.codes.1  2
                x                 null

                """
            ])
        #expect(
            try run(
                ["status", "--json"], expecting: "STATUS", answer: "OK STATUS \(answer)\n", record)
                == 0)
        #expect(record.lines.last == answer + "\n")
    }

    @Test func `a successful publication prints nothing`() throws {
        let record = ClientRecord()
        let code = try run(
            ["publish", "presence-bail-42", "request updated", "{\"a\": \"é\",\n \"b\":[1.0]}"],
            expecting: "PUBLISH presence-bail-42 \"request updated\" {\"a\": \"é\",  \"b\":[1.0]}",
            answer: "OK PUBLISH presence-bail-42\n", record)
        #expect(code == 0)
        #expect(record.lines == [] && record.reports == [])
    }

    @Test func `data may come from standard input`() throws {
        let record = ClientRecord()
        record.input = .success(Array("[1,\r\n2]\n".utf8))
        let code = try run(
            ["publish", "c", "e", "-"], expecting: "PUBLISH c e [1,  2]", answer: "OK PUBLISH c\n",
            record)
        #expect(code == 0)
        record.input = .failure(.tooLarge(limit: 60_000))
        let publish = PublishCommand(channel: "c", event: "e", data: "-")
        #expect(publish.run(path: "/nowhere", streams: record.streams()) == 1)
        #expect(record.reports == ["standard input cannot be read: longer than 60000 bytes"])
    }

    @Test(arguments: [
        ("hello", "the data is not JSON: byte 1 is out of place; write a string as '\"text\"'"),
        ("{\"a\":", "the data is not JSON: it ends too soon; write a string as '\"text\"'"),
        ("", "the data is not JSON: it ends too soon; write a string as '\"text\"'"),
        ("{} x", "the data is not JSON: byte 4 is out of place; write a string as '\"text\"'"),
    ])
    func `data that is not JSON is reported and not sent`(data: String, report: String) {
        let record = ClientRecord()
        let publish = PublishCommand(channel: "c", event: "e", data: data)
        #expect(publish.run(path: "/nowhere", streams: record.streams()) == 64)
        #expect(record.reports == [report])
    }

    @Test func `data may be as long as a line allows`() throws {
        let limit = PublishCommand.dataBytes
        let record = ClientRecord()
        for count in [limit - 1, limit] {
            let data = "\"" + String(repeating: "x", count: count - 2) + "\""
            let code = try run(
                ["publish", "c", "e", data], expecting: "PUBLISH c e \(data)",
                answer: "OK PUBLISH c\n", record)
            #expect(code == 0)
        }
        let data = "\"" + String(repeating: "x", count: limit - 1) + "\""
        let publish = PublishCommand(channel: "c", event: "e", data: data)
        #expect(publish.run(path: "/nowhere", streams: record.streams()) == 1)
        #expect(record.reports == ["the data has 60001 bytes, more than 60000"])
    }

    @Test(arguments: [["publish", "c", "e", "1"], ["members", "c"], ["status"]])
    func `a refusal is reported with its reason`(arguments: [String]) throws {
        let record = ClientRecord()
        let code = try run(
            arguments, expecting: "nothing", answer: "", record)
        #expect(code == 1)
        #expect(record.reports.first?.contains("test: received ") == true)
        #expect(record.lines == [])
    }

    @Test func `control characters in a refusal are escaped`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "c"], expecting: "MEMBERS c", answer: "ERR forbidden \u{1B}[2Jno\n", record)
        #expect(code == 1)
        #expect(record.reports == ["forbidden: \\u{1b}[2Jno"])
    }

    @Test(arguments: [["publish", "c", "e", "1"], ["members", "c"], ["status"], ["tail", "c"]])
    func `an unreachable gateway is reported with path and remedy`(arguments: [String]) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("none.sock")
        let record = ClientRecord()
        let code = ClientCommands.run(
            try Invocation.parse(arguments), path: path, streams: record.streams())
        #expect(code == 69)
        #expect(
            record.reports == [
                "cannot reach the gateway at \(path): No such file or directory; start it with"
                    + " 'passerelle serve', or set its socket with --ipc PATH"
            ])
    }

    @Test func `a closed connection and a server that is not a gateway are reported`() throws {
        for (answer, report) in [
            ("", "closed the connection; see its log"),
            (
                "HTTP/1.1 400 Bad Request\r\n",
                "is not a gateway; set the socket with --ipc PATH"
            ),
        ] {
            let record = ClientRecord()
            #expect(try run(["status"], expecting: "STATUS", answer: answer, record) == 69)
            #expect(record.reports.count == 1)
            #expect(record.reports.first?.hasSuffix(report) == true)
        }
    }

    @Test func `events before an answer are dropped`() throws {
        let record = ClientRecord()
        let code = try run(
            ["status", "--json"], expecting: "STATUS", answer: "EVENT {}\nOK STATUS {\"a\":1}\n",
            record)
        #expect(code == 0)
        #expect(record.lines == ["{\"a\":1}\n"])
    }
}
