// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting

/// A client that sends what it is told to and writes down what comes.
final class RawClient {
    let recorder = LinkRecorder()
    private let link: Link

    init(_ loop: EventLoop, _ address: ListenAddress, _ bytes: [UInt8]) {
        link = Dial.connect(
            loop: loop, to: address, tls: nil, timeout: .seconds(30), owner: recorder)
        recorder.onOpened = { $0.send(bytes) }
    }

    convenience init(_ stage: Stage, _ address: ListenAddress, _ text: String) {
        self.init(stage.loop, address, Array(text.utf8))
    }

    func send(_ text: String) {
        if recorder.isOpened, link.isOpen { link.send(Array(text.utf8)) }
    }

    /// True once everything that was sent has left here.
    var hasSent: Bool { recorder.isOpened && link.queuedBytes == 0 }

    func close() { link.close() }
}
