// SPDX-License-Identifier: MIT
import PasserelleWire

/// Why the demo's server half does not do what it was asked.
enum DemoRefusal: Error, Equatable {
    /// The method is none of those that the path takes.
    case method(allowed: String)
    /// Another site's page, or a name that may be made to point here, asks for it.
    case foreignOrigin
    /// The body is not of the type that the path takes.
    case contentType(wanted: String)
    /// The body misses something, or holds something else in its place.
    case malformed(String)
    /// The user, or the channel, is not of this demo.
    case unknown(String)
    /// The data of an event is longer than Channels carries.
    case tooLarge(limit: Int)
    /// Channels did not take the event.
    case notSent

    private var status: Int {
        switch self {
        case .method: 405
        case .foreignOrigin, .unknown: 403
        case .contentType: 415
        case .malformed: 400
        case .tooLarge: 413
        case .notSent: 502
        }
    }

    private var code: String {
        switch self {
        case .method: "method-not-allowed"
        case .foreignOrigin, .unknown: "forbidden"
        case .contentType: "unsupported-media-type"
        case .malformed: "bad-request"
        case .tooLarge: "too-large"
        case .notSent: "upstream-unavailable"
        }
    }

    private var message: String {
        switch self {
        case .method(let allowed): "The method here is \(allowed)."
        case .foreignOrigin: "The demo answers its own page only, on a loopback name or an address."
        case .contentType(let wanted): "The body is to be \(wanted)."
        case .malformed(let wish): wish
        case .unknown(let what): "The \(what) is not of this demo."
        case .tooLarge(let limit): "The data of an event holds \(limit) bytes at most."
        case .notSent: "Channels did not take the event; try again."
        }
    }

    /// The refusal as the gateway words its own: a status, a code and a sentence.
    var response: HTTPResponse {
        var body = JSONObject()
        body.add("error", code)
        body.add("message", message)
        var response = HTTPResponse.demo(status, json: body.bytes)
        if case .method(let allowed) = self { response.fields.add("Allow", allowed) }
        return response
    }
}

extension HTTPResponse {
    /// Gives a JSON answer that no cache keeps and no other site's page can read.
    static func demo(_ status: Int, json: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "application/json", "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
            ], body: json)
    }
}
