// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct PresenceTests {
    private let room = "presence-room"

    private func ana(_ info: String = #"{"name":"Ana"}"#) -> String {
        #"{"user_id":"a","user_info":\#(info)}"#
    }

    @Test func `a joining client receives all members, and the others receive the new one`() {
        var fixture = AppFixture()
        fixture.connect(1)
        fixture.connect(2)
        #expect(
            fixture.subscribe(1, room, data: ana()) == [
                #"1 < {"event":"pusher_internal:subscription_succeeded","channel":"presence-room","#
                    + #""data":"{\"presence\":{\"ids\":[\"a\"],\"hash\":{\"a\":{\"name\":\"Ana\"}},"#
                    + #"\"count\":1}}"}"#
            ])
        #expect(
            fixture.subscribe(2, room, data: #"{"user_id":"b"}"#) == [
                #"2 < {"event":"pusher_internal:subscription_succeeded","channel":"presence-room","#
                    + #""data":"{\"presence\":{\"ids\":[\"a\",\"b\"],"#
                    + #"\"hash\":{\"a\":{\"name\":\"Ana\"},\"b\":null},\"count\":2}}"}"#,
                #"1 < {"event":"pusher_internal:member_added","channel":"presence-room","#
                    + #""data":"{\"user_id\":\"b\"}"}"#,
            ])
        #expect(
            fixture.lose(2) == [
                #"1 < {"event":"pusher_internal:member_removed","channel":"presence-room","#
                    + #""data":"{\"user_id\":\"b\"}"}"#
            ])
    }

    @Test func `a user with two connections is added once and removed once`() {
        var fixture = AppFixture()
        for id in 1...3 { fixture.connect(id) }
        fixture.subscribe(1, room, data: #"{"user_id":"watcher"}"#)
        #expect(fixture.subscribe(2, room, data: ana()).count == 2)
        let second = fixture.subscribe(3, room, data: ana())
        #expect(second.count == 1)
        #expect(second.first?.contains(#"\"count\":2"#) == true)
        #expect(fixture.lose(2) == [])
        #expect(
            fixture.send(3, #"{"event":"pusher:unsubscribe","data":{"channel":"presence-room"}}"#)
                .count == 1)
    }

    @Test func `user info is forwarded unchanged`() {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.subscribe(1, room, data: ana(#"{"n": 1.0e2, "s":"\u00e9\/"}"#))
        #expect(output.first?.contains(#"{\"n\": 1.0e2, \"s\":\"\\u00e9\\/\"}"#) == true)
    }

    @Test func `a number is a valid user id`() {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.subscribe(1, room, data: #"{"user_id":10}"#)
        #expect(output.first?.contains(#"\"ids\":[\"10\"]"#) == true)
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"user_id":null}"#, #"{"user_id":""}"#, #"{"user_id":{}}"#,
    ])
    func `channel data without a user is refused`(data: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.subscribe(1, room, data: data)
        #expect(output.count == 1)
        #expect(output.first?.contains("Invalid channel_data for channel presence-room") == true)
        #expect(fixture.app.channels.isEmpty)
    }

    @Test(arguments: [#""Ana""#, "[]", #"[{"name":"Ana"}]"#, "7", "true", "false"])
    func `user info that is not an object is refused`(info: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.subscribe(1, room, data: ana(info))
        #expect(output.count == 1)
        #expect(output.first?.contains("user_info must be an object") == true)
        fixture.signIn(1, #"{"id":"u1","user_info":\#(info)}"#)
        #expect(fixture.subscribe(1, room).first?.contains("user_info must be an object") == true)
        #expect(fixture.app.channels.isEmpty)
    }

    @Test(arguments: ["{}", "null", #"{"a":[]}"#])
    func `user info may be any object, or null`(info: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(fixture.subscribe(1, room, data: ana(info)).first?.contains("succeeded") == true)
    }

    @Test(arguments: [(128, true), (129, false)])
    func `a user id is limited to 128 characters`(length: Int, isGood: Bool) {
        var fixture = AppFixture()
        fixture.connect(1)
        let id = String(repeating: "é", count: length)
        let output = fixture.subscribe(1, room, data: #"{"user_id":"\#(id)"}"#)
        #expect(output.first?.contains("succeeded") == isGood)
    }

    @Test(arguments: [(1024, true), (1025, false)])
    func `channel data is limited to 1,024 bytes`(size: Int, isGood: Bool) {
        var fixture = AppFixture()
        fixture.connect(1)
        let rest = #"{"user_id":"a","user_info":{"n":""}}"#.utf8.count
        let info = String(repeating: "x", count: size - rest)
        let output = fixture.subscribe(1, room, data: ana(#"{"n":"\#(info)"}"#))
        #expect(output.first?.contains("succeeded") == isGood)
    }

    @Test func `a full channel refuses new users, but not further connections of its members`() {
        var fixture = AppFixture { $0.memberLimit = 3 }
        for id in 1...5 { fixture.connect(id) }
        for id in 1...3 { fixture.subscribe(id, room, data: #"{"user_id":"\#(id)"}"#) }
        #expect(
            fixture.subscribe(4, room, data: #"{"user_id":"4"}"#).first?.contains(
                "has reached its limit of 3 members") == true)
        #expect(
            fixture.subscribe(5, room, data: #"{"user_id":"3"}"#).first?.contains("succeeded")
                == true)
    }

    @Test func `without channel data the signed-in user is the member`() {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(
            fixture.subscribe(1, room).first?.contains("needs channel_data or a signed-in user")
                == true)
        fixture.signIn(1, #"{"id":"u1","user_info":{"n":1}}"#)
        let output = fixture.subscribe(1, room)
        #expect(output.first?.contains(#"\"hash\":{\"u1\":{\"n\":1}}"#) == true)
    }

    @Test func `the members are correct after any order of joins and leaves`() {
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
    /// A valid channel name.
    fileprivate init(unchecked text: String) {
        guard let name = try? ChannelName(text) else { preconditionFailure(text) }
        self = name
    }
}

/// Reproducible pseudorandom numbers.
struct Numbers {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
