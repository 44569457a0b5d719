// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct WebhookTests {
    private func scene() -> AppScene {
        var scene = AppScene {
            $0.webhook = "http://localhost/"
            $0.subscriptionCounts = true
        }
        for id in 1...3 { scene.connect(id) }
        return scene
    }

    private func hooks(_ told: [String]) -> [String] {
        told.filter { $0.hasPrefix("hook ") }.map { String($0.dropFirst(5)) }
    }

    @Test func `occupation is told at once, a departure three seconds later`() {
        var scene = scene()
        #expect(
            hooks(scene.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)) == [
                #"{"name":"channel_occupied","channel":"presence-x"}"#,
                #"{"name":"member_added","channel":"presence-x","user_id":"u"}"#,
            ])
        #expect(hooks(scene.subscribe(2, "presence-x", data: #"{"user_id":"u"}"#)) == [])
        #expect(hooks(scene.lose(1)) == [])
        #expect(hooks(scene.lose(2)) == [])
        #expect(scene.pass(.milliseconds(2999)) == [])
        #expect(
            hooks(scene.pass(.milliseconds(1))) == [
                #"{"name":"member_removed","channel":"presence-x","user_id":"u"}"#,
                #"{"name":"channel_vacated","channel":"presence-x"}"#,
            ])
    }

    @Test func `who comes back in time was never away`() {
        var scene = scene()
        scene.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)
        scene.lose(1)
        scene.now += .seconds(2)
        let told = scene.subscribe(2, "presence-x", data: #"{"user_id":"u"}"#)
        #expect(hooks(told) == [])
        #expect(scene.pass(.seconds(10)) == [])
        scene.lose(2)
        scene.lose(3)
        #expect(scene.app.needsTime)
        #expect(hooks(scene.pass(.seconds(3))).count == 2)
        #expect(!scene.app.needsTime)
    }

    @Test func `client events and counts are told`() {
        var scene = scene()
        #expect(
            hooks(scene.subscribe(1, "private-x")) == [
                #"{"name":"channel_occupied","channel":"private-x"}"#,
                #"{"name":"subscription_count","channel":"private-x","subscription_count":1}"#,
            ])
        #expect(
            hooks(scene.say(1, #"{"event":"client-e","channel":"private-x","data":{"a": 1}}"#)) == [
                #"{"name":"client_event","channel":"private-x","event":"client-e","#
                    + #""data":{"a": 1},"socket_id":"1.1"}"#
            ])
        scene.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)
        #expect(
            hooks(scene.say(1, #"{"event":"client-e","channel":"presence-x","data":"s"}"#)) == [
                #"{"name":"client_event","channel":"presence-x","event":"client-e","#
                    + #""data":"s","socket_id":"1.1","user_id":"u"}"#
            ])
    }

    @Test func `without a web hook nothing is told and nothing waits`() {
        var scene = AppScene()
        scene.connect(1)
        #expect(hooks(scene.subscribe(1, "pub")) == [])
        scene.lose(1)
        #expect(!scene.app.needsTime)
    }

    // MARK: Outbox

    @Test func `one body is under way at a time, in their order`() {
        var outbox = outbox(of: 2)
        var sent = [outbox.next(now: .zero), outbox.next(now: .zero)]
        #expect(outbox.nextDue == nil)
        let isKept = outbox.answered(status: 204, now: .zero)
        sent.append(outbox.next(now: .zero))
        _ = outbox.answered(status: 200, now: .zero)
        #expect(sent == [[0], nil, [1]])
        #expect(isKept)
        #expect(outbox.nextDue == nil)
    }

    @Test func `a failed body lets the others go first and comes again, later each time`() {
        var outbox = outbox(of: 2)
        var sent = [outbox.next(now: .zero)]
        _ = outbox.answered(status: 500, now: .zero)
        sent.append(outbox.next(now: .zero))
        _ = outbox.answered(status: 299, now: .zero)
        #expect(sent == [[0], [1]])
        var now = Duration.zero
        var delays: [Int64] = []
        var isKept = true
        while let due = outbox.nextDue {
            let early = outbox.next(now: due - .nanoseconds(1))
            let onTime = outbox.next(now: due)
            #expect(early == nil)
            #expect(onTime == [0])
            delays.append((due - now).components.seconds)
            now = due
            isKept = outbox.answered(status: nil, now: now)
        }
        #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(!isKept)
        #expect(now <= WebhookOutbox.lifetime)
    }

    @Test func `the outbox is bounded`() {
        var outbox = outbox(of: WebhookOutbox.limit - 1)
        let taken = [outbox.add([], now: .zero), outbox.add([], now: .zero)]
        #expect(taken == [true, false])
    }

    private func outbox(of count: Int) -> WebhookOutbox {
        var outbox = WebhookOutbox()
        for number in 0..<count { _ = outbox.add([UInt8(number % 256)], now: .zero) }
        return outbox
    }

    // MARK: URL

    @Test(arguments: [
        ("http://h", false, "h", 80, "/", "h"),
        ("http://h:8080/a/b?c=d", false, "h", 8080, "/a/b?c=d", "h:8080"),
        ("https://h?x", true, "h", 443, "/?x", "h"),
        ("http://[::1]:9/x", false, "::1", 9, "/x", "[::1]:9"),
    ])
    func `a URL is read`(
        text: String, isTLS: Bool, host: String, port: Int, target: String, authority: String
    ) throws {
        let url = try WebhookURL(text)
        #expect(url.isTLS == isTLS)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.target == target)
        #expect(url.authority == authority)
    }

    @Test(
        arguments: [
            ("", .noScheme), ("ftp://h", .noScheme), ("http://", .noHost), ("http:///x", .noHost),
            ("http://u@h", .noHost), ("http://[::1", .noHost), ("http://h:0", .badPort),
            ("http://h:65536", .badPort), ("http://h:x", .badPort), ("http://h:", .badPort),
            ("http://[::1]x", .badPort), ("http://h/a b", .badCharacter),
            ("http://h/\r\nX: y", .badCharacter), ("http://h/#f", .badCharacter),
        ] as [(String, WebhookURLError)])
    func `a URL that is none says why`(text: String, error: WebhookURLError) {
        #expect(throws: error) { try WebhookURL(text) }
    }
}
