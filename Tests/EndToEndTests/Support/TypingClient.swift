// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// A user who starts and stops typing repeatedly, through a gateway that may be down.
final class TypingClient {
    /// The number of answers by status.
    private(set) var answers: [Int: Int] = [:]
    private let fixture: EndToEndFixture
    private let address: ListenAddress
    private let target: String
    private let pause: Duration
    private var caller: HTTPCaller?
    private var isOn = true
    private var isStopped = false

    /// Starts at once; `pause` is the time between two events.
    init(
        _ fixture: EndToEndFixture, _ address: ListenAddress, _ channel: String, user: String,
        pause: Duration
    ) {
        self.fixture = fixture
        self.address = address
        self.pause = pause
        target = "/channels/\(channel)/events?user=\(user)"
        type()
    }

    /// Stops typing.
    func stop() {
        isStopped = true
        caller?.close()
    }

    private func type() {
        guard !isStopped else { return }
        fixture.loop.scheduleTask(in: pause) { [weak self] in self?.type() }
        if caller?.end != nil { caller = nil }
        let line = caller ?? HTTPCaller(loop: fixture.loop, address: address)
        caller = line
        // If the last answer is still missing, no request is queued behind it.
        guard line.openCount == 0 else { return }
        isOn.toggle()
        let data = #"{"isTyping":\#(isOn)}"#
        line.send(
            HTTPRequest(
                method: "POST", target: target,
                fields: ["Host": "localhost", "Content-Type": "application/json"],
                body: Array(#"{"event":"client-typing","data":\#(data)}"#.utf8))
        ) { [weak self] in self?.answers[$0.status, default: 0] += 1 }
    }
}
