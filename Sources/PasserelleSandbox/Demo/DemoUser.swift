// SPDX-License-Identifier: MIT

import PasserelleWire

/// A user of the demo's conversation, as stored by an application.
struct DemoUser {
    let id: String
    let name: String
    let email: String
    let role: String

    /// The users of the demo's lease.
    static let all = [
        DemoUser(
            id: "usr_notary_01", name: "Étude 01", email: "etude01@example.test", role: "NOTAIRE"),
        DemoUser(
            id: "usr_tenant_07", name: "Locataire 07", email: "locataire07@example.test",
            role: "UTILISATEUR"),
    ]

    /// The presence data of the user: the text that is signed and then sent unchanged.
    var channelData: [UInt8] {
        let user: JSONObjectWriter = ["name": name, "email": email, "role": role]
        let data: JSONObjectWriter = ["user_id": id, "user_info": user]
        return data.finished()
    }
}
