// SPDX-License-Identifier: MIT
import PasserelleConfiguration
import PasserelleDownstream
import PasserelleUpstream
import Testing

/// Tests the names of variables, and the messages of other targets that mention them.
struct VariableNameTests {
    @Test func `each name is that of one variable`() {
        let ids = Variables.all.map(\.id)
        #expect(Set(ids) == Set(VariableName.allCases))
        #expect(ids.count == VariableName.allCases.count)
    }

    @Test func `each limit is set by a variable`() {
        for limit in Limit.allCases {
            let name = limit.variable.rawValue
            #expect(name.hasSuffix("_" + limit.rawValue.uppercased()), "\(name)")
            #expect(Variables.named(name) != nil, "\(name)")
        }
    }

    @Test func `refusals name variables`() {
        let names = SettingNames.variables
        #expect(names.channels == "PASSERELLE_CHANNELS")
        #expect(names.clientEvents == "PASSERELLE_CLIENT_EVENTS")
        #expect(names.hosts == "PASSERELLE_HOSTS")
        #expect(names.origins == "PASSERELLE_ORIGINS")
        #expect(names.lineUsers == "PASSERELLE_IPC_USERS")
        #expect(names.revocations == "PASSERELLE_MAX_REVOCATIONS")
        #expect(names.stateDirectory == "PASSERELLE_STATE_DIR")
        #expect(names.tokenAudience == "PASSERELLE_TOKEN_AUDIENCE")
        #expect(names.tokenQuery == "PASSERELLE_TOKEN_QUERY")
    }

    @Test func `the auth route's failures name variables`() {
        let names = AuthRoute.SettingNames.variables
        #expect(names.credentials == "PUSHER_KEY and PUSHER_SECRET")
        #expect(names.memberID == "PASSERELLE_MEMBER_ID")
    }
}

/// Tests the description of a permanent refusal.
struct PermanentRefusalTests {
    @Test func `a wrong key is described with the remedy and the server's message`() {
        #expect(
            PermanentRefusal.description(code: 4001, server: "App key app-key does not exist")
                == "the server knows no application with this key: PUSHER_KEY does"
                + " not exist in PUSHER_CLUSTER (or on PUSHER_HOST): copy both from the"
                + " application's App Keys page (server message: App key app-key does not exist)")
    }

    @Test(arguments: [4000, 4003, 4006, 4009, 4050])
    func `a code without a message is described`(code: Int) {
        let text = PermanentRefusal.description(code: code, server: "")
        #expect(text.contains(": ") && !text.contains("server message"))
    }

    @Test func `a refused origin is not described as a wrong key`() {
        let text = PermanentRefusal.description(code: 4009, server: "Origin not allowed")
        #expect(text.contains("PUSHER_ORIGIN") && text.contains("Origin not allowed"))
        #expect(!text.contains("PUSHER_KEY"))
    }
}
