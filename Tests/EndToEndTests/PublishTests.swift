// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Server events through Channels' REST: success only if Channels confirmed it, and each sent once.
struct PublishTests {
    private static let channel = "presence-bail-1"
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    /// Between the gateway and REST; counts the requests.
    private let tap: RESTTap
    private let gateway: GatewayProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        tap = try RESTTap(fixture, to: sandbox.port)
        gateway = try GatewayProcess(fixture, upstreamPort: tap.port)
    }

    private func passerelle(_ words: [String]) throws -> SubprocessResult {
        try fixture.run(
            "env",
            PasserelleProcess.words(
                words, ["PASSERELLE_IPC": gateway.ipc], binary: PasserelleProcess.binary()))
    }

    @Test func `if the server never answers the outcome is unknown, and there is one request`()
        throws
    {
        try sandbox.control("rest?mode=ignore")
        let began = ContinuousClock.now
        let result = try passerelle(["publish", Self.channel, "new-message", #"{"n":1}"#])
        #expect(result.status == 1 && result.output == "")
        #expect(
            result.errors.contains("upstream-unavailable: Unknown whether it was sent: no answer"),
            "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(ContinuousClock.now - began > .seconds(9))
        // The event is not sent later either, once REST answers again.
        try sandbox.control("normal")
        let after = try passerelle(["publish", Self.channel, "note", "{}"])
        #expect(after.status == 0 && after.errors == "")
        #expect(tap.events == 2)
    }

    @Test func `if the server accepts and answers too late the outcome is unknown, too`() throws {
        let reader = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the snapshot") { !reader.snapshots.isEmpty }
        tap.losesAnswers = true
        let result = try passerelle(["publish", Self.channel, "new-message", #"{"n":1}"#])
        #expect(result.status == 1)
        #expect(result.errors.contains("Unknown whether it was sent"), "\(result.errors)")
        // The event was published once: a reader that received it twice would disprove the single
        // request.
        try fixture.wait(for: "the event") { reader.delivered.count == 1 }
        tap.losesAnswers = false
        let after = try passerelle(["publish", Self.channel, "note", "{}"])
        #expect(after.status == 0)
        try fixture.wait(for: "the next event") { reader.hasReceived("note") }
        #expect(reader.delivered.map(\.event) == ["new-message", "note"] && tap.events == 2)
    }

    @Test func `each class of answer has its code, and no request is repeated`() throws {
        let line = LineClient(fixture, path: gateway.ipc)
        let cases: [(status: Int, code: String, words: String)] = [
            (400, "forbidden", "Channels refuses the event: 400"),
            (401, "forbidden", "Channels refuses the event: 401"),
            (403, "forbidden", "Channels refuses the event: 403"),
            (413, "too-large", "Channels refuses the event: 413"),
            (422, "forbidden", "Channels refuses the event: 422"),
            (429, "rate-limited", "Channels' rate limit is reached: 429"),
            (500, "upstream-unavailable", "Unknown whether it was sent: Channels answered 500"),
            (502, "upstream-unavailable", "Unknown whether it was sent: Channels answered 502"),
            (503, "upstream-unavailable", "Unknown whether it was sent: Channels answered 503"),
            (504, "upstream-unavailable", "Unknown whether it was sent: Channels answered 504"),
        ]
        for (index, entry) in cases.enumerated() {
            try sandbox.control("rest?mode=\(entry.status)")
            line.send("PUBLISH \(Self.channel) note {}")
            try fixture.wait(for: "the answer to \(entry.status)") { line.replies.count > index }
            guard case .error(let code, let message)? = line.replies.last else {
                Issue.record("\(entry.status): \(line.replies)")
                return
            }
            #expect(code == entry.code && message.hasPrefix(entry.words), "\(code) \(message)")
        }
        #expect(tap.events == cases.count)
        try sandbox.control("normal")
        line.send("PUBLISH \(Self.channel) note {}")
        try fixture.wait(for: "a yes") {
            line.replies.last == .ok(verb: "PUBLISH", words: [Self.channel], json: nil)
        }
        #expect(tap.events == cases.count + 1)
    }

    @Test func `an unreachable server is reported as such: the event was not sent`() throws {
        tap.shut()
        let result = try passerelle(["publish", Self.channel, "note", "{}"])
        #expect(result.status == 1)
        #expect(
            result.errors.contains("upstream-unavailable: Nothing was sent: "),
            "\(result.errors)")
        #expect(tap.events == 0)
    }

    @Test func `an event that Channels would refuse is refused here, with the reason`() throws {
        for name in ["pusher:x", "pusher_internal:member_added", "pusher-like"] {
            let result = try passerelle(["publish", Self.channel, name, "{}"])
            #expect(result.status == 1, "\(name)")
            #expect(
                result.errors.contains("forbidden: Names that start with pusher"),
                "\(name): \(result.errors)")
        }
        // The data is the JSON text, of which two quotes are a part.
        for (count, isTaken) in [(10_237, true), (10_238, true), (10_239, false)] {
            let text = "\"" + String(repeating: "x", count: count) + "\""
            let result = try passerelle(["publish", Self.channel, "note", text])
            #expect((result.status == 0) == isTaken, "\(count + 2) bytes: \(result.errors)")
            if !isTaken {
                #expect(
                    result.errors.contains("too-large: An event's data has at most 10240 bytes."))
            }
        }
        #expect(tap.events == 2)
    }
}
