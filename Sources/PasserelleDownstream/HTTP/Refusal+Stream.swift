// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// Temporary refusals in the form of an event stream, for clients that cannot evaluate a status.
extension Refusal {
    /// The maximum random delay added to `Retry-After`, in milliseconds, so that clients refused
    /// together do not retry together.
    static let retrySpread = 2_000

    /// True if the same request may succeed later.
    var isTemporary: Bool { status == 429 || status == 503 }

    /// Returns the refusal as a stream that sets the retry delay and ends.
    ///
    /// An EventSource closes for good on any status but 200. It reconnects after a stream that
    /// ends, and keeps its position, since the event has no `id:`.
    func streamResponse(spread: Int = Random.below(retrySpread)) -> HTTPResponse {
        let seconds = fields.first("Retry-After").flatMap { Int($0) } ?? 1
        let retry = seconds * 1_000 + spread
        var body: [UInt8] = []
        EventStreamWriter.retry(milliseconds: retry, into: &body)
        var data = Array(#"{"reason":"#.utf8)
        JSONWriter.string(word, into: &data)
        data += Array(#","retry_ms":\#(retry)}"#.utf8)
        EventStreamWriter.event(
            id: nil, name: "passerelle:unavailable", data: data, into: &body)
        var all = EventStreamRoute.fields
        for (name, value) in fields.list { all.set(name, value) }
        return HTTPResponse(status: 200, fields: all, body: body)
    }
}

extension HTTPRequest {
    /// True if the request is for `/events` and accepts a temporary refusal as an event stream; it
    /// must accept `text/event-stream` by name and must not ask for plain statuses.
    var takesRefusalAsStream: Bool {
        let path = "/events"
        guard target.utf8.starts(with: path.utf8) else { return false }
        let rest = target.utf8.dropFirst(path.utf8.count)
        guard rest.isEmpty || rest.first == UInt8(ascii: "?") else { return false }
        return fields.accepts("text/event-stream")
            && !fields.hasToken("Passerelle-Refusals", "status")
    }
}

extension HTTPService {
    /// Returns the encoded answer to a connection that cannot be kept, in the form that fits the
    /// request bytes received so far.
    package func refusal(to received: Span<UInt8>, _ refusal: Refusal) -> [UInt8] {
        var parser = HTTPRequestParser(limits: context.quotas.limits.request)
        parser.append(received)
        var response = refusal.response
        if let request = try? parser.next(), request.takesRefusalAsStream {
            response = refusal.streamResponse()
            if let origin = try? rules.crossOrigin(of: request) {
                OriginRules.allow(origin, in: &response.fields)
            }
        }
        return HTTPWriter.response(response, version: .http11, keepAlive: false)
    }
}
