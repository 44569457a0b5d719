// SPDX-License-Identifier: MIT
import PasserelleWire

/// Something that a test tells the sandbox to do, as `POST /sandbox/VERB?PARAMETER=VALUE…`.
///
/// What each verb takes stands in `guide`, which is also the answer to `GET /sandbox`.
enum ControlCommand: Equatable {
    /// Behaves again.
    case normal
    /// Ends TCP without a close frame.
    case drop
    /// Ends every WebSocket with a close frame.
    case close(code: UInt16, reason: String)
    /// Sends an error frame on sockets that stay open.
    case error(code: Int?, message: String)
    /// Sends what no Channels server would.
    case garbage(Garbage)
    /// Publishes the body without a signature; the name is in the query.
    case publish(channel: String)
    /// Is late from now on.
    case delay(Duration)
    /// Answers less from now on.
    case swallow(Misbehaviour.Silence)
    /// Says everything twice from now on, or once again.
    case duplicate(Bool)
    /// Turns new connections away from now on.
    case refuse(Misbehaviour.Refusal)
    /// Refuses subscriptions from now on, as well as those refused already.
    case deny(Misbehaviour.Denial)
    /// Treats REST requests so from now on.
    case rest(Misbehaviour.REST)
    /// Passes client events on from now on, or refuses them as where they are not enabled.
    case clientEvents(Bool)
    /// Is ahead of this host's clock from now on, by so many seconds.
    case clock(Int)

    /// Every command with its parameters, for people.
    static let guide = """
        The sandbox's controls. All but the first two are POST requests; only this host may ask.

        GET  /sandbox            this text
        GET  /sandbox/state      who is connected, what is occupied, what was said, as JSON

        Once, to every connection:
        /sandbox/drop                             ends TCP without a close frame
        /sandbox/close?code=4200&reason=TEXT      ends with a close frame
        /sandbox/error?code=4004&message=TEXT     an error frame (code left out: null); stays open
        /sandbox/garbage?kind=KIND                \(words(Garbage.self))
        /sandbox/publish?channel=C&name=EVENT     the body is the data; no signature needed

        From now on, until /sandbox/normal:
        /sandbox/delay?ms=500                     every answer and event is late
        /sandbox/swallow?what=WHAT                \(words(Misbehaviour.Silence.self))
        /sandbox/duplicate?on=yes                 every frame is sent twice (on=no: once)
        /sandbox/refuse?code=4004&message=TEXT&form=FORM
                                                  new connections; \(words(Misbehaviour.RefusalForm.self))
        /sandbox/deny?channel=PATTERN&status=403  subscriptions (status left out: the hosted form)
        /sandbox/rest?mode=MODE                   answer, ignore, or an HTTP status from 400 to 599
        /sandbox/client-events?on=no              client events are refused as not enabled
        /sandbox/clock?ahead=900                  its clock, in seconds; -900 is behind
        /sandbox/normal                           behaves again

        """

    /// Reads a command from the last word of the path and the decoded query.
    static func parse(
        _ verb: String, query: [(name: String, value: String)]
    ) throws(ControlError) -> ControlCommand {
        let parameters = ControlParameters(query)
        switch verb {
        case "normal": return .normal
        case "drop": return .drop
        case "close":
            return .close(
                code: try parameters.closeCode(or: 4200),
                reason: parameters.text("reason") ?? "Told to close")
        case "error":
            return .error(
                code: try parameters.number("code", in: 0...9999),
                message: parameters.text("message") ?? "Told to complain")
        case "garbage": return .garbage(try parameters.word("kind", or: .text))
        case "publish": return .publish(channel: parameters.text("channel") ?? "")
        case "swallow": return .swallow(try parameters.word("what", or: .everything))
        case "duplicate": return .duplicate(try parameters.fact("on"))
        case "delay":
            return .delay(.milliseconds(try parameters.number("ms", in: 0...600_000) ?? 500))
        case "refuse":
            return .refuse(
                Misbehaviour.Refusal(
                    code: try parameters.closeCode(or: 4100),
                    message: parameters.text("message") ?? "Told to refuse",
                    form: try parameters.word("form", or: .close)))
        case "deny": return .deny(try parameters.denial())
        case "rest": return .rest(try parameters.rest())
        case "client-events": return .clientEvents(try parameters.fact("on"))
        case "clock":
            return .clock(try parameters.number("ahead", in: -86_400...86_400) ?? 900)
        default: throw .unknownCommand
        }
    }

    private static func words<Word: CaseIterable & RawRepresentable<String>>(
        _ type: Word.Type
    ) -> String {
        Word.allCases.map(\.rawValue).joined(separator: ", ")
    }
}

/// Why a control request is refused; each case is one sentence to its sender.
enum ControlError: Error, Equatable {
    /// The peer is on another host.
    case notFromHere
    /// There is no such word.
    case unknownCommand
    /// The path is right, the method is not.
    case wrongMethod(allowed: String)
    /// A parameter is missing or has a value that it does not take.
    case badValue(parameter: String, takes: String)

    /// The answer that says so.
    var response: HTTPResponse {
        var fields: HTTPFields = ["Content-Type": "text/plain; charset=utf-8"]
        let (status, message): (Int, String)
        switch self {
        case .notFromHere: (status, message) = (403, "Only this host may control the sandbox.")
        case .unknownCommand: (status, message) = (404, "No such control: see GET /sandbox.")
        case .wrongMethod(let allowed):
            fields.add("Allow", allowed)
            (status, message) = (405, "This control takes \(allowed).")
        case .badValue(let parameter, let takes):
            (status, message) = (400, "The parameter \(parameter) takes \(takes).")
        }
        return HTTPResponse(status: status, fields: fields, body: Array((message + "\n").utf8))
    }
}
