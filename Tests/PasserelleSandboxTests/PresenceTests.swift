// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct PresenceTests {
    private let room = "presence-room"

    private func ana(_ info: String = #"{"name":"Ana"}"#) -> String {
        #"{"user_id":"a","user_info":\#(info)}"#
    }

    @Test func `the joining client sees everyone, and the others see it`() {
        var scene = AppScene()
        scene.connect(1)
        scene.connect(2)
        #expect(
            scene.subscribe(1, room, data: ana()) == [
                #"1 < {"event":"pusher_internal:subscription_succeeded","channel":"presence-room","#
                    + #""data":"{\"presence\":{\"ids\":[\"a\"],\"hash\":{\"a\":{\"name\":\"Ana\"}},"#
                    + #"\"count\":1}}"}"#
            ])
        #expect(
            scene.subscribe(2, room, data: #"{"user_id":"b"}"#) == [
                #"2 < {"event":"pusher_internal:subscription_succeeded","channel":"presence-room","#
                    + #""data":"{\"presence\":{\"ids\":[\"a\",\"b\"],"#
                    + #"\"hash\":{\"a\":{\"name\":\"Ana\"},\"b\":null},\"count\":2}}"}"#,
                #"1 < {"event":"pusher_internal:member_added","channel":"presence-room","#
                    + #""data":"{\"user_id\":\"b\"}"}"#,
            ])
        #expect(
            scene.lose(2) == [
                #"1 < {"event":"pusher_internal:member_removed","channel":"presence-room","#
                    + #""data":"{\"user_id\":\"b\"}"}"#
            ])
    }

    @Test func `a user with two connections comes once and goes once`() {
        var scene = AppScene()
        for id in 1...3 { scene.connect(id) }
        scene.subscribe(1, room, data: #"{"user_id":"watcher"}"#)
        #expect(scene.subscribe(2, room, data: ana()).count == 2)
        let second = scene.subscribe(3, room, data: ana())
        #expect(second.count == 1)
        #expect(second.first?.contains(#"\"count\":2"#) == true)
        #expect(scene.lose(2) == [])
        #expect(
            scene.say(3, #"{"event":"pusher:unsubscribe","data":{"channel":"presence-room"}}"#)
                .count == 1)
    }

    @Test func `user info travels byte for byte`() {
        var scene = AppScene()
        scene.connect(1)
        let told = scene.subscribe(1, room, data: ana(#"{"n": 1.0e2, "s":"\u00e9\/"}"#))
        #expect(told.first?.contains(#"{\"n\": 1.0e2, \"s\":\"\\u00e9\\/\"}"#) == true)
    }

    @Test func `a number is a user id too`() {
        var scene = AppScene()
        scene.connect(1)
        let told = scene.subscribe(1, room, data: #"{"user_id":10}"#)
        #expect(told.first?.contains(#"\"ids\":[\"10\"]"#) == true)
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"user_id":null}"#, #"{"user_id":""}"#, #"{"user_id":{}}"#,
    ])
    func `channel data without a user is refused`(data: String) {
        var scene = AppScene()
        scene.connect(1)
        let told = scene.subscribe(1, room, data: data)
        #expect(told.count == 1)
        #expect(told.first?.contains("Invalid channel_data for channel presence-room") == true)
        #expect(scene.app.channels.isEmpty)
    }

    @Test(arguments: [(128, true), (129, false)])
    func `a user id has 128 characters at most`(length: Int, isGood: Bool) {
        var scene = AppScene()
        scene.connect(1)
        let id = String(repeating: "é", count: length)
        let told = scene.subscribe(1, room, data: #"{"user_id":"\#(id)"}"#)
        #expect(told.first?.contains("succeeded") == isGood)
    }

    @Test(arguments: [(1024, true), (1025, false)])
    func `a member has 1,024 bytes at most`(size: Int, isGood: Bool) {
        var scene = AppScene()
        scene.connect(1)
        let rest = #"{"user_id":"a","user_info":""}"#.utf8.count
        let info = String(repeating: "x", count: size - rest)
        let told = scene.subscribe(1, room, data: ana("\"\(info)\""))
        #expect(told.first?.contains("succeeded") == isGood)
    }

    @Test func `a full channel takes no further user, but another tab of one it has`() {
        var scene = AppScene { $0.memberLimit = 3 }
        for id in 1...5 { scene.connect(id) }
        for id in 1...3 { scene.subscribe(id, room, data: #"{"user_id":"\#(id)"}"#) }
        #expect(
            scene.subscribe(4, room, data: #"{"user_id":"4"}"#).first?.contains(
                "has reached its limit of 3 members") == true)
        #expect(
            scene.subscribe(5, room, data: #"{"user_id":"3"}"#).first?.contains("succeeded")
                == true)
    }

    @Test func `without channel data the signed-in user is the member`() {
        var scene = AppScene()
        scene.connect(1)
        #expect(
            scene.subscribe(1, room).first?.contains("needs channel_data or a signed-in user")
                == true)
        scene.signIn(1, #"{"id":"u1","user_info":{"n":1}}"#)
        let told = scene.subscribe(1, room)
        #expect(told.first?.contains(#"\"hash\":{\"u1\":{\"n\":1}}"#) == true)
    }

    @Test func `the members are right after any order of coming and going`() {
        var random = SystemRandomNumberGenerator()
        let seed = random.next()
        var generator = Numbers(state: seed)
        var channel = AppChannel(name: .init(unchecked: room))
        var model: [Int: String] = [:]
        for _ in 0..<2000 {
            let id = Int(generator.next() % 20)
            if let user = model.removeValue(forKey: id) {
                let isLast = !model.values.contains(user)
                #expect(channel.leave(id)?.userID == (isLast ? user : nil), "seed \(seed)")
            } else {
                let user = "u\(generator.next() % 6)"
                let isNew = !model.values.contains(user)
                model[id] = user
                #expect(
                    channel.join(id, as: ChannelMember(userID: user)) == isNew, "seed \(seed)")
            }
            #expect(channel.connections == model.keys.sorted(), "seed \(seed)")
            #expect(
                Set(channel.members.map(\.member.userID)) == Set(model.values), "seed \(seed)")
        }
    }
}

extension ChannelName {
    /// A name that a test knows to be good.
    fileprivate init(unchecked text: String) {
        guard let name = try? ChannelName(text) else { preconditionFailure(text) }
        self = name
    }
}

/// Numbers that a seed brings back.
struct Numbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
