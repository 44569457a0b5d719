// SPDX-License-Identifier: MIT
import PasserelleWire

/// The reason why the demo's application server refuses a request.
struct DemoRefusal: Error {
    /// The refusal in the gateway's form: a status, a code and a sentence.
    private(set) var response: HTTPResponse

    private init(_ status: Int, _ code: String, _ message: String) {
        response = .demo(status, json: ["error": code, "message": message])
    }

    /// The path does not accept the method.
    static func method(allowed: String) -> DemoRefusal {
        var refusal = DemoRefusal(405, "method-not-allowed", "The method must be \(allowed).")
        refusal.response.fields.add("Allow", allowed)
        return refusal
    }
    /// The request comes from another site's page, or names a host that is not a loopback name.
    static let foreignOrigin = DemoRefusal(
        403, "forbidden", "Only the demo's page on a loopback name or address may do this.")
    /// The path does not accept the type of the body.
    static func contentType(wanted: String) -> DemoRefusal {
        DemoRefusal(415, "unsupported-media-type", "The body must be \(wanted).")
    }
    /// A field of the body is missing or invalid.
    static func malformed(_ rule: String) -> DemoRefusal { DemoRefusal(400, "bad-request", rule) }
    /// The user or channel is not part of the demo.
    static func unknown(_ kind: String) -> DemoRefusal {
        DemoRefusal(403, "forbidden", "The \(kind) is not part of this demo.")
    }
    /// The data of an event exceeds the limit of Channels.
    static func tooLarge(limit: Int) -> DemoRefusal {
        DemoRefusal(413, "too-large", "The data of an event is limited to \(limit) bytes.")
    }
}

extension HTTPResponse {
    /// Returns a JSON response that is not cached and cannot be read by another site's page.
    static func demo(_ status: Int, json: JSONObjectWriter) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "application/json", "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
            ], body: json.finished())
    }
}
