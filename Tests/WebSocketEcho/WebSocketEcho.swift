// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet

/// Echoes WebSocket messages in either role, so that conformance suites can test both.
@main
enum WebSocketEcho {
    private static let usage = """
        usage: WebSocketEcho connect URL
               WebSocketEcho connect --cases BASE-URL --agent NAME
               WebSocketEcho listen PORT
        """

    static func main() {
        let words = CommandLine.arguments.dropFirst()
        do {
            let loop = try EventLoop()
            switch words.first {
            case "listen" where words.count == 2:
                try listen(words.dropFirst().first.flatMap { Int($0) }, loop)
            case "connect" where words.count == 2:
                try connect(words.dropFirst().first ?? "", loop)
            case "connect":
                guard let base = value("--cases", words), let agent = value("--agent", words)
                else { quit(usage, 64) }
                try cases(base, agent, loop)
            default: quit(usage, 64)
            }
        } catch {
            quit("\(error)", 1)
        }
    }

    private static func listen(_ port: Int?, _ loop: EventLoop) throws {
        guard let port, (0...65_535).contains(port) else { quit(usage, 64) }
        let address = ListenAddress.tcp(host: "127.0.0.1", port: port)
        let listener = try Listener(loop: loop, address: address) { link in
            _ = EchoConnection(accepting: link)
        }
        printLine("listening on 127.0.0.1:\(listener.boundPort ?? port)", to: 1)
        try loop.run()
    }

    private static func connect(_ url: String, _ loop: EventLoop) throws {
        guard let target = EchoTarget(url) else { quit(usage, 64) }
        let connection = try EchoConnection(connecting: target, loop: loop)
        connection.onEnd = { failure in
            if let failure { quit(failure, 1) }
            loop.stop()
        }
        try loop.run()
    }

    private static func cases(_ base: String, _ agent: String, _ loop: EventLoop) throws {
        let cases = EchoCases(base: base, agent: agent, loop: loop) { failure in
            if let failure { quit(failure, 1) }
            loop.stop()
        }
        cases.start()
        try withExtendedLifetime(cases) { try loop.run() }
    }

    private static func value(_ option: String, _ words: ArraySlice<String>) -> String? {
        guard let index = words.firstIndex(of: option), index + 1 < words.endIndex else {
            return nil
        }
        return words[index + 1]
    }

    private static func quit(_ message: String, _ code: Int32) -> Never {
        printLine(message, to: 2)
        exit(code)
    }

    private static func printLine(_ message: String, to descriptor: Int32) {
        let line = Array((message + "\n").utf8)
        _ = write(descriptor, line, line.count)
    }
}
