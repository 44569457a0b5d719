// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A sandbox, a channel, and a server in place of Inngest, which accepts notices by default.
final class NoticeFixture {
    static let channel = "presence-bail-cm5x"
    static let key = "inngest-key-of-the-tests"

    let fixture: EndToEndFixture
    let sandbox: SandboxProcess
    let inngest: ScriptedHTTP

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        inngest = try ScriptedHTTP(loop: fixture.loop)
        answer(200, #"{"ids":["01"],"status":200}"#)
    }

    /// Sets Inngest's answer to later requests.
    func answer(_ status: Int, _ body: String = "{}") {
        inngest.answer = { _, link in
            let response = HTTPResponse(status: status, body: Array(body.utf8))
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
    }

    /// Starts a gateway that announces messages after 300 ms.
    func start(
        url: String? = nil, _ variables: [String: String] = [:]
    ) throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_PIN": Self.channel, "PASSERELLE_INNGEST_KEY": Self.key,
                "PASSERELLE_INNGEST_URL": url ?? "http://127.0.0.1:\(inngest.port)",
                "PASSERELLE_NOTICE_DELAY": "300ms",
                "PASSERELLE_NOTICE_LINK": "https://app.example/baux/{bail}",
            ].merging(variables) { $1 })
    }

    /// Publishes bob's message; `recipients` is the JSON of `message.to`.
    func publish(_ id: String, to recipients: String? = nil) throws {
        let to = recipients.map { #""to":\#($0),"# } ?? ""
        try sandbox.publish(
            Self.channel, "new-message",
            #"{"message":{"id":"\#(id)",\#(to)"senderId":"usr_bob","content":"Bonjour Zoé 👋","#
                + #""sender":{"id":"usr_bob","name":"Bob"}}}"#)
    }

    /// A counter of notices in `STATUS`.
    func notices(_ gateway: GatewayProcess, _ name: String) throws -> Int {
        try gateway.status().number(["notices", name])
    }

    /// The messages and recipients that reached Inngest, as `MESSAGE>USER`, repeated if they
    /// arrived twice.
    func reached() throws -> [String] {
        try inngest.requests.map {
            let event = try JSONText($0.body)
            return try event.string(["data", "message_id"]) + ">"
                + event.string(["data", "recipient", "id"])
        }
    }
}
