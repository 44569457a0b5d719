// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleSandbox

/// `connections=N`: a command concerns only the oldest connections.
struct ControlScopeTests {
    @Test(arguments: [
        ("drop", 1, 1), ("drop", 2, 2), ("drop", 3, 3), ("drop", 4, 3), ("close?code=4200", 1, 1),
    ])
    func `the oldest connections are ended`(command: String, count: Int, ended: Int) throws {
        let port = try SandboxPort()
        let clients = try (0..<3).map { _ in try port.connected() }
        let sign = command.contains("?") ? "&" : "?"
        try port.control("\(command)\(sign)connections=\(count)")
        try port.run { clients.count(where: \.isEnded) == ended }
        #expect(clients.map(\.isEnded) == (0..<3).map { $0 < ended })
        // The others still get answers.
        for client in clients.dropFirst(ended) {
            client.send(#"{"event":"pusher:ping","data":{}}"#)
            try port.run { client.messages.count == 2 }
        }
    }

    @Test func `errors and garbage reach the oldest connections`() throws {
        let port = try SandboxPort()
        let clients = try (0..<2).map { _ in try port.connected() }
        try port.control("error?code=4301&connections=1")
        try port.control("garbage?kind=text&connections=1")
        try port.run { clients[0].messages.count == 3 }
        try port.idle()
        #expect(clients[1].messages.count == 1)
    }

    @Test func `a fault of the oldest connection is none of newer ones, nor of its successor`()
        throws
    {
        let port = try SandboxPort()
        let clients = try (0..<2).map { _ in try port.connected() }
        try port.control("swallow?what=messages&connections=1")
        try port.control("duplicate?connections=1")
        try port.control("delay?ms=600000&connections=2")
        try port.control("delay?ms=0&connections=1")
        let later = try port.connected()
        for client in clients + [later] { client.subscribe("pub") }
        try port.run { later.messages.count == 2 && clients[1].messages.count == 2 }
        try port.idle()
        #expect(clients.map(\.messages.count) + [later.messages.count] == [1, 2, 2])
        // Requests are answered as usual.
        #expect(try port.request("GET", "/sandbox/state").status == 200)
        #expect(
            try port.request("POST", "/sandbox/publish?channel=pub&name=e", body: "1").status == 200
        )
        try port.control("normal")
        clients[0].send(#"{"event":"pusher:ping","data":{}}"#)
        try port.run { clients[0].messages.contains { $0.contains("pusher:pong") } }
    }

    @Test func `the state names the number of connections concerned`() throws {
        let port = try SandboxPort()
        _ = try port.connected()
        let client = try port.connected()
        try port.control("delay?ms=5&connections=1")
        var state = String(decoding: try port.request("GET", "/sandbox/state").body, as: UTF8.self)
        #expect(state.contains(#""delay_ms":5,"#) && state.contains(#""delay_connections":1"#))
        try port.control("delay?ms=0")
        state = String(decoding: try port.request("GET", "/sandbox/state").body, as: UTF8.self)
        #expect(!state.contains("delay_connections") && !client.isEnded)
    }

    @Test(arguments: ["0", "1", "1000000", "1000001", "-1", "x", ""])
    func `the number is from 1 to a million`(text: String) throws {
        let port = try SandboxPort()
        let isValid = ["1", "1000000"].contains(text)
        for verb in ["drop", "delay", "swallow", "duplicate", "close", "error", "garbage"] {
            let answer = try port.request("POST", "/sandbox/\(verb)?connections=\(text)")
            #expect(answer.status == (isValid ? 200 : 400), "\(verb)")
        }
    }
}
