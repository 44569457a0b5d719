// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct HostileTests {
    private static let messages = [
        #"{"event":"pusher:ping","data":{}}"#,
        #"{"event":"pusher:subscribe","data":{"auth":"","channel":"pub"}}"#,
        #"{"event":"pusher:unsubscribe","data":{"channel":"pub"}}"#,
        #"{"event":"pusher:subscribe","data":{"auth":"\#(AppFixture.auth(1, "private-x", nil))","channel":"private-x"}}"#,
        #"{"event":"pusher:unsubscribe","data":{"channel":"private-x"}}"#,
        #"{"event":"client-x","channel":"private-x","data":{"a":"\u00e9\ud83d\ude00"}}"#,
        #"{"event":"pusher:signin","data":{"auth":"app-key:00","user_data":"{\"id\":\"u1\"}"}}"#,
    ]
    private static let bodies = [
        #"{"name":"e","channels":["pub","private-x"],"data":"{\"a\":1}","socket_id":"1.1"}"#,
        #"{"batch":[{"channel":"pub","name":"e","data":"x","info":"user_count"}]}"#,
    ]

    @Test func `no message corrupts the state of the app`() {
        var seed = SystemRandomNumberGenerator()
        var numbers = Numbers(state: seed.next())
        let began = numbers.state
        var fixture = AppFixture {
            $0.webhook = WebAddress(isTLS: false, host: "h", port: 80)
        }
        for id in 1...3 { fixture.connect(id) }
        for _ in 0..<4000 {
            let id = Int(numbers.next() % 4)
            let message = Self.messages[Int(numbers.next() % UInt64(Self.messages.count))]
            let bytes = numbers.spoil(Array(message.utf8))
            _ = fixture.app.received(id, text: bytes, now: fixture.now)
            fixture.now += .milliseconds(50)
            if numbers.next() % 50 == 0 {
                fixture.lose(id)
                fixture.connect(id)
            }
            fixture.pass(.zero)
            for (name, channel) in fixture.app.channels {
                #expect(!channel.connections.isEmpty, "seed \(began)")
                for id in channel.connections {
                    #expect(
                        fixture.app.connections[id]?.channels.contains(name) == true,
                        "seed \(began)")
                }
            }
        }
    }

    @Test func `a mutated REST body is at most refused`() {
        var seed = SystemRandomNumberGenerator()
        var numbers = Numbers(state: seed.next())
        let began = numbers.state
        var fixture = AppFixture()
        fixture.connect(1)
        fixture.subscribe(1, "pub")
        for index in 0..<3000 {
            let path = index % 2 == 0 ? "/apps/1234/events" : "/apps/1234/batch_events"
            let body = numbers.spoil(Array(Self.bodies[index % 2].utf8))
            let answer = fixture.send(AppFixture.signed("POST", path, body: body))
            #expect([200, 400, 401].contains(answer.status), "seed \(began)")
            #expect(answer.status == 200 || answer.output.isEmpty, "seed \(began)")
        }
    }
}

extension Numbers {
    /// Changes, drops or duplicates up to a few bytes.
    fileprivate mutating func spoil(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<(next() % 4) where !bytes.isEmpty {
            let place = Int(next() % UInt64(bytes.count))
            switch next() % 4 {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(bytes[place], at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }
}
