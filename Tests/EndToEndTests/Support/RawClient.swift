// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting

/// A client that sends given bytes and records the received ones.
final class RawClient {
    let recorder = LinkRecorder()
    private let link: Link

    init(_ loop: EventLoop, _ address: ListenAddress, _ bytes: [UInt8]) {
        link = Dial.connect(
            loop: loop, to: address, tls: nil, timeout: hangLimit, owner: recorder)
        recorder.onOpened = { $0.send(bytes) }
    }

    convenience init(_ fixture: EndToEndFixture, _ address: ListenAddress, _ text: String) {
        self.init(fixture.loop, address, Array(text.utf8))
    }

    func send(_ text: String) {
        if recorder.isOpened, link.isOpen { link.send(Array(text.utf8)) }
    }

    /// True once the kernel has taken every byte sent.
    var hasSent: Bool { recorder.isOpened && link.queuedBytes == 0 }

    func close() { link.close() }
}
