// SPDX-License-Identifier: MIT
import PasserelleHTTP
import Testing

@testable import PasserelleSandbox

struct SubscribingTests {
    @Test(arguments: [
        "pub", "private-x", "private-encrypted-x", "private-a_b=c@d,e.f;g",
    ])
    func `a valid subscription succeeds`(channel: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(
            fixture.subscribe(1, channel) == [
                #"1 < {"event":"pusher_internal:subscription_succeeded","channel":"\#(channel)","#
                    + #""data":"{}"}"#
            ])
    }

    @Test func `the example signatures are valid`() {
        var fixture = AppFixture()
        let vectors = [
            ("private-room", "7d39f26d4d655bd56b11cb2cbca1c97b1d12e8dfc0381368cab350f5f50b5487"),
            (
                "private-cache-room",
                "0146ab98b15f42aebb612218ccbce810401110bfdbd6a96f61ba458130cb7277"
            ),
        ]
        _ = fixture.app.connected(
            1, socketID: "123.456", key: "app-key", query: [("protocol", "7")], now: fixture.now)
        for (channel, hex) in vectors {
            let output = fixture.send(
                1,
                #"{"event":"pusher:subscribe","data":{"auth":"app-key:\#(hex)","#
                    + #""channel":"\#(channel)"}}"#)
            #expect(output.first?.contains("subscription_succeeded") == true)
        }
    }

    @Test(arguments: ["", "app-key", "app-key:", "app-key:00", "other:00", ":", "app-key:é"])
    func `a bad signature is an error without a code, and the connection stays open`(auth: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.send(
            1,
            #"{"event":"pusher:subscribe","data":{"auth":"\#(auth)","channel":"private-x"}}"#)
        #expect(output.count == 1)
        #expect(
            output.first?.hasPrefix(#"1 < {"event":"pusher:error","data":{"code":null,"#) == true)
        #expect(fixture.app.channels.isEmpty)
        #expect(fixture.subscribe(1, "private-x").first?.contains("succeeded") == true)
    }

    @Test func `the error of a wrong signature contains the text to be signed`() {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.send(
            1,
            #"{"event":"pusher:subscribe","data":{"auth":"app-key:00","channel":"private-x"}}"#)
        #expect(
            output.first?.contains(
                "Invalid signature: Expected HMAC SHA256 hex digest of 1.1:private-x, but got 00")
                == true)
    }

    @Test(arguments: [
        "", "a b", "a#b", "#x", "#server-to-user-", "ä", String(repeating: "x", count: 165),
    ])
    func `an invalid channel name is refused`(channel: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.subscribe(1, channel)
        #expect(output.count == 1)
        #expect(output.first?.contains("pusher:error") == true)
    }

    @Test func `a name of 164 characters is valid`() {
        var fixture = AppFixture()
        fixture.connect(1)
        let name = String(repeating: "x", count: 164)
        #expect(fixture.subscribe(1, name).first?.contains("succeeded") == true)
    }

    @Test func `a second subscription is an error, as is an unsubscribe without one`() {
        var fixture = AppFixture()
        fixture.connect(1)
        fixture.subscribe(1, "pub")
        #expect(
            fixture.subscribe(1, "pub").first?.contains("Existing subscription to channel pub")
                == true)
        let leave = #"{"event":"pusher:unsubscribe","data":{"channel":"pub"}}"#
        #expect(fixture.send(1, leave) == [])
        #expect(
            fixture.send(1, leave).first?.contains(
                "No current subscription to channel pub, or subscription in progress") == true)
        #expect(fixture.app.channels.isEmpty)
    }

    // MARK: Cache channels

    @Test(arguments: ["cache-x", "private-cache-x", "private-encrypted-cache-x"])
    func `a cache channel replays its last event, or sends a cache miss`(channel: String) {
        var fixture = AppFixture {
            $0.webhook = WebAddress(isTLS: false, host: "h", port: 80)
        }
        fixture.connect(1)
        #expect(
            fixture.subscribe(1, channel).dropFirst(2) == [
                #"1 < {"event":"pusher:cache_miss","channel":"\#(channel)"}"#,
                #"hook {"name":"cache_miss","channel":"\#(channel)"}"#,
            ])
        let body = #"{"name":"e","channels":["\#(channel)"],"data":"\u00e9 {\"a\":1}"}"#
        #expect(fixture.request("POST", "/apps/1234/events", body: body).status == 200)
        let event = #"{"event":"e","channel":"\#(channel)","data":"\u00e9 {\"a\":1}"}"#
        fixture.connect(2)
        #expect(fixture.subscribe(2, channel).last == "2 < \(event)")
        fixture.pass(.seconds(1800))
        fixture.connect(3)
        #expect(fixture.subscribe(3, channel).contains { $0.contains("cache_miss") })
    }

    @Test func `a presence cache channel replays after its members`() {
        var fixture = AppFixture()
        fixture.connect(1)
        fixture.request(
            "POST", "/apps/1234/events",
            body: #"{"name":"e","channel":"presence-cache-x","data":"1"}"#)
        let output = fixture.subscribe(1, "presence-cache-x", data: #"{"user_id":"u"}"#)
        #expect(output.first?.contains(#"\"count\":1"#) == true)
        #expect(output.last == #"1 < {"event":"e","channel":"presence-cache-x","data":"1"}"#)
    }

    @Test func `the cache evicts the oldest entry when it is full`() {
        var cache = EventCache()
        for number in 0...EventCache.limit {
            cache.remember(
                "cache-\(number)", name: "e", data: [], now: .seconds(number))
        }
        #expect(cache.entry("cache-0", now: .seconds(1001)) == nil)
        #expect(cache.entry("cache-1", now: .seconds(1001)) != nil)
    }

    // MARK: Counts

    @Test func `subscribers receive the subscription count, if enabled`() {
        var fixture = AppFixture { $0.subscriptionCounts = true }
        fixture.connect(1)
        fixture.connect(2)
        func count(_ id: Int, _ count: Int) -> String {
            #"\#(id) < {"event":"pusher_internal:subscription_count","channel":"pub","#
                + #""data":"{\"subscription_count\":\#(count)}"}"#
        }
        #expect(fixture.subscribe(1, "pub").contains(count(1, 1)))
        #expect(
            fixture.subscribe(2, "pub").filter { $0.contains("_count") } == [
                count(1, 2), count(2, 2),
            ])
        #expect(fixture.lose(2) == [count(1, 1)])
        #expect(
            !fixture.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)
                .contains { $0.contains("subscription_count") })
    }

    @Test func `a large channel receives its count at most every five seconds`() {
        var fixture = AppFixture { $0.subscriptionCounts = true }
        for id in 1...102 {
            fixture.connect(id)
            let output = fixture.subscribe(id, "pub").filter { $0.contains("_count") }
            #expect(output.isEmpty == (id > 100))
        }
        #expect(fixture.pass(.milliseconds(4999)) == [])
        let output = fixture.pass(.milliseconds(1))
        #expect(output.count == 102)
        #expect(output.allSatisfy { $0.contains(#"\"subscription_count\":102"#) })
        #expect(fixture.pass(.seconds(5)) == [])
    }
}
