// SPDX-License-Identifier: MIT
package import PasserelleNet

/// A listener that echoes all bytes, in order, on each link.
package final class EchoServer {
    /// The listener.
    package private(set) var listener: Listener?
    /// All accepted links.
    package private(set) var links: [Link] = []
    /// The recorder of each link, in the same order.
    package private(set) var recorders: [LinkRecorder] = []

    /// Listens at `address`, by default on a port of 127.0.0.1 chosen by the kernel.
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

    /// The bound port.
    package var port: Int { listener?.boundPort ?? 0 }

    /// Closes the listener; open links stay open.
    package func close() { listener?.close() }
}
