// SPDX-License-Identifier: MIT

/// One side of the demo's conversation, as the application behind it knows its users.
struct DemoParty {
    let id: String
    let name: String
    let email: String
    let role: String

    /// Everyone on the demo's lease.
    static let all = [
        DemoParty(
            id: "usr_notary_01", name: "Étude 01", email: "etude01@example.test", role: "NOTAIRE"),
        DemoParty(
            id: "usr_tenant_07", name: "Locataire 07", email: "locataire07@example.test",
            role: "UTILISATEUR"),
    ]

    /// Who the party is on a presence channel: the text that is signed, and then sent as it is.
    var channelData: [UInt8] {
        var user = JSONObject()
        user.add("name", name)
        user.add("email", email)
        user.add("role", role)
        var data = JSONObject()
        data.add("user_id", id)
        data.add("user_info", raw: user.bytes)
        return data.bytes
    }
}
