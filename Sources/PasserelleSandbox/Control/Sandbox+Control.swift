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

        Once, to every connection, or to the N oldest with connections=N:
        /sandbox/drop                             ends TCP without a close frame
        /sandbox/close?code=4200&reason=TEXT      ends with a close frame
        /sandbox/error?code=4004&message=TEXT     an error frame (default code: null); stays open
        /sandbox/garbage?kind=KIND                \(words(Garbage.self))
        /sandbox/publish?channel=C&name=EVENT     the body is the data; no signature needed

        From now on, until /sandbox/normal; the first three with connections=N only on the N oldest:
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
        do throws(RESTError) {
            guard peer.isLoopback else { throw .notFromHere }
            let verb = request.path.dropFirst("/sandbox/".count)
            if verb.isEmpty || verb == "state" {
                guard ["GET", "HEAD"].contains(request.method) else {
                    throw .wrongCommandMethod(allowed: "GET, HEAD")
                }
                return verb.isEmpty ? .text(200, Self.guide) : .json(app.state)
            }
            guard let query = try? HTTPTarget.decodeQuery(request.query ?? "") else {
                throw .unknownCommand
            }
            let act = try action(String(verb), ControlParameters(query))
            guard request.method == "POST" else { throw .wrongCommandMethod(allowed: "POST") }
            if verb == "publish" { return try publish(query: query, body: request.body) }
            act()
            return .json([:])
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
    ) throws(RESTError) -> () -> Void {
        switch verb {
        case "normal": return change { $0 = Misbehaviour() }
        case "swallow":
            let silence = try parameters.word("what", or: Misbehaviour.Silence.everything)
            return try change(\.silence, to: silence, parameters)
        case "duplicate":
            return try change(\.duplicates, to: parameters.bool("on"), parameters)
        case "delay":
            let delay = try parameters.number("ms", in: 0...600_000) ?? 500
            return try change(\.delay, to: .milliseconds(delay), parameters)
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
    ) throws(RESTError) -> () -> Void {
        let count = try parameters.connections()
        switch verb {
        case "publish": return {}
        case "drop": return toEach(count) { $0.cut() }
        case "close":
            let code = try parameters.closeCode(or: 4200)
            let reason = parameters.text("reason") ?? "Closed by a sandbox command"
            return toEach(count) { [unowned self] connection in
                connection.close(code: code, reason: reason)
                perform(app.lost(connection.id, now: loop.now))
            }
        case "error":
            let frame = ServerMessage.error(
                code: try parameters.number("code", in: 0...9999),
                message: parameters.text("message") ?? "Error sent by a sandbox command"
            ).encoded()
            return toEach(count) { $0.send(frame, after: .zero) }
        case "garbage":
            let garbage = try parameters.word("kind", or: Garbage.text)
            return toEach(count) { $0.sendRaw(garbage.bytes) }
        default: throw .unknownCommand
        }
    }

    private func change(_ body: @escaping (inout Misbehaviour) -> Void) -> () -> Void {
        { [unowned self] in
            body(&app.misbehaviour)
            for (id, connection) in webSockets { connection.isUnresponsive = isUnresponsive(id) }
        }
    }

    /// Sets a fault of all connections, or of the oldest, as many as `connections` says.
    private func change<Value>(
        _ fault: WritableKeyPath<Misbehaviour, Misbehaviour.Scoped<Value>>, to value: Value,
        _ parameters: ControlParameters
    ) throws(RESTError) -> () -> Void {
        let count = try parameters.connections()
        return change { [unowned self] in
            $0[keyPath: fault].value = value
            $0[keyPath: fault].connections = count.map { Set(oldest($0)) }
        }
    }

    /// Acts on the given number of oldest connections, or on all, in the order of arrival.
    private func toEach(
        _ count: Int? = nil, _ body: @escaping (WebSocketConnection) -> Void
    ) -> () -> Void {
        { [unowned self] in
            for id in oldest(count ?? .max) { webSockets[id].map(body) }
        }
    }

    /// The ids of the oldest connections, in the order of arrival.
    private func oldest(_ count: Int) -> ArraySlice<Int> { webSockets.keys.sorted().prefix(count) }

    private func publish(
        query: [(name: String, value: String)], body: [UInt8]
    ) throws(RESTError) -> HTTPResponse {
        let channel = query.last { $0.name == "channel" }?.value ?? ""
        let event = try PublishedEvent.legacy(channel: channel, query: query, body: body)
        perform(app.published(event, now: loop.now))
        return .json([:])
    }
}
