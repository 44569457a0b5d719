// SPDX-License-Identifier: MIT
@testable import PasserelleLog
@testable import PasserelleConfiguration
import PasserelleDownstream
import PasserelleNet
import PasserelleUpstream
import PasserelleWire
import Testing

/// Values are accepted in their usual forms.
struct ObviousValueTests {
    private func read(_ name: String, _ value: String) throws -> Configuration {
        try load("serve", in: .only(enough.merging([name: value]) { $1 }))
    }

    @Test(arguments: ["true", "TRUE", "yes", "Yes", "on", "1", " true "])
    func `a flag is on`(value: String) throws {
        #expect(try read("PASSERELLE_ADMIN_OPEN", value).isAdminOpen)
        #expect(try read("PASSERELLE_CONSOLE_CONTENT", value).consoleShowsContent)
    }

    @Test(arguments: ["false", "no", "OFF", "0"])
    func `a flag is off`(value: String) throws {
        #expect(try !read("PASSERELLE_ADMIN_OPEN", value).isAdminOpen)
        #expect(try !read("PASSERELLE_CONSOLE_CONTENT", value).consoleShowsContent)
    }

    @Test func `keywords are case-insensitive`() throws {
        #expect(try !read("PUSHER_SCHEME", "HTTP").upstream.isTLS)
        #expect(try read("PUSHER_SCHEME", "HTTPS").upstream.isTLS)
        #expect(try read("PASSERELLE_LOG", "INFO").logLevel == .info)
        #expect(try read("PASSERELLE_LOG", "Warn").logLevel == .warning)
        #expect(try read("PASSERELLE_AUTH", "None").access == .unchecked)
        #expect(try read("PASSERELLE_PRESENCE", "Observe").presence == .observe)
        #expect(try read("PASSERELLE_ADMIN", "NONE").admin == [])
        #expect(try read("PASSERELLE_CLIENT_EVENTS", "None").clientEvents == [])
        #expect(try read("PASSERELLE_RETRACT", "NONE").retractions == [])
        #expect(try read("PASSERELLE_SEQUENCE", "None").sequencePath == [])
        #expect(try read("PASSERELLE_MAX_STREAMS", "None").limits.streams == .max)
        #expect(try read("PASSERELLE_IPC_USERS", "0:READ").ipcRights?.count == 1)
        #expect(try read("PASSERELLE_TRUSTED_PROXIES", "UNIX").proxies.trustsUnix)
    }

    @Test func `a size without a unit is in bytes`() throws {
        #expect(try read("PASSERELLE_BODY_BYTES", "10240").limits.request.bodyBytes == 10_240)
        #expect(try read("PASSERELLE_MEMORY", "268435456").memoryBytes == 1 << 28)
    }

    @Test func `blanks around a value are removed, except from a secret`() throws {
        #expect(try read("PUSHER_KEY", " abc ").application.key == "abc")
        #expect(try read("PUSHER_SECRET", " abc ").application.secret == Secret(" abc "))
    }

    @Test(arguments: [
        "PASSERELLE_PIN", "PASSERELLE_TRUSTED_PROXIES", "PUSHER_PATH", "PUSHER_ORIGIN",
        "PASSERELLE_NOTICE_LINK",
    ])
    func `none, which the table shows as a default, is accepted`(name: String) throws {
        for word in ["none", "NONE"] {
            let read = try load("serve", in: .only(enough.merging([name: word]) { $1 }))
            #expect(read.pinned.isEmpty && read.upstream.path == "" && read.upstream.origin == nil)
        }
    }

    @Test func `a state directory of none is memory only, also under systemd`() throws {
        var environment = enough
        environment["STATE_DIRECTORY"] = "/var/lib/passerelle"
        environment["PASSERELLE_STATE_DIR"] = "none"
        #expect(try load("serve", in: .only(environment)).stateDirectory == nil)
    }
}
