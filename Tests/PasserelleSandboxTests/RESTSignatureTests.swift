// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct RESTSignatureTests {
    private let common = "auth_key=app-key&auth_timestamp=1700000000&auth_version=1.0"

    /// Requests recorded from PyPI `pusher` 3.3.4 and others; the first column is the method.
    private static let vectors: [(String, String, String, String, String)] = [
        (
            "POST", "/apps/1234/events", "",
            #"{"name": "my-event", "channels": ["my-channel"], "data": "{\"message\": \"hello world\"}"}"#,
            "a4ccd67b003c27c66b25900319748409fb003f274fc87d6387a3d351754d8d11"
        ),
        (
            "POST", "/apps/1234/events", "",
            ##"{"name": "my-event", "channels": ["#server-to-user-u1"], "data": "{\"a\": 1}"}"##,
            "baa63f6c7a577e18ba2f0a3ccd0ccf3425143935223aa93e378b96024ca555a1"
        ),
        (
            "POST", "/apps/1234/batch_events", "",
            #"{"batch":[{"channel":"c1","name":"e1","data":"{\"a\":1}"},{"channel":"c2","name":"e2","data":"x","socket_id":"123.456"}]}"#,
            "d17c46b8cc1942a3a5e295ff7abdbbff55aeb175678bb5039cdde4c5e5f65493"
        ),
        (
            "POST", "/apps/1234/users/u1/terminate_connections", "", "{}",
            "e1ee5956dceb06b148fb784e3c47f46c0e79ea00c1a31c14828459a9434e6f57"
        ),
        (
            "GET", "/apps/1234/channels",
            "&filter_by_prefix=presence-&info=user_count&body_md5=d41d8cd98f00b204e9800998ecf8427e",
            "", "6e7111cdd9550482402e5a6007668dad922d63b9ecadc2f44046685983aeab9a"
        ),
        (
            "GET", "/apps/1234/channels", "&filter_by_prefix=presence-&info=user_count", "",
            "2d1c7fe553dde4e0c21d66c99fba91fc07ff601424d2047a5a44d590b22da186"
        ),
        (
            "GET", "/apps/1234/channels/presence-room",
            "&info=user_count,subscription_count&body_md5=d41d8cd98f00b204e9800998ecf8427e", "",
            "050791e3fab127c21a7a5e82ad00ffe3bb9baba073d9bf54eae27bf9fda8052c"
        ),
        (
            "GET", "/apps/1234/channels/presence-room/users", "", "",
            "338114b3b5d53779f7c3e0aea926294bece06377e62aed914e1ce951c9e4a33e"
        ),
        (
            "GET", "/apps/1234/channels/a,b;c@d=e.f", "", "",
            "a69e6e119293c4c424a6824a42ce9b53c6f360d0e5d946046d714d45edf5d5c3"
        ),
    ]

    private static let digests = [
        "46d646fdb2b4f47c291ef3bc2819e546", "ad9ee30f55f3ee4b3aaf1021e7b09cc3",
        "8512797380c1a7f341e6c6fc23d24527", "99914b932bd37a50b983c5e7c90ae93b",
    ]

    @Test(arguments: vectors.indices)
    func `a request signed by a library is valid, and invalid if any byte is changed`(
        index: Int
    ) {
        let (method, path, query, body, signature) = Self.vectors[index]
        let digest = body.isEmpty ? "" : "&body_md5=\(Self.digests[index])"
        var fixture = AppFixture()
        func request(_ path: String, _ body: String) -> HTTPRequest {
            HTTPRequest(
                method: method,
                target: "\(path)?\(common)\(digest)\(query)&auth_signature=\(signature)",
                body: Array(body.utf8))
        }
        #expect(fixture.send(request(path, body)).status == 200)
        #expect(fixture.send(request(path.replacing("1234/", with: "1234//"), body)).status >= 400)
        if !body.isEmpty { #expect(fixture.send(request(path, body + " ")).status == 401) }
        var other = request(path, body)
        other.target += "&info="
        #expect(fixture.send(other).status == 401)
    }

    @Test(arguments: [
        ("auth_key=other&auth_timestamp=1700000000&auth_version=1.0", "Unknown auth_key"),
        ("auth_timestamp=1700000000&auth_version=1.0", "Missing auth_key parameter"),
        ("auth_key=app-key&auth_version=1.0", "Missing auth_timestamp parameter"),
        ("auth_key=app-key&auth_timestamp=1700000000", "Missing auth_version parameter"),
        (
            "auth_key=app-key&auth_timestamp=1700000000&auth_version=2.0",
            "Invalid auth_version: expected 1.0"
        ),
        (
            "auth_key=app-key&auth_timestamp=1700000000&auth_version=1.0",
            "Missing auth_signature parameter"
        ),
        (
            "auth_key=app-key&auth_timestamp=1700000000&auth_version=1.0&auth_signature=00",
            #"Invalid signature: you should have sent HmacSHA256Hex("GET\n/apps/1234/channels\n"#
                + "auth_key=app-key&auth_timestamp=1700000000&auth_version=1.0\", "
                + #"your_secret_key), but you sent "00""#
        ),
    ])
    func `an unsigned request is a 401 that names the parameter`(query: String, words: String) {
        var fixture = AppFixture()
        let answer = fixture.send(
            HTTPRequest(method: "GET", target: "/apps/1234/channels?\(query)"))
        #expect(answer.status == 401)
        #expect(answer.body == words + "\n")
    }

    @Test(arguments: [
        (-601, 401), (-600, 200), (0, 200), (600, 200), (601, 401),
    ])
    func `a time stamp is valid for 600 seconds either way`(offset: Int64, status: Int) {
        var fixture = AppFixture()
        let answer = fixture.request(
            "GET", "/apps/1234/channels", at: AppFixture.wall + offset * 1000)
        #expect(answer.status == status)
    }

    @Test(arguments: ["", "x", "9223372036854775807", "-9223372036854775808", "1e9"])
    func `an invalid time stamp is refused`(stamp: String) {
        var fixture = AppFixture()
        let answer = fixture.send(
            HTTPRequest(
                method: "GET",
                target: "/apps/1234/channels?auth_key=app-key&auth_version=1.0"
                    + "&auth_timestamp=\(stamp)&auth_signature=00"))
        #expect(answer.status == 401)
    }

    @Test func `a body needs its digest`() {
        var fixture = AppFixture()
        let answer = fixture.send(
            HTTPRequest(
                method: "POST", target: "/apps/1234/events?\(common)&auth_signature=00",
                body: Array("{}".utf8)))
        #expect(answer.body == "Missing body_md5 parameter\n")
    }
}
