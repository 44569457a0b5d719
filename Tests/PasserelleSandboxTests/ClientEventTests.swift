// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct ClientEventTests {
    private func scene(_ change: (inout SandboxConfiguration) -> Void = { _ in }) -> AppScene {
        var scene = AppScene(change)
        for id in 1...3 { scene.connect(id) }
        for id in 1...2 {
            scene.subscribe(id, "presence-x", data: #"{"user_id":"u\#(id)"}"#)
            scene.subscribe(id, "private-x")
            scene.subscribe(id, "pub")
        }
        return scene
    }

    @Test(arguments: [
        #"{"a":1}"#, #""text""#, #""{\"a\": 1}""#, "null", "[1.0,2e3]", #"{"é":"\u00e9"}"#,
    ])
    func `an event goes to the others byte for byte, stamped with the sender's user`(data: String) {
        var scene = scene()
        #expect(
            scene.say(
                1,
                #"{"event":"client-x","data":\#(data),"channel":"presence-x","user_id":"liar"}"#)
                == [
                    #"2 < {"event":"client-x","channel":"presence-x","data":\#(data),"#
                        + #""user_id":"u1"}"#
                ])
        #expect(
            scene.say(2, #"{"event":"client-x","channel":"private-x","data":\#(data)}"#) == [
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
    func `an event that may not be sent is an error without a code`(
        sender: Int, name: String, channel: String, words: String
    ) {
        var scene = scene()
        let told = scene.say(
            sender, #"{"event":"\#(name)","channel":"\#(channel)","data":{}}"#)
        #expect(told.count == 1)
        #expect(
            told.first?.hasPrefix(
                #"\#(sender) < {"event":"pusher:error","data":{"code":null,"#) == true)
        #expect(told.first?.contains(words) == true)
    }

    @Test func `an app without client events says how to get them`() {
        var scene = scene { $0.clientEvents = false }
        #expect(
            scene.say(1, #"{"event":"client-x","channel":"private-x","data":{}}"#).first?.contains(
                "To send client events, you must enable this feature in the Settings page of "
                    + "your dashboard.") == true)
    }

    @Test func `ten in a second pass, the eleventh is 4301, and a second later they pass again`() {
        var scene = scene()
        let event = #"{"event":"client-x","channel":"private-x","data":{}}"#
        for _ in 1...10 { #expect(scene.say(1, event).first?.hasPrefix("2 < ") == true) }
        #expect(
            scene.say(1, event).first?.hasPrefix(
                #"1 < {"event":"pusher:error","data":{"code":4301,"#) == true)
        #expect(scene.say(2, event).first?.hasPrefix("1 < ") == true)
        scene.now += .milliseconds(999)
        #expect(scene.say(1, event).first?.contains("4301") == true)
        scene.now += .milliseconds(1)
        #expect(scene.say(1, event).first?.hasPrefix("2 < ") == true)
    }

    @Test(arguments: [(10_240, true), (10_241, false)])
    func `data has 10,240 bytes at most`(size: Int, isGood: Bool) {
        var scene = scene()
        let data = "\"" + String(repeating: "x", count: size - 2) + "\""
        let told = scene.say(1, #"{"event":"client-x","channel":"private-x","data":\#(data)}"#)
        #expect(told.first?.contains("exceeds the allowed maximum") == !isGood)
    }

    @Test(arguments: [(200, true), (201, false)])
    func `a name has 200 characters at most`(length: Int, isGood: Bool) {
        var scene = scene()
        let name = "client-" + String(repeating: "x", count: length - 7)
        let told = scene.say(1, #"{"event":"\#(name)","channel":"private-x","data":1}"#)
        #expect(told.first?.hasPrefix("2 < ") == isGood)
    }
}
