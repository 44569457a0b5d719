// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct SubscribingTests {
    @Test(arguments: [
        "pub", "private-x", "private-encrypted-x", "private-a_b=c@d,e.f;g",
    ])
    func `a good subscription succeeds`(channel: String) {
        var scene = AppScene()
        scene.connect(1)
        #expect(
            scene.subscribe(1, channel) == [
                #"1 < {"event":"pusher_internal:subscription_succeeded","channel":"\#(channel)","#
                    + #""data":"{}"}"#
            ])
    }

    @Test func `the sheet's signatures are good ones`() {
        var scene = AppScene()
        let vectors = [
            ("private-room", "7d39f26d4d655bd56b11cb2cbca1c97b1d12e8dfc0381368cab350f5f50b5487"),
            (
                "private-cache-room",
                "0146ab98b15f42aebb612218ccbce810401110bfdbd6a96f61ba458130cb7277"
            ),
        ]
        _ = scene.app.connected(
            1, socketID: "123.456", key: "app-key", query: [("protocol", "7")], now: scene.now)
        for (channel, hex) in vectors {
            let told = scene.say(
                1,
                #"{"event":"pusher:subscribe","data":{"auth":"app-key:\#(hex)","#
                    + #""channel":"\#(channel)"}}"#)
            #expect(told.first?.contains("subscription_succeeded") == true)
        }
    }

    @Test(arguments: ["", "app-key", "app-key:", "app-key:00", "other:00", ":", "app-key:é"])
    func `a bad signature is an error without a code, and the connection stays`(auth: String) {
        var scene = AppScene()
        scene.connect(1)
        let told = scene.say(
            1,
            #"{"event":"pusher:subscribe","data":{"auth":"\#(auth)","channel":"private-x"}}"#)
        #expect(told.count == 1)
        #expect(
            told.first?.hasPrefix(#"1 < {"event":"pusher:error","data":{"code":null,"#) == true)
        #expect(scene.app.channels.isEmpty)
        #expect(scene.subscribe(1, "private-x").first?.contains("succeeded") == true)
    }

    @Test func `a wrong signature is told what should have been signed`() {
        var scene = AppScene()
        scene.connect(1)
        let told = scene.say(
            1,
            #"{"event":"pusher:subscribe","data":{"auth":"app-key:00","channel":"private-x"}}"#)
        #expect(
            told.first?.contains(
                "Invalid signature: Expected HMAC SHA256 hex digest of 1.1:private-x, but got 00")
                == true)
    }

    @Test(arguments: [
        "", "a b", "a#b", "#x", "#server-to-user-", "ä", String(repeating: "x", count: 165),
    ])
    func `a name that no channel has is refused`(channel: String) {
        var scene = AppScene()
        scene.connect(1)
        let told = scene.subscribe(1, channel)
        #expect(told.count == 1)
        #expect(told.first?.contains("pusher:error") == true)
    }

    @Test func `a name of 164 characters is good`() {
        var scene = AppScene()
        scene.connect(1)
        let name = String(repeating: "x", count: 164)
        #expect(scene.subscribe(1, name).first?.contains("succeeded") == true)
    }

    @Test func `a second subscription is an error, and so is leaving what one is not on`() {
        var scene = AppScene()
        scene.connect(1)
        scene.subscribe(1, "pub")
        #expect(
            scene.subscribe(1, "pub").first?.contains("Existing subscription to channel pub")
                == true)
        let leave = #"{"event":"pusher:unsubscribe","data":{"channel":"pub"}}"#
        #expect(scene.say(1, leave) == [])
        #expect(
            scene.say(1, leave).first?.contains(
                "No current subscription to channel pub, or subscription in progress") == true)
        #expect(scene.app.channels.isEmpty)
    }

    // MARK: Cache channels

    @Test(arguments: ["cache-x", "private-cache-x", "private-encrypted-cache-x"])
    func `a cache channel replays its last event, or says that there is none`(channel: String) {
        var scene = AppScene { $0.webhook = "http://h" }
        scene.connect(1)
        #expect(
            scene.subscribe(1, channel).dropFirst(2) == [
                #"1 < {"event":"pusher:cache_miss","channel":"\#(channel)"}"#,
                #"hook {"name":"cache_miss","channel":"\#(channel)"}"#,
            ])
        let body = #"{"name":"e","channels":["\#(channel)"],"data":"\u00e9 {\"a\":1}"}"#
        #expect(scene.request("POST", "/apps/1234/events", body: body).status == 200)
        let event = #"{"event":"e","channel":"\#(channel)","data":"\u00e9 {\"a\":1}"}"#
        scene.connect(2)
        #expect(scene.subscribe(2, channel).last == "2 < \(event)")
        scene.pass(.seconds(1800))
        scene.connect(3)
        #expect(scene.subscribe(3, channel).contains { $0.contains("cache_miss") })
    }

    @Test func `a presence cache channel replays after its members`() {
        var scene = AppScene()
        scene.connect(1)
        scene.request(
            "POST", "/apps/1234/events",
            body: #"{"name":"e","channel":"presence-cache-x","data":"1"}"#)
        let told = scene.subscribe(1, "presence-cache-x", data: #"{"user_id":"u"}"#)
        #expect(told.first?.contains(#"\"count\":1"#) == true)
        #expect(told.last == #"1 < {"event":"e","channel":"presence-cache-x","data":"1"}"#)
    }

    @Test func `the cache forgets the oldest of more channels than it may hold`() {
        var cache = EventCache()
        for number in 0...EventCache.limit {
            cache.remember(
                "cache-\(number)", name: "e", data: [], now: .seconds(number))
        }
        #expect(cache.entry("cache-0", now: .seconds(1001)) == nil)
        #expect(cache.entry("cache-1", now: .seconds(1001)) != nil)
    }

    // MARK: Counts

    @Test func `subscribers are told how many they are, when that is wanted`() {
        var scene = AppScene { $0.subscriptionCounts = true }
        scene.connect(1)
        scene.connect(2)
        func count(_ id: Int, _ count: Int) -> String {
            #"\#(id) < {"event":"pusher_internal:subscription_count","channel":"pub","#
                + #""data":"{\"subscription_count\":\#(count)}"}"#
        }
        #expect(scene.subscribe(1, "pub").contains(count(1, 1)))
        #expect(
            scene.subscribe(2, "pub").filter { $0.contains("_count") } == [
                count(1, 2), count(2, 2),
            ])
        #expect(scene.lose(2) == [count(1, 1)])
        #expect(
            !scene.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)
                .contains { $0.contains("subscription_count") })
    }

    @Test func `a crowd is told how many it is every five seconds at most`() {
        var scene = AppScene { $0.subscriptionCounts = true }
        for id in 1...102 {
            scene.connect(id)
            let told = scene.subscribe(id, "pub").filter { $0.contains("_count") }
            #expect(told.isEmpty == (id > 100))
        }
        #expect(scene.pass(.milliseconds(4999)) == [])
        let told = scene.pass(.milliseconds(1))
        #expect(told.count == 102)
        #expect(told.allSatisfy { $0.contains(#"\"subscription_count\":102"#) })
        #expect(scene.pass(.seconds(5)) == [])
    }
}
