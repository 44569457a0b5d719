// SPDX-License-Identifier: MIT

import PasserelleWire

/// The reason why a REST request or a control request is refused.
struct RESTError: Error, Equatable {
    private let status: Int
    private let message: String
    private var allowed: String?

    init(_ message: String, _ status: Int = 400, allowed: String? = nil) {
        self.status = status
        self.message = message
        self.allowed = allowed
    }

    /// The answer in the form of the hosted service: plain text that ends with a line feed.
    var response: HTTPResponse {
        var response = HTTPResponse.text(status, message + "\n")
        if let allowed { response.fields.add("Allow", allowed) }
        return response
    }
}

extension RESTError {
    static let noRoute = RESTError("Not found", 404)
    static func wrongMethod(allowed: String) -> RESTError {
        RESTError("Method not allowed: this takes \(allowed)", 405, allowed: allowed)
    }
    /// The path names another application.
    static let unknownApp = RESTError("Unknown app id", 404)
    static func missingParameter(_ name: String) -> RESTError {
        RESTError("Missing \(name) parameter", 401)
    }
    static let unknownKey = RESTError("Unknown auth_key", 401)
    static let badVersion = RESTError("Invalid auth_version: expected 1.0", 401)
    /// `auth_timestamp` is not a number, or differs by more than `window` seconds.
    static func badTimestamp(window: Int) -> RESTError {
        RESTError(
            "Timestamp expired: the given timestamp is not within \(window)s of the server's time",
            401)
    }
    static let badBodyDigest = RESTError(
        "Invalid body_md5: it is not the MD5 digest of the body", 401)
    static func badSignature(signed: String, given: String) -> RESTError {
        RESTError(
            "Invalid signature: you should have sent HmacSHA256Hex(\"\(signed)\", "
                + "your_secret_key), but you sent \"\(given)\"", 401)
    }
    static let badTarget = RESTError("Malformed path or query")
    static let badJSON = RESTError("Malformed JSON body: expected an object")
    static func notAString(_ name: String) -> RESTError {
        RESTError("Expected \(name) parameter to be a string")
    }
    static let badEventName = RESTError("Invalid event name: expected 1 to 200 characters")
    static let reservedEventName = RESTError(
        "The 'pusher' namespace is reserved for internal usage")
    static func badChannel(_ name: String) -> RESTError {
        RESTError("Invalid channel name: \(name)")
    }
    static let noChannel = RESTError("Missing channels parameter: expected an array of strings")
    static func tooManyChannels(limit: Int) -> RESTError {
        RESTError("Too many channels: an event goes to at most \(limit)")
    }
    static func tooManyEvents(limit: Int) -> RESTError {
        RESTError("Too many events: a batch holds at most \(limit)")
    }
    static func dataTooLarge(limit: Int) -> RESTError {
        RESTError(
            "The data content of this event exceeds the allowed maximum (\(limit) bytes). See "
                + "https://pusher.com/docs/channels/server_api/http-api#publishing-events", 413)
    }
    static let badSocketID = RESTError("Invalid socket_id")
    /// The attribute does not exist, or not for this channel or request.
    static func attributeNotApplicable(_ name: String) -> RESTError {
        RESTError("The attribute \(name) does not apply here")
    }
    static let notPresence = RESTError("Users can only be retrieved for presence channels")
}

extension HTTPResponse {
    /// Returns a response of plain text.
    static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status, fields: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8))
    }

    /// Returns a response of JSON.
    static func json(_ object: JSONObjectWriter) -> HTTPResponse {
        HTTPResponse(
            status: 200, fields: ["Content-Type": "application/json"], body: object.finished())
    }
}
