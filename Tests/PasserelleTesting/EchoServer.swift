// SPDX-License-Identifier: MIT
package import PasserelleNet

/// A listener whose links send back whatever comes, in order.
package final class EchoServer {
    /// The listener.
    package private(set) var listener: Listener?
    /// Every link it accepted.
    package private(set) var links: [Link] = []
    /// What each of them told, in the same order.
    package private(set) var recorders: [LinkRecorder] = []

    /// Listens on a port of 127.0.0.1 that the kernel chooses, or at `address`.
    package init(
        loop: EventLoop, address: ListenAddress = .tcp(host: "127.0.0.1", port: 0),
        tls: TLSServer? = nil
    ) throws {
        listener = try Listener(loop: loop, address: address, tls: tls) { [unowned self] link in
            let recorder = LinkRecorder()
            recorder.onReceived = { link, bytes in link.send(bytes) }
            link.owner = recorder
            links.append(link)
            recorders.append(recorder)
        }
    }

    /// The port that the kernel chose.
    package var port: Int { listener?.boundPort ?? 0 }

    /// Listens no more; links that are open stay so.
    package func close() { listener?.close() }
}
