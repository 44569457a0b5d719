// SPDX-License-Identifier: MIT
package import PasserelleNet
package import PasserelleWire

/// A Channels server on one port: WebSocket, REST and web hooks of one application.
package final class Sandbox {
    /// Asked for every path that is not the server's own; true when it will answer, once.
    package var extraRoutes: ((HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool)?

    /// The port it listens on; 0 on a Unix socket.
    package var port: Int { 0 }

    /// Listens at once; `log` takes one line a thing worth knowing.
    package init(
        loop: EventLoop, configuration: SandboxConfiguration, log: @escaping (String) -> Void
    ) throws {}

    /// Stops listening and ends every connection.
    package func stop() {}
}
