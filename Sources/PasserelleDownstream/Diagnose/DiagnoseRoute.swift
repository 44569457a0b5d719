// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// The routes `/diagnose/…`: answers that show a page what the network does to them.
///
/// They need no credentials and read no channel. An answer repeats nothing of a request but a
/// `DiagnoseWord`.
enum DiagnoseRoute {
    /// The cookie that the page's test sets.
    static let cookie = "passerelle-diagnose"

    static func serve(
        _ test: DiagnoseTest, _ request: HTTPRequest, on connection: HTTPConnection,
        context: DownstreamContext
    ) throws(Refusal) {
        try request.requireOwnPage(orRefuse: "Only the page /diagnose can use this route.")
        switch test {
        case .stream: try openStream(request, on: connection, context: context)
        case .poll: try startPoll(request, on: connection, context: context)
        case .echo: connection.answer(try echo(request))
        case .cookie: connection.answer(try cookie(request))
        case .fields: connection.answer(fields(request))
        case .time:
            let answer = Hex.encode(Random.bytes(8))
            let time = context.loop.wallMilliseconds
            connection.answer(json(#"{"time":\#(time),"answer":"\#(answer)"}"#))
        }
    }

    // MARK: - Waiting tests

    private static func openStream(
        _ request: HTTPRequest, on connection: HTTPConnection, context: DownstreamContext
    ) throws(Refusal) {
        let seconds = try number("for", in: request) ?? DiagnoseFrames.longest
        guard seconds >= 1 else { throw .badRequest("bad-query", "for must be 1 or more.") }
        guard !connection.isDraining else { throw .draining }
        let fields = EventStreamRoute.fields
        guard request.method == "GET" else { return connection.answerStreamHead(fields: fields) }
        let diagnoses = context.diagnoses
        let account = try diagnoses.quotas.beginDiagnosis(
            for: connection.from, through: connection.link.peer)
        // The link ends with the stream.
        let head = HTTPWriter.streamHead(
            status: 200, fields: fields, version: request.version, keepAlive: false)
        connection.handOver()
        diagnoses.open(
            connection.link, head: head, isChunked: request.version == .http11,
            frames: DiagnoseFrames(seconds: seconds, at: context.loop.now), account: account)
    }

    private static func startPoll(
        _ request: HTTPRequest, on connection: HTTPConnection, context: DownstreamContext
    ) throws(Refusal) {
        let seconds = min(try number("wait", in: request) ?? 0, ReadRequest.longestWait)
        let diagnoses = context.diagnoses
        let account = try diagnoses.quotas.beginDiagnosis(
            for: connection.from, through: connection.link.peer)
        connection.waits(
            for: DiagnosePoll(
                seconds: seconds, account: account, connection: connection, diagnoses: diagnoses))
    }

    // MARK: - Immediate answers

    private static func echo(_ request: HTTPRequest) throws(Refusal) -> HTTPResponse {
        try request.requireJSON()
        let body = request.body
        guard let root = try? JSONScanner.document(body.span) else {
            throw .badRequest("bad-body", "The body is not JSON.")
        }
        let member = JSONScanner.member(body.span, of: root, named: "echo")
        let text = member.flatMap { JSONScanner.text(body.span, $0) }
        return json(#"{"echo":\#(text.flatMap { DiagnoseWord($0) }.json)}"#)
    }

    private static func cookie(_ request: HTTPRequest) throws(Refusal) -> HTTPResponse {
        guard let word = try value("value", in: request).flatMap({ DiagnoseWord($0) }) else {
            throw .badRequest(
                "bad-query",
                "value must be 1 to \(DiagnoseWord.bytes) lower-case letters and digits.")
        }
        var answer = json(#"{"set":true}"#)
        // Without a path, it is sent to the tests only, also if a proxy adds a prefix.
        answer.fields.set(
            "Set-Cookie", "\(cookie)=\(word.text); Max-Age=120; SameSite=Lax; HttpOnly")
        return answer
    }

    private static func fields(_ request: HTTPRequest) -> HTTPResponse {
        let cookie = request.fields.cookie(cookie).flatMap { DiagnoseWord($0) }
        let scheme = "Bearer "
        let authorization = request.fields.first("Authorization").flatMap { value in
            value.hasPrefix(scheme) ? DiagnoseWord(value.dropFirst(scheme.count)) : nil
        }
        let version = request.version == .http11 ? "1.1" : "1.0"
        return json(
            #"{"cookie":\#(cookie.json),"authorization":\#(authorization.json),"http":"\#(version)","#
                + #""via":\#(request.fields.contains("Via"))}"#)
    }

    private static func json(_ text: String) -> HTTPResponse { .json(200, Array(text.utf8)) }

    // MARK: - Parameters

    private static func value(
        _ name: String, in request: HTTPRequest
    ) throws(Refusal) -> String? {
        try QueryItems.decode(request.query).first { $0.name == name }?.value
    }

    private static func number(
        _ name: String, in request: HTTPRequest
    ) throws(Refusal) -> Int? {
        guard let value = try value(name, in: request) else { return nil }
        guard !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .badRequest("bad-query", "\(name) must be an integer, 0 or more.")
        }
        return Int(value) ?? Int.max
    }
}
