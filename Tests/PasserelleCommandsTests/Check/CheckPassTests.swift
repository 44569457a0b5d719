// SPDX-License-Identifier: MIT

@testable import PasserelleCommands
@testable import PasserelleConfiguration
@testable import PasserelleLog
import PasserelleDownstream
import PasserelleNet
import PasserelleWire
import Testing

@testable import PasserelleDaemon

struct CheckPassTests {
    private let secret = Array("the application's".utf8)

    @Test(arguments: [(0, true), (600, true), (-600, true), (601, false), (-601, false)])
    func `a pass is valid for ten minutes`(later: Int64, isGood: Bool) {
        let pass = CheckPass(secret: secret, at: 1_000_000)
        let shown = CheckPass(pass.text, secret: secret, at: 1_000_000 + later)
        #expect((shown != nil) == isGood)
        if isGood { #expect(shown == pass) }
    }

    @Test func `each pass is different, and can only be made with the secret`() {
        let pass = CheckPass(secret: secret, at: 1)
        #expect(pass.text != CheckPass(secret: secret, at: 1).text)
        #expect(CheckPass(pass.text, secret: Array("another".utf8), at: 1) == nil)
        for index in pass.text.indices {
            var text = pass.text
            text.replaceSubrange(index...index, with: pass.text[index] == "0" ? "1" : "0")
            #expect(CheckPass(text, secret: secret, at: 1) == nil, "\(text)")
        }
    }

    @Test func `a malformed pass is refused`() {
        let long = String(repeating: "9", count: 200)
        for text in ["", ".", "..", "1.2.3", "1.2.3.4", "\(long).1.2", "\(Int64.min).a.b", "é.é.é"]
        {
            #expect(CheckPass(text, secret: secret, at: Int64(1) << 40) == nil)
        }
    }

    @Test func `a pass is not a signature for Channels, nor the reverse`() {
        let pass = CheckPass(secret: secret, at: 1)
        let parts = pass.text.split(separator: ".")
        let signed = Hex.encode(
            Digest.hmacSHA256(key: secret, Array("\(parts[0]).\(parts[1])".utf8)))
        #expect(parts[2] != signed)
        #expect(CheckPass("\(parts[0]).\(parts[1]).\(signed)", secret: secret, at: 1) == nil)
    }

    @Test func `an echo reports the fields received, and contains none of their bytes`() throws {
        let pass = CheckPass(secret: secret, at: 1)
        var request = HTTPRequest(
            method: "GET",
            target: "/check?field=Cookie&field=authorization&field=X-Gone&field=If-None-Match")
        request.fields = [
            "Cookie": "session=hush; passerelle-check=\(pass.nonce)",
            "Authorization": "Bearer hushhush", "X-Other": "hushest", "If-None-Match": "\"x\"",
        ]
        let echo = CheckEcho(request, pass: pass, isTrustedProxy: false)
        let json = String(decoding: echo.json, as: UTF8.self)
        #expect(!json.contains("hush") && !json.contains(pass.nonce))
        #expect(CheckEcho(echo.json, pass: pass) == echo)
        #expect(echo.digests["cookie"] == pass.digest(of: pass.nonce, as: "Cookie"))
        #expect(
            echo.digests["authorization"] == pass.digest(of: "Bearer hushhush", as: "authorization")
        )
        #expect(echo.digests.keys.sorted() == ["authorization", "cookie", "if-none-match"])
        #expect(echo.forwarding == .unsaid)
        // An echo for another pass is refused.
        #expect(CheckEcho(echo.json, pass: CheckPass(secret: secret, at: 1)) == nil)
        #expect(CheckEcho(Array("{}".utf8), pass: pass) == nil)
        request.fields.set("X-Forwarded-For", "203.0.113.1")
        #expect(CheckEcho(request, pass: pass, isTrustedProxy: false).forwarding == .ignored)
        #expect(CheckEcho(request, pass: pass, isTrustedProxy: true).forwarding == .believed)
    }

    @Test func `an echo reports a limited number of fields`() {
        let pass = CheckPass(secret: secret, at: 1)
        let names = (0..<40).map { "X-\($0)" }
        var request = HTTPRequest(
            method: "GET",
            target: "/check?" + names.map { "field=\($0)" }.joined(separator: "&"))
        for name in names { request.fields.add(name, "1") }
        let echo = CheckEcho(request, pass: pass, isTrustedProxy: false)
        #expect(echo.digests.count == CheckEcho.fieldLimit)
    }

    @Test func `a pass gives access to the check's own channel and no other`() throws {
        var configuration = Configuration()
        configuration.application.secret = Secret("the application's")
        configuration.channels = try ChannelPatterns("presence-bail-*,presence-hall")
        let loop = try EventLoop()
        let log = Log(level: .error, form: .timed, clock: { 0 }, sink: { _ in })
        let services = CheckServices(configuration, loop: loop, log: log)
        let pass = CheckPass(secret: secret, at: loop.wallMilliseconds / 1000)
        let own = "presence-bail-passerelle-check"
        #expect(services.opens(pass.text, [own]))
        for channels in [[], ["presence-hall"], [own, "presence-hall"], [own, own]] {
            #expect(!services.opens(pass.text, channels))
        }
        #expect(!services.opens("1.2.3", [own]))
        configuration.channels = try ChannelPatterns("presence-hall,private-encrypted-*")
        let closed = CheckServices(configuration, loop: loop, log: log)
        #expect(!closed.opens(pass.text, ["presence-hall"]))
        #expect(!closed.opens(pass.text, ["private-encrypted-passerelle-check"]))
    }

    @Test func `an echo requires exactly one valid pass`() throws {
        var configuration = Configuration()
        configuration.application.secret = Secret("the application's")
        let loop = try EventLoop()
        let log = Log(level: .error, form: .timed, clock: { 0 }, sink: { _ in })
        let services = CheckServices(configuration, loop: loop, log: log)
        let pass = CheckPass(secret: secret, at: loop.wallMilliseconds / 1000).text
        func isAnswered(_ query: String) -> Bool {
            services.echo(HTTPRequest(method: "GET", target: "/check" + query), false) != nil
        }
        #expect(isAnswered("?check=\(pass)"))
        for query in ["", "?check=", "?check=1.2.3", "?check=\(pass)&check=\(pass)", "?check=%"] {
            #expect(!isAnswered(query))
        }
    }
}
