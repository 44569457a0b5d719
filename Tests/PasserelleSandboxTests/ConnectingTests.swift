// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct ConnectingTests {
    @Test(arguments: ["5", "6", "7"])
    func `a client with a supported protocol version receives its socket id`(version: String) {
        var fixture = AppFixture()
        #expect(
            fixture.connect(3, version: version) == [
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
    func `an invalid connection is closed with its code`(
        key: String, version: String?, end: String
    ) {
        var fixture = AppFixture()
        #expect(fixture.connect(1, key: key, version: version).last == end)
        #expect(fixture.app.connections.isEmpty)
    }

    @Test(arguments: ["5", "7"])
    func `an error frame precedes the close frame`(version: String) {
        var fixture = AppFixture()
        #expect(
            fixture.connect(1, key: "wrong", version: version) == [
                #"1 < {"event":"pusher:error","#
                    + #""data":{"code":4001,"message":"App key wrong not in this cluster"}}"#,
                "1 x 4001 App key wrong not in this cluster",
            ])
    }

    @Test func `a client beyond the connection limit is closed with 4004`() {
        var fixture = AppFixture { $0.connectionLimit = 2 }
        fixture.connect(1)
        fixture.connect(2)
        #expect(
            fixture.connect(3) == [
                #"3 < {"event":"pusher:error","#
                    + #""data":{"code":4004,"message":"Application is over connection quota"}}"#,
                "3 x 4004 Application is over connection quota",
            ])
        fixture.lose(1)
        #expect(fixture.connect(4).first?.contains("connection_established") == true)
    }

    @Test func `a ping is answered`() {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(
            fixture.send(1, #"{"event":"pusher:ping","data":{}}"#) == [
                #"1 < {"event":"pusher:pong","data":{}}"#
            ])
        #expect(fixture.send(1, #"{"event":"pusher:pong","data":{}}"#) == [])
    }

    @Test(arguments: ["", "x", "[]", "{}", #"{"event":1}"#, #"{"event":"pusher:subscribe"}"#])
    func `an invalid message leaves the connection open`(text: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(
            fixture.send(1, text) == [
                #"1 < {"event":"pusher:error","#
                    + #""data":{"code":4200,"message":"Invalid message format"}}"#
            ])
        #expect(fixture.app.connections.count == 1)
    }

    @Test func `messages from a closed connection are ignored`() {
        var fixture = AppFixture()
        fixture.connect(1)
        fixture.lose(1)
        #expect(fixture.send(1, #"{"event":"pusher:ping"}"#) == [])
        #expect(fixture.lose(1) == [])
        #expect(fixture.send(9, #"{"event":"pusher:ping"}"#) == [])
    }

    // MARK: Time

    @Test func `a silent client is pinged, and closed if it does not answer`() {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(fixture.pass(.milliseconds(119_999)) == [])
        #expect(fixture.pass(.milliseconds(1)) == [#"1 < {"event":"pusher:ping","data":{}}"#])
        #expect(fixture.pass(.milliseconds(29_999)) == [])
        #expect(
            fixture.pass(.milliseconds(1)) == [
                #"1 < {"event":"pusher:error","#
                    + #""data":{"code":4201,"message":"Pong reply not received in time"}}"#,
                "1 x 4201 Pong reply not received in time",
            ])
        #expect(fixture.app.connections.isEmpty)
        #expect(!fixture.app.needsTime)
    }

    @Test func `any message counts as an answer to a ping`() {
        var fixture = AppFixture()
        fixture.connect(1)
        fixture.pass(.seconds(120))
        fixture.send(1, #"{"event":"pusher:pong"}"#)
        #expect(fixture.pass(.seconds(119)) == [])
        #expect(fixture.pass(.seconds(1)).count == 1)
        fixture.app.noteActivity(1, now: fixture.now)
        #expect(fixture.pass(.seconds(30)) == [])
    }
}
