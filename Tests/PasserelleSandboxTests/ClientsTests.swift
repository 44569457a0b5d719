// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleSandbox

/// The sandbox with third-party clients: PyPI `pusher` and `pysher`.
struct ClientsTests {
    @Test func `PyPI pusher works with every endpoint`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        let text = ChannelsSigning.signIn(
            socketID: client.socketID, userData: #"{"id":"u1"}"#)
        client.send(.signIn(auth: AppFixture.sign(text), userData: #"{"id":"u1"}"#))
        client.subscribe("presence-bail-42", data: #"{"user_id":"u1"}"#)
        client.subscribe("plain")
        client.send(.subscribe(channel: "#server-to-user-u1", auth: "", channelData: nil))
        try port.run { client.messages.count == 5 }
        let result = try Subprocess.run(
            Subprocess.python(),
            [
                Subprocess.client("rest.py"), "127.0.0.1", "\(port.sandbox.port)", "1234",
                "app-key", "app-secret",
            ]
        ) { try port.loop.runOnce(timeout: .milliseconds(5)) }
        #expect(result.errors == "")
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n").map(String.init)
        expectAnswers(lines)
        try port.run { client.closed != nil }
        #expect(client.closed?.code == 4009)
        #expect(
            client.messages.dropFirst(5) == [
                #"{"event":"new-message","channel":"presence-bail-42","#
                    + #""data":"{\"text\": \"Zo\u00eb \u2713 \\\"q\\\" \\\\ \\n\"}"}"#,
                #"{"event":"new-message","channel":"plain","#
                    + #""data":"{\"text\": \"Zo\u00eb \u2713 \\\"q\\\" \\\\ \\n\"}"}"#,
                #"{"event":"e","channel":"plain","data":"just text"}"#,
                #"{"event":"e1","channel":"presence-bail-42","data":"{\"a\": 1}"}"#,
                #"{"event":"e2","channel":"plain","data":"x"}"#,
                ##"{"event":"e","channel":"#server-to-user-u1","data":"{\"a\": 1}"}"##,
                #"{"event":"pusher:error","data":{"code":4009,"#
                    + #""message":"You got disconnected by the app."}}"#,
            ])
    }

    /// Checks the lines of the program, one for each endpoint or error.
    private func expectAnswers(_ lines: [String]) {
        #expect(
            lines.prefix(9) == [
                "trigger {}", "trigger-text {}", "trigger-batch {}",
                #"channels {"channels": {"plain": {}, "presence-bail-42": {}}}"#,
                #"channels-prefix {"channels": {"presence-bail-42": {"user_count": 1}}}"#,
                #"channel {"occupied": true, "subscription_count": 1, "user_count": 1}"#,
                #"users {"users": [{"id": "u1"}]}"#, "send-to-user {}", "terminate {}",
            ])
        #expect(
            lines.dropFirst(9).prefix(4).map { $0.prefix { $0 != ":" } } == [
                "users-of-plain PusherBadRequest Users can only be retrieved for presence channels",
                "too-large PusherBadStatus 413",
                "reserved PusherBadRequest The 'pusher' namespace is reserved for internal usage",
                "wrong-secret PusherBadAuth Invalid signature",
            ])
    }

    private func listener(_ user: String, _ port: SandboxPort) throws -> Subprocess {
        try Subprocess(
            Subprocess.python(),
            [
                Subprocess.client("listen.py"), "127.0.0.1", "\(port.sandbox.port)",
                "app-key", "app-secret", user, "presence-bail-42", "client-typing",
                "new-message",
            ])
    }

    private func wait(
        for text: String, from client: Subprocess, _ port: SandboxPort
    ) throws {
        try port.run { client.output.contains(text) || client.hasEnded }
        #expect(client.output.contains(text), "\(client.output) \(client.errors)")
    }

    @Test
    func `two pysher clients join a presence channel and exchange client events`() throws {
        let port = try SandboxPort()
        let ana = try listener("ana", port)
        try wait(for: "ready", from: ana, port)
        let ben = try listener("ben", port)
        try wait(for: "ready", from: ben, port)
        #expect(ben.output.contains(#""ids":["ana","ben"]"#))
        try wait(
            for: #"pusher_internal:member_added {"user_id":"ben","user_info":{"name": "Ben"}}"#,
            from: ana, port)
        ben.write("client-typing {\"isTyping\": true}\n")
        try wait(for: "client-typing {'isTyping': True}", from: ana, port)
        #expect(!ben.output.contains("client-typing"))
        #expect(
            try port.publish(
                #"{"name":"new-message","channel":"presence-bail-42","data":"{\"a\": 1}"}"#) == 200)
        try wait(for: #"new-message {"a": 1}"#, from: ana, port)
        try wait(for: #"new-message {"a": 1}"#, from: ben, port)
        try port.control("close?code=4200")
        try port.run { port.sandbox.app.counts.connections == 4 }
        try port.run { port.sandbox.app.channels["presence-bail-42"]?.members.count == 2 }
        ben.closeInput()
        try wait(for: #"pusher_internal:member_removed {"user_id":"ben"}"#, from: ana, port)
        ana.closeInput()
        for client in [ana, ben] {
            let result = try client.wait { try port.loop.runOnce(timeout: .milliseconds(5)) }
            #expect(result.status == 0, "\(result.errors)")
        }
    }

    @Test
    func `PyPI pusher accepts webhooks, and a failed one is retried`() throws {
        let hook = try Subprocess(
            Subprocess.python(),
            [Subprocess.client("webhook.py"), "1234", "app-key", "app-secret", "1"])
        let deadline = ContinuousClock.now + hangLimit
        while !hook.output.contains("\n") {
            guard !hook.hasEnded, ContinuousClock.now < deadline else {
                throw TestFailure(hook.errors)
            }
            Subprocess.rest()
        }
        let word = hook.output.split(separator: "\n").first?.split(separator: " ").last
        let number = try #require(word.flatMap { Int($0) })
        let port = try SandboxPort {
            $0.webhook = WebAddress(
                isTLS: false, host: "127.0.0.1", port: number, target: "/hook")
            $0.departureDelay = .milliseconds(1)
        }
        let client = try port.connected()
        client.subscribe("presence-x", data: #"{"user_id":"u"}"#)
        client.send(#"{"event":"client-e","channel":"presence-x","data":{"a":"é"}}"#)
        try port.run { client.messages.count == 2 }
        client.drop()
        try port.run { hook.output.split(separator: "\n").count == 7 }
        #expect(
            hook.output.split(separator: "\n").dropFirst().sorted() == [
                #"ok [{"name": "channel_occupied", "channel": "presence-x"}]"#,
                #"ok [{"name": "channel_occupied", "channel": "presence-x"}]"#,
                #"ok [{"name": "channel_vacated", "channel": "presence-x"}]"#,
                #"ok [{"name": "client_event", "channel": "presence-x", "event": "client-e", "#
                    + #""data": {"a": "\u00e9"}, "socket_id": "\#(client.socketID)", "user_id": "u"}]"#,
                #"ok [{"name": "member_added", "channel": "presence-x", "user_id": "u"}]"#,
                #"ok [{"name": "member_removed", "channel": "presence-x", "user_id": "u"}]"#,
            ])
    }
}
