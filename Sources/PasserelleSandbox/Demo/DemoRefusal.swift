// SPDX-License-Identifier: MIT
import PasserelleWire

/// The reason why the demo's application server refuses a request.
enum DemoRefusal: Error, Equatable {
    /// The path does not accept the method.
    case method(allowed: String)
    /// The request comes from another site's page, or names a host that is not a loopback name.
    case foreignOrigin
    /// The path does not accept the type of the body.
    case contentType(wanted: String)
    /// A field of the body is missing or invalid.
    case malformed(String)
    /// The user or channel is not part of the demo.
    case unknown(String)
    /// The data of an event exceeds the limit of Channels.
    case tooLarge(limit: Int)

    private var status: Int {
        switch self {
        case .method: 405
        case .foreignOrigin, .unknown: 403
        case .contentType: 415
        case .malformed: 400
        case .tooLarge: 413
        }
    }

    private var code: String {
        switch self {
        case .method: "method-not-allowed"
        case .foreignOrigin, .unknown: "forbidden"
        case .contentType: "unsupported-media-type"
        case .malformed: "bad-request"
        case .tooLarge: "too-large"
        }
    }

    private var message: String {
        switch self {
        case .method(let allowed): "The method must be \(allowed)."
        case .foreignOrigin: "Only the demo's page on a loopback name or address may do this."
        case .contentType(let wanted): "The body must be \(wanted)."
        case .malformed(let rule): rule
        case .unknown(let kind): "The \(kind) is not part of this demo."
        case .tooLarge(let limit): "The data of an event is limited to \(limit) bytes."
        }
    }

    /// The refusal in the gateway's form: a status, a code and a sentence.
    var response: HTTPResponse {
        var body = JSONObjectWriter()
        body.member("error", code)
        body.member("message", message)
        var response = HTTPResponse.demo(status, json: body.finished())
        if case .method(let allowed) = self { response.fields.add("Allow", allowed) }
        return response
    }
}

extension HTTPResponse {
    /// Returns a JSON response that is not cached and cannot be read by another site's page.
    static func demo(_ status: Int, json: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "application/json", "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
            ], body: json)
    }
}
