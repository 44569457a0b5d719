// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// A user who types and stops, again and again, through a gateway that may be away.
final class Typist {
    /// The answers' statuses, each with how often it came.
    private(set) var answers: [Int: Int] = [:]
    private let stage: Stage
    private let address: ListenAddress
    private let target: String
    private let pause: Duration
    private var caller: HTTPCaller?
    private var isOn = true
    private var isStopped = false

    /// Begins at once; `pause` lies between what is typed.
    init(_ stage: Stage, _ address: ListenAddress, _ channel: String, user: String, pause: Duration)
    {
        self.stage = stage
        self.address = address
        self.pause = pause
        target = "/channels/\(channel)/events?user=\(user)"
        type()
    }

    /// Types no more.
    func stop() {
        isStopped = true
        caller?.close()
    }

    private func type() {
        guard !isStopped else { return }
        stage.loop.after(pause) { [weak self] in self?.type() }
        if caller?.end != nil { caller = nil }
        let line = caller ?? HTTPCaller(loop: stage.loop, address: address)
        caller = line
        // Where the answer takes its time, nothing waits behind it.
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
