// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import PasserelleNotices
import PasserelleUpstream
import Testing

struct NoticeSettingsTests {
    private static let needed = [
        "PUSHER_APP_ID": "1", "PUSHER_KEY": "k", "PUSHER_SECRET": "s", "PUSHER_CLUSTER": "eu",
        "PASSERELLE_AUTH": "none", "PASSERELLE_IPC": "/tmp/p.sock",
    ]

    private func load(_ variables: [String: String]) throws -> Configuration {
        try Configuration.load(
            try Invocation.parse(["serve"]),
            .only(Self.needed.merging(variables) { $1 }))
    }

    @Test func `without a key there are no notices, and the defaults are as documented`() throws {
        let settings = try load([:]).notices
        #expect(settings.key == nil)
        #expect("\(settings.address)" == "https://inn.gs:443/")
        #expect(settings.rules == NoticeConfiguration())
        #expect(settings.rules.event == "chat/message.offline")
        #expect(settings.rules.sender == ["message", "senderId"])
        #expect(settings.rules.recipients == nil && settings.rules.link == nil)
        #expect(settings.rules.delay == .seconds(10) && settings.rules.throttle == .seconds(300))
    }

    @Test func `every setting can be given`() throws {
        let configuration = try load([
            "PASSERELLE_INNGEST_KEY": "secret-of-inngest",
            "PASSERELLE_INNGEST_URL": "http://127.0.0.1:8288",
            "PASSERELLE_NOTICE_EVENT": "mail/offline", "PASSERELLE_NOTICE_RECIPIENTS": "to",
            "PASSERELLE_NOTICE_SENDER": "a.b.c", "PASSERELLE_NOTICE_DELAY": "0",
            "PASSERELLE_NOTICE_THROTTLE": "1d",
            "PASSERELLE_NOTICE_LINK": "https://app.example/{bail}?x={bail}",
        ])
        let settings = configuration.notices
        #expect(settings.key?.revealed == "secret-of-inngest")
        #expect("\(settings.address)" == "http://127.0.0.1:8288/")
        #expect(settings.rules.event == "mail/offline" && settings.rules.recipients == ["to"])
        #expect(settings.rules.sender == ["a", "b", "c"] && settings.rules.delay == .zero)
        #expect(settings.rules.throttle == .seconds(86_400))
        #expect(settings.rules.link == "https://app.example/{bail}?x={bail}")
        #expect(configuration.warnings.isEmpty)
        #expect(!"\(configuration)".contains("secret-of-inngest"))
    }

    @Test(arguments: [
        ("PASSERELLE_INNGEST_URL", "inn.gs"), ("PASSERELLE_INNGEST_URL", "https://inn.gs/?a=1"),
        ("PASSERELLE_INNGEST_URL", "https://u:p@inn.gs"),
        ("PASSERELLE_NOTICE_EVENT", "inngest/x"), ("PASSERELLE_NOTICE_EVENT", "Inngest/x"),
        ("PASSERELLE_NOTICE_RECIPIENTS", "a..b"), ("PASSERELLE_NOTICE_SENDER", "."),
        ("PASSERELLE_NOTICE_SENDER", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"),
        ("PASSERELLE_NOTICE_LINK", "/baux/{bail}"), ("PASSERELLE_NOTICE_LINK", "ftp://a/{bail}"),
        ("PASSERELLE_NOTICE_LINK", "https://a/{user}"), ("PASSERELLE_NOTICE_DELAY", "11m"),
        ("PASSERELLE_NOTICE_DELAY", "10"), ("PASSERELLE_NOTICE_THROTTLE", "25h"),
    ])
    func `a wrong value stops the start and names the variable`(name: String, value: String) {
        let error = #expect(throws: ConfigurationError.self) { try load([name: value]) }
        #expect(error.map { "\($0)" }?.contains(name) == true)
    }

    @Test func `a key that is too long is refused without being shown`() {
        let key = String(repeating: "k", count: 513)
        let error = #expect(throws: ConfigurationError.self) {
            try load(["PASSERELLE_INNGEST_KEY": key])
        }
        #expect(error.map { "\($0)" }?.contains("kkk") == false)
        #expect(throws: (any Error).self) {
            try Invocation.parse(["serve", "--inngest-key", "k"])
        }
    }

    @Test func `plain http to another host causes a warning`() throws {
        let warnings = try load(["PASSERELLE_INNGEST_URL": "http://inngest:8288"]).warnings
        #expect(warnings.count == 1 && warnings[0].contains("PASSERELLE_INNGEST_URL"))
    }
}
