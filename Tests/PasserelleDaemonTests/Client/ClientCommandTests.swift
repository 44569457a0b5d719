// SPDX-License-Identifier: MIT
import PasserelleDaemon
import PasserelleTesting
import Testing

struct ClientCommandTests {
    /// Runs a command line against a gateway that hears one line and says `answer`.
    private func run(
        _ arguments: [String], hearing expected: String, answer: String, _ record: ClientRecord
    ) throws -> Int32 {
        let gateway = try ScriptedGateway { peer in
            let line = peer.hear()
            peer.say(line == expected ? answer : "ERR test heard \(line)\n")
        }
        return ClientCommands.run(
            try Invocation.parse(arguments), path: gateway.path, streams: record.streams())
    }

    private static let members =
        #"{"channel":"presence-bail-42","count":2,"members":["#
        + #"{"user_id":"usr_7","user_info":{"name":"Zoé"},"via":["channels"]},"#
        + #"{"user_id":"\u001b[2J","via":["channels","gateway"]}],"position":"k-1"}"#

    @Test func `members are a table`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "presence-bail-42"], hearing: "MEMBERS presence-bail-42",
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
        #expect(record.complaints == [])
    }

    @Test func `members are the answer itself where that is asked for`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "--json", "presence-bail-42"], hearing: "MEMBERS presence-bail-42",
            answer: "OK MEMBERS presence-bail-42 \(Self.members)\n", record)
        #expect(code == 0)
        #expect(record.lines == [Self.members + "\n"])
    }

    @Test func `an empty channel is told in words`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "c"], hearing: "MEMBERS c",
            answer: "OK MEMBERS c {\"channel\":\"c\",\"members\":[]}\n", record)
        #expect(code == 0)
        #expect(record.lines == ["nobody is in c\n"])
    }

    @Test func `status is a value a line`() throws {
        let record = ClientRecord()
        let answer =
            #"{"version":"0.1.0","upstream":{"state":"live","codes":[1,2]},"empty":{},"x":null}"#
        let code = try run(
            ["status"], hearing: "STATUS", answer: "OK STATUS \(answer)\n", record)
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
                ["status", "--json"], hearing: "STATUS", answer: "OK STATUS \(answer)\n", record)
                == 0)
        #expect(record.lines.last == answer + "\n")
    }

    @Test func `a publication that went well prints nothing`() throws {
        let record = ClientRecord()
        let code = try run(
            ["publish", "presence-bail-42", "request updated", "{\"a\": \"é\",\n \"b\":[1.0]}"],
            hearing: "PUBLISH presence-bail-42 \"request updated\" {\"a\": \"é\",  \"b\":[1.0]}",
            answer: "OK PUBLISH presence-bail-42\n", record)
        #expect(code == 0)
        #expect(record.lines == [] && record.complaints == [])
    }

    @Test func `data may come from standard input`() throws {
        let record = ClientRecord()
        record.input = .success(Array("[1,\r\n2]\n".utf8))
        let code = try run(
            ["publish", "c", "e", "-"], hearing: "PUBLISH c e [1,  2]", answer: "OK PUBLISH c\n",
            record)
        #expect(code == 0)
        record.input = .failure(.tooLarge(limit: 60_000))
        let publish = PublishCommand(channel: "c", event: "e", data: "-")
        #expect(publish.run(path: "/nowhere", streams: record.streams()) == 1)
        #expect(record.complaints == ["standard input cannot be read: longer than 60000 bytes"])
    }

    @Test(arguments: [
        ("hello", "the data is not JSON: byte 1 is out of place; a text is written '\"text\"'"),
        ("{\"a\":", "the data is not JSON: it ends too soon; a text is written '\"text\"'"),
        ("", "the data is not JSON: it ends too soon; a text is written '\"text\"'"),
        ("{} x", "the data is not JSON: byte 4 is out of place; a text is written '\"text\"'"),
    ])
    func `data that is not JSON is told before anything is sent`(data: String, complaint: String) {
        let record = ClientRecord()
        let publish = PublishCommand(channel: "c", event: "e", data: data)
        #expect(publish.run(path: "/nowhere", streams: record.streams()) == 64)
        #expect(record.complaints == [complaint])
    }

    @Test func `data is as long as a line can take`() throws {
        let limit = PublishCommand.dataBytes
        let record = ClientRecord()
        for count in [limit - 1, limit] {
            let data = "\"" + String(repeating: "x", count: count - 2) + "\""
            let code = try run(
                ["publish", "c", "e", data], hearing: "PUBLISH c e \(data)",
                answer: "OK PUBLISH c\n", record)
            #expect(code == 0)
        }
        let data = "\"" + String(repeating: "x", count: limit - 1) + "\""
        let publish = PublishCommand(channel: "c", event: "e", data: data)
        #expect(publish.run(path: "/nowhere", streams: record.streams()) == 1)
        #expect(record.complaints == ["the data has 60001 bytes, more than 60000"])
    }

    @Test(arguments: [["publish", "c", "e", "1"], ["members", "c"], ["status"]])
    func `a refusal is told with its reason`(arguments: [String]) throws {
        let record = ClientRecord()
        let code = try run(
            arguments, hearing: "nothing", answer: "", record)
        #expect(code == 1)
        #expect(record.complaints.first?.contains("test: heard ") == true)
        #expect(record.lines == [])
    }

    @Test func `what a gateway says of a refusal moves no terminal`() throws {
        let record = ClientRecord()
        let code = try run(
            ["members", "c"], hearing: "MEMBERS c", answer: "ERR forbidden \u{1B}[2Jno\n", record)
        #expect(code == 1)
        #expect(record.complaints == ["forbidden: \\u{1b}[2Jno"])
    }

    @Test(arguments: [["publish", "c", "e", "1"], ["members", "c"], ["status"], ["tail", "c"]])
    func `where nothing listens, path and remedy are told`(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("none.sock")
        let record = ClientRecord()
        let code = ClientCommands.run(
            try Invocation.parse(arguments), path: path, streams: record.streams())
        #expect(code == 69)
        #expect(
            record.complaints == [
                "cannot reach the gateway at \(path): No such file or directory; start it with"
                    + " 'passerelle serve', or say where its socket is with --ipc PATH"
            ])
    }

    @Test func `a gateway that ends or talks nonsense is told`() throws {
        for (answer, complaint) in [
            ("", "ended the connection; its log says why"),
            (
                "HTTP/1.1 400 Bad Request\r\n",
                "is not a gateway; say the right socket with --ipc PATH"
            ),
        ] {
            let record = ClientRecord()
            #expect(try run(["status"], hearing: "STATUS", answer: answer, record) == 69)
            #expect(record.complaints.count == 1)
            #expect(record.complaints.first?.hasSuffix(complaint) == true)
        }
    }

    @Test func `events that come before an answer are left out`() throws {
        let record = ClientRecord()
        let code = try run(
            ["status", "--json"], hearing: "STATUS", answer: "EVENT {}\nOK STATUS {\"a\":1}\n",
            record)
        #expect(code == 0)
        #expect(record.lines == ["{\"a\":1}\n"])
    }
}
