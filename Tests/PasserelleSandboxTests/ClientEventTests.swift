// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct ClientEventTests {
    private func fixture(_ change: (inout SandboxConfiguration) -> Void = { _ in }) -> AppFixture {
        var fixture = AppFixture(change)
        for id in 1...3 { fixture.connect(id) }
        for id in 1...2 {
            fixture.subscribe(id, "presence-x", data: #"{"user_id":"u\#(id)"}"#)
            fixture.subscribe(id, "private-x")
            fixture.subscribe(id, "pub")
        }
        return fixture
    }

    @Test(arguments: [
        #"{"a":1}"#, #""text""#, #""{\"a\": 1}""#, "null", "[1.0,2e3]", #"{"é":"\u00e9"}"#,
    ])
    func `an event is forwarded to the others unchanged, with the sender's user id`(data: String) {
        var fixture = fixture()
        #expect(
            fixture.send(
                1,
                #"{"event":"client-x","data":\#(data),"channel":"presence-x","user_id":"liar"}"#)
                == [
                    #"2 < {"event":"client-x","channel":"presence-x","data":\#(data),"#
                        + #""user_id":"u1"}"#
                ])
        #expect(
            fixture.send(2, #"{"event":"client-x","channel":"private-x","data":\#(data)}"#) == [
                #"1 < {"event":"client-x","channel":"private-x","data":\#(data)}"#
            ])
    }

    @Test(arguments: [
        (1, "client-x", "pub", "only supported on private and presence channels"),
        (3, "client-x", "private-x", "not subscribed to channel private-x"),
        (1, "client-x", "private-other", "not subscribed to channel private-other"),
        (1, "other", "private-x", "Client events must start with"),
        (1, "pusher:x", "private-x", "Client events must start with"),
    ])
    func `an invalid client event is refused with an error without a code`(
        sender: Int, name: String, channel: String, words: String
    ) {
        var fixture = fixture()
        let output = fixture.send(
            sender, #"{"event":"\#(name)","channel":"\#(channel)","data":{}}"#)
        #expect(output.count == 1)
        #expect(
            output.first?.hasPrefix(
                #"\#(sender) < {"event":"pusher:error","data":{"code":null,"#) == true)
        #expect(output.first?.contains(words) == true)
    }

    @Test func `an app without client events refuses them and names the setting`() {
        var fixture = fixture { $0.clientEvents = false }
        #expect(
            fixture.send(1, #"{"event":"client-x","channel":"private-x","data":{}}"#).first?
                .contains(
                    "To send client events, you must enable this feature in the Settings page of "
                        + "your dashboard.") == true)
    }

    @Test func `more than ten events in a second are refused with 4301 until the second is over`() {
        var fixture = fixture()
        let event = #"{"event":"client-x","channel":"private-x","data":{}}"#
        for _ in 1...10 { #expect(fixture.send(1, event).first?.hasPrefix("2 < ") == true) }
        #expect(
            fixture.send(1, event).first?.hasPrefix(
                #"1 < {"event":"pusher:error","data":{"code":4301,"#) == true)
        #expect(fixture.send(2, event).first?.hasPrefix("1 < ") == true)
        fixture.now += .milliseconds(999)
        #expect(fixture.send(1, event).first?.contains("4301") == true)
        fixture.now += .milliseconds(1)
        #expect(fixture.send(1, event).first?.hasPrefix("2 < ") == true)
    }

    @Test(arguments: [(10_240, true), (10_241, false)])
    func `data is limited to 10,240 bytes`(size: Int, isGood: Bool) {
        var fixture = fixture()
        let data = "\"" + String(repeating: "x", count: size - 2) + "\""
        let output = fixture.send(1, #"{"event":"client-x","channel":"private-x","data":\#(data)}"#)
        #expect(output.first?.contains("exceeds the allowed maximum") == !isGood)
    }

    @Test(arguments: [(200, true), (201, false)])
    func `a name is limited to 200 characters`(length: Int, isGood: Bool) {
        var fixture = fixture()
        let name = "client-" + String(repeating: "x", count: length - 7)
        let output = fixture.send(1, #"{"event":"\#(name)","channel":"private-x","data":1}"#)
        #expect(output.first?.hasPrefix("2 < ") == isGood)
    }
}
