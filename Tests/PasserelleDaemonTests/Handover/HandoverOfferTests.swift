// SPDX-License-Identifier: MIT
import PasserelleDaemon
import PasserelleWire
import Testing

struct HandoverOfferTests {
    private static let hello = HandoverMessage.hello(
        version: HandoverMessage.version, program: "2")
    private static let channels = ["a", "b"]

    /// An offer whose new process has said hello, at second 1.
    private func prepared() -> HandoverOffer {
        var offer = HandoverOffer(program: "1", now: .zero)
        #expect(offer.begin() == [.send(.hello(version: HandoverMessage.version, program: "1"))])
        #expect(offer.received(Self.hello, now: .seconds(1)) == [.sendListeners])
        return offer
    }

    /// An offer that has handed over at second 3.
    private func handedOver() -> HandoverOffer {
        var offer = prepared()
        _ = offer.received(.connected, now: .seconds(2))
        _ = offer.turnEnded(live: Self.channels, isQuiet: true, now: .seconds(2))
        _ = offer.received(.answered(Self.channels), now: .seconds(2))
        #expect(offer.turnEnded(live: Self.channels, isQuiet: true, now: .seconds(2)) == [])
        #expect(
            offer.turnEnded(live: Self.channels, isQuiet: true, now: .seconds(3)) == [.handOver])
        return offer
    }

    @Test func `it hands over once the new process has every channel that is live here`() {
        var offer = prepared()
        #expect(
            offer.turnEnded(live: ["b", "a"], isQuiet: true, now: .seconds(1))
                == [.send(.wanted(["a", "b"]))])
        #expect(offer.received(.answered(["a"]), now: .seconds(2)) == [])
        #expect(offer.received(.connected, now: .seconds(2)) == [])
        #expect(offer.turnEnded(live: ["b", "a"], isQuiet: true, now: .seconds(2)) == [])
        #expect(offer.received(.answered(["b"]), now: .seconds(3)) == [])
        // A channel that was subscribed here meanwhile must follow.
        #expect(
            offer.turnEnded(live: ["a", "b", "c"], isQuiet: true, now: .seconds(3))
                == [.send(.wanted(["c"]))])
        #expect(offer.received(.answered(["c"]), now: .seconds(3)) == [])
        // Both processes receive all channels for a second.
        for time in [3_000, 3_999] as [Int64] {
            #expect(
                offer.turnEnded(
                    live: ["a", "b", "c"], isQuiet: true, now: .milliseconds(time)) == [])
        }
        #expect(
            offer.turnEnded(live: ["a", "b", "c"], isQuiet: true, now: .seconds(4))
                == [.handOver])
        #expect(offer.received(.taken, now: .seconds(4)) == [.retire])
        #expect(offer.isRetiring)
        #expect(offer.received(.settled, now: .seconds(6)) == [.end])
    }

    @Test func `a lost connection of the new process makes it start again`() {
        var offer = prepared()
        _ = offer.received(.connected, now: .seconds(2))
        _ = offer.turnEnded(live: ["a"], isQuiet: false, now: .seconds(2))
        _ = offer.received(.answered(["a"]), now: .seconds(2))
        _ = offer.received(.lost, now: .seconds(2))
        #expect(offer.turnEnded(live: ["a"], isQuiet: true, now: .seconds(2)) == [])
        _ = offer.received(.connected, now: .seconds(3))
        #expect(offer.turnEnded(live: ["a"], isQuiet: true, now: .seconds(3)) == [])
        _ = offer.received(.answered(["a"]), now: .seconds(3))
        #expect(offer.turnEnded(live: ["a"], isQuiet: true, now: .seconds(3)) == [])
        #expect(offer.turnEnded(live: ["a"], isQuiet: true, now: .seconds(4)) == [.handOver])
    }

    @Test func `without channels the connection is enough`() {
        var offer = prepared()
        #expect(offer.turnEnded(live: [], isQuiet: true, now: .seconds(1)) == [])
        _ = offer.received(.connected, now: .seconds(2))
        #expect(offer.turnEnded(live: [], isQuiet: true, now: .seconds(2)) == [])
        #expect(offer.turnEnded(live: [], isQuiet: true, now: .seconds(3)) == [.handOver])
    }

    @Test func `it waits for answers under way, but not for long`() {
        var offer = prepared()
        _ = offer.received(.connected, now: .seconds(2))
        #expect(offer.turnEnded(live: [], isQuiet: false, now: .seconds(2)) == [])
        #expect(offer.turnEnded(live: [], isQuiet: false, now: .milliseconds(3_999)) == [])
        #expect(offer.turnEnded(live: [], isQuiet: false, now: .seconds(4)) == [.handOver])
    }

    @Test func `another version is refused`() {
        var offer = HandoverOffer(program: "1", now: .zero)
        let actions = offer.received(.hello(version: 9, program: "x"), now: .zero)
        #expect(
            actions == [
                .giveUp("it uses version 9 of the hand-over, and this process version 1")
            ])
        #expect(offer.isOver)
    }

    @Test func `a new process that stops is given up after five seconds, in every phase`() {
        var greeting = HandoverOffer(program: "1", now: .zero)
        #expect(greeting.deadline == .seconds(5))
        #expect(greeting.timePassed(now: .milliseconds(4_999)) == [])
        #expect(
            greeting.timePassed(now: .seconds(5)) == [.giveUp("it did not answer within 5 s")])

        var preparing = prepared()
        _ = preparing.received(.alive, now: .seconds(2))
        #expect(preparing.deadline == .seconds(7))
        #expect(preparing.timePassed(now: .milliseconds(6_999)) == [])
        #expect(preparing.timePassed(now: .seconds(7)) == [.giveUp("it sent nothing for 5 s")])

        var handingOver = handedOver()
        #expect(handingOver.deadline == .seconds(8))
        #expect(
            handingOver.timePassed(now: .seconds(8))
                == [.giveUp("it did not take over within 5 s")])
    }

    @Test(arguments: [true, false])
    func `a new process that is never ready is given up after a minute`(isConnected: Bool) {
        var offer = prepared()
        _ = offer.turnEnded(live: ["a"], isQuiet: true, now: .seconds(1))
        if isConnected { _ = offer.received(.connected, now: .seconds(2)) }
        for second in 2..<61 {
            #expect(offer.received(.alive, now: .seconds(second)) == [])
            #expect(offer.timePassed(now: .seconds(second)) == [])
        }
        let reason =
            isConnected
            ? "it did not subscribe to all channels within 60 s"
            : "it did not connect to Channels within 60 s"
        #expect(offer.timePassed(now: .seconds(61)) == [.giveUp(reason)])
    }

    @Test func `messages out of turn are refused in every phase`() {
        let all: [HandoverMessage] = [
            Self.hello, .listener(name: "http", file: nil), .wanted([]), .alive, .connected, .lost,
            .answered([]), .part(.hub, []), .complete, .taken, .go, .settled,
        ]
        let refused = [HandoverOffer.Action.giveUp("it sends a message out of turn")]
        for message in all where message != Self.hello {
            var offer = HandoverOffer(program: "1", now: .zero)
            #expect(offer.received(message, now: .zero) == refused, "\(message)")
        }
        for message in all where ![.alive, .connected, .lost, .answered([])].contains(message) {
            var offer = prepared()
            #expect(offer.received(message, now: .seconds(1)) == refused, "\(message)")
        }
        for message in all
        where ![.alive, .connected, .answered([]), .taken].contains(message) {
            var offer = handedOver()
            #expect(offer.received(message, now: .seconds(3)) == refused, "\(message)")
        }
    }

    @Test func `the new process's own reason and its end are passed on`() {
        var offer = prepared()
        #expect(
            offer.received(.failed("no disk"), now: .seconds(1)) == [
                .giveUp("it gives up: no disk")
            ])
        #expect(offer.failed("it ended") == [])
        var other = handedOver()
        #expect(other.failed("it ended") == [.giveUp("it ended")])
        #expect(other.deadline == nil)
        #expect(other.received(.taken, now: .seconds(4)) == [])
    }

    @Test func `once it has let go, only the end follows`() {
        var offer = handedOver()
        _ = offer.received(.taken, now: .seconds(4))
        #expect(offer.turnEnded(live: ["z"], isQuiet: true, now: .seconds(4)) == [])
        #expect(offer.received(.alive, now: .seconds(4)) == [])
        #expect(offer.deadline == .seconds(12))
        var ended = offer
        #expect(ended.failed("it ended") == [.end])
        #expect(offer.timePassed(now: .seconds(12)) == [.end])
    }
}
