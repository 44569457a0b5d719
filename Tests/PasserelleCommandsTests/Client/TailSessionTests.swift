// SPDX-License-Identifier: MIT
@testable import PasserelleCommands
@testable import PasserelleConfiguration
import PasserelleDaemon
import PasserelleWire
import Testing

struct TailSessionTests {
    private func subscribe(
        _ channel: String, after: String? = nil, last: Int? = nil
    ) -> TailSession.Action {
        .send(.subscribe(channel: channel, after: after, last: last))
    }

    private func attached(_ channel: String, _ position: String) -> LineReply {
        .ok(
            verb: "SUBSCRIBE", words: [channel],
            json: Array("{\"position\":\"\(position)\",\"members\":[]}".utf8))
    }

    private func event(_ channel: String, _ position: String) -> [UInt8] {
        Array("{\"id\":\"\(position)\",\"channel\":\"\(channel)\",\"event\":\"e\",\"data\":1}".utf8)
    }

    @Test func `each channel is subscribed once, from the given position`() {
        var session = TailSession(channels: ["a", "b", "a"], after: nil, last: nil)
        #expect(session.connected() == [subscribe("a"), subscribe("b")])
        session = TailSession(channels: ["a"], after: "k-1", last: 5)
        #expect(session.connected() == [subscribe("a", after: "k-1", last: 5)])
    }

    @Test func `after a lost connection each channel resumes after its own last event`() {
        var session = TailSession(channels: ["a", "b", "c"], after: nil, last: nil)
        _ = session.connected()
        #expect(session.received(attached("b", "k-10")) == [])
        #expect(session.received(attached("a", "k-10")) == [])
        #expect(session.received(.event(event("a", "k-12"))) == [.print(event("a", "k-12"))])
        #expect(
            session.connected() == [
                subscribe("a", after: "k-12"), subscribe("b", after: "k-10"), subscribe("c"),
            ])
    }

    @Test func `an interrupted replay is requested again`() {
        var session = TailSession(channels: ["a"], after: "earliest", last: nil)
        _ = session.connected()
        _ = session.received(attached("a", "k-10"))
        #expect(session.connected() == [subscribe("a", after: "earliest")])
        _ = session.received(attached("a", "k-10"))
        _ = session.received(.event(event("a", "k-3")))
        #expect(session.connected() == [subscribe("a", after: "k-3")])
        _ = session.received(attached("a", "k-10"))
        #expect(session.connected() == [subscribe("a", after: "k-3")])
    }

    @Test func `the last events are requested once`() {
        var session = TailSession(channels: ["a"], after: nil, last: 5)
        #expect(session.connected() == [subscribe("a", last: 5)])
        _ = session.received(attached("a", "k-10"))
        #expect(session.connected() == [subscribe("a", after: "k-10")])
    }

    @Test(arguments: ["bad-command", "bad-channel", "forbidden", "too-large"])
    func `a permanent refusal ends the session`(code: String) {
        var session = TailSession(channels: ["a"], after: nil, last: nil)
        _ = session.connected()
        #expect(
            session.received(.error(code: code, message: "No."))
                == [.report("a: \(code): No."), .end(1)])
    }

    @Test func `a temporary refusal is retried for the refused channel only`() {
        var session = TailSession(channels: ["a", "b"], after: nil, last: nil)
        _ = session.connected()
        let refusal = LineReply.error(code: "upstream-unavailable", message: "Away.")
        #expect(
            session.received(refusal) == [.report("a or b: upstream-unavailable: Away.")])
        #expect(session.received(attached("a", "k-1")) == [.retryLater])
        #expect(session.retried() == [subscribe("b")])
        #expect(
            session.received(refusal)
                == [.report("b: upstream-unavailable: Away."), .retryLater])
        #expect(session.retried() == [subscribe("b")])
        #expect(session.received(attached("b", "k-2")) == [])
        #expect(session.received(refusal) == [.report("upstream-unavailable: Away.")])
    }

    @Test(arguments: ["", "x", "[]", "{}", "{\"id\":1}", "{\"id\":\"a\",\"channel\":7}"])
    func `an event without a position changes no position`(text: String) {
        var session = TailSession(channels: ["a"], after: "k-1", last: nil)
        _ = session.connected()
        #expect(session.received(.event(Array(text.utf8))) == [.print(Array(text.utf8))])
        #expect(session.connected() == [subscribe("a", after: "k-1")])
    }
}
