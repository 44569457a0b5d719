// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

extension Sandbox {
    /// Answers a request under `/sandbox`, which only a peer on this host may send.
    func control(_ request: HTTPRequest, from peer: PeerAddress) -> HTTPResponse {
        do throws(ControlError) {
            guard peer.isLoopback else { throw .notFromHere }
            let verb = request.path.dropFirst("/sandbox/".count)
            if verb.isEmpty || verb == "state" {
                guard ["GET", "HEAD"].contains(request.method) else {
                    throw .wrongMethod(allowed: "GET, HEAD")
                }
                return verb.isEmpty ? text(ControlCommand.guide) : json(app.state)
            }
            guard let query = try? HTTPTarget.decodeQuery(request.query ?? "") else {
                throw .unknownCommand
            }
            let command = try ControlCommand.parse(String(verb), query: query)
            guard request.method == "POST" else { throw .wrongMethod(allowed: "POST") }
            if case .publish(let channel) = command {
                return publish(channel, query: query, body: request.body)
            }
            obey(command)
            return json(JSONObject())
        } catch {
            return error.response
        }
    }

    private func obey(_ command: ControlCommand) {
        switch command {
        case .normal: change { $0 = Misbehaviour() }
        case .delay(let delay): change { $0.delay = delay }
        case .swallow(let silence): change { $0.silence = silence }
        case .duplicate(let duplicates): change { $0.duplicates = duplicates }
        case .refuse(let refusal): change { $0.refusal = refusal }
        case .deny(let denial): change { $0.denials.append(denial) }
        case .rest(let mode): change { $0.rest = mode }
        case .clientEvents(let passes): change { $0.passesClientEvents = passes }
        case .clock(let seconds): change { $0.clockSeconds = seconds }
        default: disturb(command)
        }
    }

    /// Does once what a command wants, to every connection in the order of their arrival.
    private func disturb(_ command: ControlCommand) {
        for id in webSockets.keys.sorted() {
            guard let connection = webSockets[id] else { continue }
            switch command {
            case .drop:
                connection.cut()
            case .close(let code, let reason):
                connection.close(code: code, reason: reason)
                perform(app.lost(id, now: loop.now))
            case .error(let code, let message):
                connection.say(
                    ServerMessage.error(code: code, message: message).encoded(), after: .zero)
            case .garbage(let garbage):
                connection.spill(garbage.bytes)
            default: break
            }
        }
    }

    private func change(_ body: (inout Misbehaviour) -> Void) {
        body(&app.misbehaviour)
        for connection in webSockets.values { connection.isMute = isMute }
    }

    private func publish(
        _ channel: String, query: [(name: String, value: String)], body: [UInt8]
    ) -> HTTPResponse {
        do throws(RESTError) {
            let event = try PublishedEvent.legacy(channel: channel, query: query, body: body)
            perform(app.published(event, now: loop.now))
            return json(JSONObject())
        } catch {
            return error.response
        }
    }

    private func text(_ text: String) -> HTTPResponse {
        HTTPResponse(
            status: 200, fields: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8))
    }

    private func json(_ object: JSONObject) -> HTTPResponse {
        HTTPResponse(
            status: 200, fields: ["Content-Type": "application/json"], body: object.bytes)
    }
}
