// SPDX-License-Identifier: MIT
import PasserelleDaemon
import PasserelleWire
import Testing

struct HandoverReceiptTests {
    private static let hello = HandoverMessage.hello(
        version: HandoverMessage.version, program: "2")

    /// A receipt that has answered the running process at second 1.
    private func prepared() -> HandoverReceipt {
        var receipt = HandoverReceipt(program: "2", now: .zero)
        let actions = receipt.received(
            .hello(version: HandoverMessage.version, program: "1"), now: .seconds(1))
        #expect(actions == [.send(Self.hello)])
        return receipt
    }

    @Test func `it serves only after the running process has let go`() {
        var receipt = prepared()
        #expect(
            receipt.received(.listener(name: "http", file: nil), now: .seconds(1))
                == [.adopt(name: "http", file: nil)])
        #expect(receipt.received(.wanted(["a"]), now: .seconds(1)) == [.want(["a"])])
        #expect(receipt.report(.connected, now: .seconds(1)) == [.send(.connected)])
        #expect(receipt.report(.answered(["a"]), now: .seconds(1)) == [.send(.answered(["a"]))])
        #expect(receipt.received(.part(.hub, [1]), now: .seconds(2)) == [.keep(.hub, [1])])
        #expect(receipt.received(.complete, now: .seconds(2)) == [.build])
        #expect(receipt.report(.lost, now: .seconds(2)) == [])
        #expect(receipt.built(now: .seconds(2)) == [.send(.taken)])
        #expect(!receipt.isServing)
        #expect(receipt.received(.go, now: .seconds(2)) == [.serve])
        #expect(receipt.isServing)
        #expect(receipt.failed("the running process ended") == [])
    }

    @Test func `another version is answered, so that the running process can log it`() {
        var receipt = HandoverReceipt(program: "2", now: .zero)
        #expect(
            receipt.received(.hello(version: 9, program: "1"), now: .zero) == [
                .send(Self.hello), .end("the running process uses version 9 of the hand-over"),
            ])
    }

    @Test func `it reports every second that it works, and gives up in time`() {
        var receipt = prepared()
        for second in 2..<91 {
            #expect(receipt.deadline == .seconds(second))
            #expect(receipt.timePassed(now: .seconds(second)) == [.send(.alive)])
        }
        let reason = "the running process did not answer in time"
        #expect(receipt.timePassed(now: .seconds(91)) == [.send(.failed(reason)), .end(reason)])

        var waiting = prepared()
        _ = waiting.received(.complete, now: .seconds(1))
        _ = waiting.built(now: .seconds(2))
        #expect(waiting.deadline == .seconds(7))
        #expect(waiting.timePassed(now: .seconds(7)) == [.send(.failed(reason)), .end(reason)])
    }

    @Test func `a peer that is another program is left`() {
        var receipt = HandoverReceipt(program: "2", now: .zero)
        #expect(receipt.failed("it does not speak the protocol").last != nil)
        var silent = HandoverReceipt(program: "2", now: .zero)
        #expect(silent.deadline == .seconds(5))
        #expect(
            silent.timePassed(now: .seconds(5))
                == [.end("the running process did not answer in time")])
    }

    @Test func `messages out of turn and too much state are refused`() {
        var receipt = prepared()
        let reason = "the running process sends a message out of turn"
        #expect(
            receipt.received(.go, now: .seconds(1)) == [.send(.failed(reason)), .end(reason)])
        var early = HandoverReceipt(program: "2", now: .zero)
        #expect(early.received(.part(.hub, []), now: .zero) == [.end(reason)])
    }

    @Test func `a long reason is cut`() {
        var receipt = prepared()
        let actions = receipt.failed(String(repeating: "é", count: 400))
        guard case .send(.failed(let reason))? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(reason.utf8.count == HandoverMessage.reasonBytes)
    }
}
