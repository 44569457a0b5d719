// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// The commands of tests, sent as `POST /sandbox/VERB?PARAMETER=VALUE…`.
extension Sandbox {
    /// All commands with their parameters, as the answer to `GET /sandbox`.
    private static let guide = """
        The sandbox's controls. The first two are GET, the others POST; local peers only.

        GET  /sandbox            this text
        GET  /sandbox/state      connections, occupied channels and counters, as JSON

        Once, to every connection:
        /sandbox/drop                             ends TCP without a close frame
        /sandbox/close?code=4200&reason=TEXT      ends with a close frame
        /sandbox/error?code=4004&message=TEXT     an error frame (default code: null); stays open
        /sandbox/garbage?kind=KIND                \(words(Garbage.self))
        /sandbox/publish?channel=C&name=EVENT     the body is the data; no signature needed

        From now on, until /sandbox/normal:
        /sandbox/delay?ms=500                     delays every answer and event
        /sandbox/swallow?what=WHAT                \(words(Misbehaviour.Silence.self))
        /sandbox/duplicate?on=yes                 every frame is sent twice (on=no: once)
        /sandbox/refuse?code=4004&message=TEXT&form=FORM
                                                  new connections; \(words(Misbehaviour.RefusalForm.self))
        /sandbox/deny?channel=PATTERN&status=403  subscriptions (no status: as hosted Channels)
        /sandbox/rest?mode=MODE                   answer, ignore, or an HTTP status from 400 to 599
        /sandbox/client-events?on=no              client events are refused as not enabled
        /sandbox/clock?ahead=900                  clock offset in seconds; -900 is behind
        /sandbox/normal                           switches all of these off

        """

    private static func words<Word: CaseIterable & RawRepresentable<String>>(
        _ type: Word.Type
    ) -> String {
        Word.allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// Answers a request under `/sandbox`, which only peers on this host may send.
    func control(_ request: HTTPRequest, from peer: PeerAddress) -> HTTPResponse {
        do throws(ControlError) {
            guard peer.isLoopback else { throw .notFromHere }
            let verb = request.path.dropFirst("/sandbox/".count)
            if verb.isEmpty || verb == "state" {
                guard ["GET", "HEAD"].contains(request.method) else {
                    throw .wrongMethod(allowed: "GET, HEAD")
                }
                return verb.isEmpty ? .text(200, Self.guide) : .json(app.state)
            }
            guard let query = try? HTTPTarget.decodeQuery(request.query ?? "") else {
                throw .unknownCommand
            }
            let act = try action(String(verb), ControlParameters(query))
            guard request.method == "POST" else { throw .wrongMethod(allowed: "POST") }
            if verb == "publish" { return publish(query: query, body: request.body) }
            act()
            return .json(JSONObjectWriter())
        } catch {
            return error.response
        }
    }

    /// Ends every WebSocket and answers new ones with 503 if false; accepts them again if true.
    package func setAvailable(_ isAvailable: Bool) {
        change { $0.refusal = isAvailable ? nil : .init(code: 4200, message: "", form: .http) }()
        if !isAvailable { toEach { $0.cut() }() }
    }

    /// Returns the action of a command; most switch a fault on, the others act once.
    private func action(
        _ verb: String, _ parameters: ControlParameters
    ) throws(ControlError) -> () -> Void {
        switch verb {
        case "normal": return change { $0 = Misbehaviour() }
        case "swallow":
            let silence = try parameters.word("what", or: Misbehaviour.Silence.everything)
            return change { $0.silence = silence }
        case "duplicate":
            let duplicates = try parameters.bool("on")
            return change { $0.duplicates = duplicates }
        case "delay":
            let delay = try parameters.number("ms", in: 0...600_000) ?? 500
            return change { $0.delay = .milliseconds(delay) }
        case "refuse":
            let refusal = Misbehaviour.Refusal(
                code: try parameters.closeCode(or: 4100),
                message: parameters.text("message") ?? "Refused by a sandbox command",
                form: try parameters.word("form", or: .close))
            return change { $0.refusal = refusal }
        case "deny":
            let denial = try parameters.denial()
            return change { $0.denials.append(denial) }
        case "rest":
            let mode = try parameters.rest()
            return change { $0.rest = mode }
        case "client-events":
            let passes = try parameters.bool("on")
            return change { $0.passesClientEvents = passes }
        case "clock":
            let seconds = try parameters.number("ahead", in: -86_400...86_400) ?? 900
            return change { $0.clockSeconds = seconds }
        default: return try actionOnce(verb, parameters)
        }
    }

    private func actionOnce(
        _ verb: String, _ parameters: ControlParameters
    ) throws(ControlError) -> () -> Void {
        switch verb {
        case "publish": return {}
        case "drop": return toEach { $0.cut() }
        case "close":
            let code = try parameters.closeCode(or: 4200)
            let reason = parameters.text("reason") ?? "Closed by a sandbox command"
            return toEach { [unowned self] connection in
                connection.close(code: code, reason: reason)
                perform(app.lost(connection.id, now: loop.now))
            }
        case "error":
            let frame = ServerMessage.error(
                code: try parameters.number("code", in: 0...9999),
                message: parameters.text("message") ?? "Error sent by a sandbox command"
            ).encoded()
            return toEach { $0.send(frame, after: .zero) }
        case "garbage":
            let garbage = try parameters.word("kind", or: Garbage.text)
            return toEach { $0.sendRaw(garbage.bytes) }
        default: throw .unknownCommand
        }
    }

    private func change(_ body: @escaping (inout Misbehaviour) -> Void) -> () -> Void {
        { [unowned self] in
            body(&app.misbehaviour)
            for connection in webSockets.values { connection.isMute = isMute }
        }
    }

    /// Acts on every connection, in the order of arrival.
    private func toEach(_ body: @escaping (WebSocketConnection) -> Void) -> () -> Void {
        { [unowned self] in
            for id in webSockets.keys.sorted() { webSockets[id].map(body) }
        }
    }

    private func publish(query: [(name: String, value: String)], body: [UInt8]) -> HTTPResponse {
        let channel = query.last { $0.name == "channel" }?.value ?? ""
        do throws(RESTError) {
            let event = try PublishedEvent.legacy(channel: channel, query: query, body: body)
            perform(app.published(event, now: loop.now))
            return .json(JSONObjectWriter())
        } catch {
            return error.response
        }
    }
}
