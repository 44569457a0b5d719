// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct SandboxTLSTests {
    private let directory: TemporaryDirectory
    private let certificate: String
    private let key: String

    init() throws {
        directory = try TemporaryDirectory()
        certificate = directory.file("certificate.pem")
        key = directory.file("key.pem")
        let result = try Subprocess.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", key, "-out", certificate,
            ])
        guard result.status == 0 else { throw TestFailure(result.errors) }
    }

    private func port() throws -> SandboxPort {
        let tls = try TLSServer(certificateFile: certificate, keyFile: key)
        return try SandboxPort { $0.tls = tls }
    }

    @Test func `a client can connect through TLS`() throws {
        let port = try port()
        let bytes = ByteClient(
            loop: port.loop, port: port.sandbox.port, tls: try TLSClient(caFile: certificate))
        try port.run { bytes.isOpen }
        let client = SocketClient(bytes, target: "/app/app-key?protocol=7")
        try port.run { client.messages.count == 1 }
        client.subscribe("private-x")
        try port.run { client.messages.count == 2 }
        client.leave()
        try port.run { client.closed?.code == 1000 }
        try port.run { port.sandbox.webSockets.isEmpty }
    }

    @Test func `a webhook is sent through TLS to a server with a trusted certificate`() throws {
        let hook = try port()
        var received: [HTTPRequest] = []
        hook.sandbox.extraRoutes = { request, respond in
            received.append(request)
            respond(HTTPResponse(status: 200))
            return true
        }
        var configuration = SandboxConfiguration()
        configuration.listen = .tcp(host: "127.0.0.1", port: 0)
        configuration.webhook = WebAddress(
            isTLS: true, host: "127.0.0.1", port: hook.sandbox.port, target: "/hook")
        configuration.webhookCAFile = certificate
        let sandbox = try Sandbox(loop: hook.loop, configuration: configuration) { _ in }
        defer { sandbox.stop() }
        sandbox.perform([.webhook(.channelOccupied("pub"))])
        try hook.run { received.count == 1 }
        let request = try #require(received.first)
        #expect(request.target == "/hook")
        #expect(request.fields.first("Content-Type") == "application/json")
        #expect(request.fields.first("X-Pusher-Key") == "sandbox-key")
        #expect(
            request.fields.first("X-Pusher-Signature")
                == Hex.encode(
                    Digest.hmacSHA256(key: Array("sandbox-secret".utf8), request.body)))
    }

    @Test func `a webhook is not sent to a server with an untrusted certificate`() throws {
        let hook = try port()
        var received = 0
        hook.sandbox.extraRoutes = { _, respond in
            received += 1
            respond(HTTPResponse(status: 200))
            return true
        }
        var configuration = SandboxConfiguration()
        configuration.listen = .tcp(host: "127.0.0.1", port: 0)
        configuration.webhook = WebAddress(
            isTLS: true, host: "127.0.0.1", port: hook.sandbox.port, target: "/hook")
        var log: [String] = []
        let sandbox = try Sandbox(loop: hook.loop, configuration: configuration) { log.append($0) }
        defer { sandbox.stop() }
        sandbox.perform([.webhook(.channelOccupied("pub"))])
        try hook.run { !log.isEmpty }
        #expect(received == 0)
    }
}
