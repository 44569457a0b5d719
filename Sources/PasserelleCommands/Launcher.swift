// SPDX-License-Identifier: MIT

import PasserelleDaemon
package import PasserelleConfiguration
import PasserelleHub
package import PasserelleLog
import PasserelleNet
import PasserelleSandbox
import PasserelleUpstream

/// Starts the server of a command, and runs its loop until a signal ends it.
package enum Launcher {
    /// Runs the gateway, as a service if a service manager started it; returns the process's exit
    /// code.
    ///
    /// `source` is read again at each SIGHUP.
    package static func serve(
        _ configuration: Configuration, source: ConfigurationSource, log: Log
    ) -> Int32 {
        var configuration = configuration
        let program = ProgramOnDisk.current()
        let running = ProgramOnDisk.inheritedSocket()
        let cut = configuration.fitDescriptors()
        return run(log, isReplacing: running != nil) { [configuration] loop in
            let gateway =
                if let running {
                    try takeOver(configuration, from: running, loop: loop, log: log)
                } else {
                    try Gateway(
                        loop: loop, configuration: configuration, log: log,
                        activated: Gateway.activatedSockets(configuration))
                }
            if let cut { log.info(cut) }
            gateway.source = source
            gateway.program = program
            gateway.supervise()
            return gateway.run()
        }
    }

    /// Continues the gateway of the process at the other end of a socket.
    private static func takeOver(
        _ configuration: Configuration, from running: Int32, loop: EventLoop, log: Log
    ) throws(StartError) -> Gateway {
        let former = try IncomingHandover(
            loop: loop, configuration: configuration, socket: running)
        try former.receive()
        let gateway: Gateway
        do throws(StartError) {
            gateway = try Gateway(
                loop: loop, configuration: configuration, log: log,
                activated: try former.listeners(configuration), continuing: former)
        } catch {
            former.failed(error.description)
            throw error
        }
        try former.confirm()
        gateway.takeOver(former)
        return gateway
    }

    /// Runs the sandbox alone; returns the process's exit code.
    package static func sandbox(_ configuration: Configuration, log: Log) -> Int32 {
        run(log) { loop in
            let sandbox = try openSandbox(configuration, loop: loop, log: log)
            log.info(
                "the sandbox is ready",
                [
                    "on": "\(configuration.sandbox)", "app_id": configuration.application.id,
                    "key": configuration.application.key,
                ])
            let signals = try SignalSource(loop: loop, signals: [2, 15]) { _ in
                sandbox.stop()
                loop.scheduleTask(in: .milliseconds(100)) { loop.stop() }
            }
            defer { signals.close() }
            try loop.run()
            return 0
        }
    }

    /// Runs the sandbox, the gateway and the chat page in one process; returns the exit code.
    package static func demo(_ configuration: Configuration, log: Log) -> Int32 {
        run(log) { loop in
            let sandbox = try openSandbox(configuration, loop: loop, log: log)
            var configuration = configuration
            let host = configuration.sandbox.host
            configuration.upstream = .host(host, port: sandbox.port, isTLS: false)
            let address = ListenAddress.tcp(host: host, port: sandbox.port)
            let application = configuration.application
            weak var gateway: Gateway?
            let demo = DemoApplication(
                key: application.key, secret: application.secret.revealed,
                wsURL: "ws://\(address)",
                services: .init(
                    now: { WallTime(milliseconds: loop.wallMilliseconds).text },
                    publish: { channel, event, data, done in
                        gateway?.rest.publish(channel: channel, event: event, data: data) {
                            done($0 == .sent)
                        }
                    }, connectChannels: { sandbox.setAvailable($0) }))
            let built = try Gateway(loop: loop, configuration: configuration, log: log) {
                _, request, reply in demo.respond(to: request, reply)
            }
            gateway = built
            announce(configuration, sandbox: address)
            defer { sandbox.stop() }
            return built.run()
        }
    }

    private static func openSandbox(
        _ configuration: Configuration, loop: EventLoop, log: Log
    ) throws -> Sandbox {
        var settings = SandboxConfiguration()
        settings.appID = configuration.application.id
        settings.key = configuration.application.key
        settings.secret = configuration.application.secret.revealed
        settings.listen = configuration.sandbox
        settings.webhook = configuration.sandboxWebhook
        settings.webhookCAFile = configuration.caFile
        do {
            return try Sandbox(loop: loop, configuration: settings) { log.debug($0) }
        } catch let error as ListenError {
            throw StartError(error, variable: .sandbox)
        } catch {
            throw StartError(
                description:
                    "\(VariableName.sandbox): cannot listen on \(settings.listen): \(error)")
        }
    }

    /// Prints the addresses to open on standard output, for people.
    private static func announce(_ configuration: Configuration, sandbox: ListenAddress) {
        let page = configuration.http.first.map { configuration.page(at: $0) } ?? "-"
        let channel = DemoApplication.channel
        Terminal.write(
            Array(
                """
                Passerelle demo: a notary and a client, through a real Channels connection.

                  open      \(page)
                  stream    curl -N '\(page)events?channel=\(channel)'
                  poll      curl '\(page)poll?channel=\(channel)&last=5'
                  socket    socat - UNIX-CONNECT:\(configuration.ipc)   then: SUBSCRIBE \(channel)
                  channels  ws://\(sandbox)/app/\(configuration.application.key)

                Ctrl-C ends it.

                """.utf8), to: 1)
    }

    /// If `isReplacing`, the service manager still supervises the process that is to be replaced.
    private static func run(
        _ log: Log, isReplacing: Bool = false, _ body: (EventLoop) throws -> Int32
    ) -> Int32 {
        do {
            return try body(EventLoop())
        } catch {
            log.error("cannot start: \(error)")
            if !isReplacing { Systemd.report(failure: "\(error)") }
            return (error as? StartError)?.exitCode ?? 1
        }
    }
}

extension Configuration {
    /// The URL of the page on a listener.
    fileprivate func page(at address: ListenAddress) -> String {
        if case .tcp = address, certificate != nil { return "https://\(address)/" }
        return "http://\(address)/"
    }
}

extension ListenAddress {
    /// The host to connect to; the sandbox's is always loopback.
    fileprivate var host: String {
        if case .tcp(let host, _) = self { host } else { "127.0.0.1" }
    }
}
