// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct ConnectingTests {
    @Test(arguments: ["5", "6", "7"])
    func `a client of a known protocol is told its socket id`(version: String) {
        var scene = AppScene()
        #expect(
            scene.connect(3, version: version) == [
                #"3 < {"event":"pusher:connection_established","#
                    + #""data":"{\"socket_id\":\"3.3\",\"activity_timeout\":120}"}"#
            ])
    }

    @Test(
        arguments: [
            ("wrong", "7", "1 x 4001 App key wrong not in this cluster"),
            ("app-key", "4", "1 x 4007 Unsupported protocol version"),
            ("app-key", "8", "1 x 4007 Unsupported protocol version"),
            ("app-key", "x", "1 x 4007 Unsupported protocol version"),
            ("app-key", nil, "1 x 4008 No protocol version supplied"),
            ("app-key", "", "1 x 4008 No protocol version supplied"),
        ] as [(String, String?, String)])
    func `a client that does not belong here is closed with its code`(
        key: String, version: String?, end: String
    ) {
        var scene = AppScene()
        #expect(scene.connect(1, key: key, version: version).last == end)
        #expect(scene.app.connections.isEmpty)
    }

    @Test func `only a client older than protocol 6 gets an error before the close`() {
        var scene = AppScene()
        #expect(
            scene.connect(1, key: "wrong", version: "5").first
                == #"1 < {"event":"pusher:error","#
                + #""data":{"code":4001,"message":"App key wrong not in this cluster"}}"#)
        #expect(scene.connect(2, key: "wrong", version: "7").count == 1)
    }

    @Test func `one client more than the quota is closed with 4004`() {
        var scene = AppScene { $0.connectionLimit = 2 }
        scene.connect(1)
        scene.connect(2)
        #expect(scene.connect(3) == ["3 x 4004 Application is over connection quota"])
        scene.lose(1)
        #expect(scene.connect(4).first?.contains("connection_established") == true)
    }

    @Test func `a ping is answered`() {
        var scene = AppScene()
        scene.connect(1)
        #expect(
            scene.say(1, #"{"event":"pusher:ping","data":{}}"#) == [
                #"1 < {"event":"pusher:pong","data":{}}"#
            ])
        #expect(scene.say(1, #"{"event":"pusher:pong","data":{}}"#) == [])
    }

    @Test(arguments: ["", "x", "[]", "{}", #"{"event":1}"#, #"{"event":"pusher:subscribe"}"#])
    func `a message that is none leaves the connection open`(text: String) {
        var scene = AppScene()
        scene.connect(1)
        #expect(
            scene.say(1, text) == [
                #"1 < {"event":"pusher:error","#
                    + #""data":{"code":4200,"message":"Invalid message format"}}"#
            ])
        #expect(scene.app.connections.count == 1)
    }

    @Test func `nothing comes of a client that is gone`() {
        var scene = AppScene()
        scene.connect(1)
        scene.lose(1)
        #expect(scene.say(1, #"{"event":"pusher:ping"}"#) == [])
        #expect(scene.lose(1) == [])
        #expect(scene.say(9, #"{"event":"pusher:ping"}"#) == [])
    }

    // MARK: Time

    @Test func `a silent client is pinged, and closed when it does not answer`() {
        var scene = AppScene()
        scene.connect(1)
        #expect(scene.pass(.milliseconds(119_999)) == [])
        #expect(scene.pass(.milliseconds(1)) == [#"1 < {"event":"pusher:ping","data":{}}"#])
        #expect(scene.pass(.milliseconds(29_999)) == [])
        #expect(scene.pass(.milliseconds(1)) == ["1 x 4201 Pong reply not received in time"])
        #expect(scene.app.connections.isEmpty)
        #expect(!scene.app.needsTime)
    }

    @Test func `any message is an answer to a ping`() {
        var scene = AppScene()
        scene.connect(1)
        scene.pass(.seconds(120))
        scene.say(1, #"{"event":"pusher:pong"}"#)
        #expect(scene.pass(.seconds(119)) == [])
        #expect(scene.pass(.seconds(1)).count == 1)
        scene.app.heard(1, now: scene.now)
        #expect(scene.pass(.seconds(30)) == [])
    }
}
