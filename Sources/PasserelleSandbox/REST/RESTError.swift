// SPDX-License-Identifier: MIT
import PasserelleWire

/// Why a REST request is refused.
enum RESTError: Error, Equatable {
    case noRoute
    case wrongMethod(allowed: String)
    case unknownApp
    case missingParameter(String)
    case unknownKey
    case badVersion
    case badTimestamp(window: Int)
    case badBodyDigest
    case badSignature(signed: String, given: String)
    case badTarget
    case badJSON
    case notAString(String)
    case badEventName
    case reservedEventName
    case badChannel(String)
    case noChannel
    case tooManyChannels(limit: Int)
    case tooManyEvents(limit: Int)
    case dataTooLarge(limit: Int)
    case badSocketID
    case attributeNotApplicable(String)
    case notPresence

    var status: Int {
        switch self {
        case .noRoute, .unknownApp: 404
        case .wrongMethod: 405
        case .missingParameter, .unknownKey, .badVersion, .badTimestamp, .badBodyDigest,
            .badSignature:
            401
        case .dataTooLarge: 413
        default: 400
        }
    }

    /// The answer as the hosted service gives it: plain text that ends with a line feed.
    var response: HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", "text/plain; charset=utf-8")
        if case .wrongMethod(let allowed) = self { fields.add("Allow", allowed) }
        return HTTPResponse(status: status, fields: fields, body: Array((message + "\n").utf8))
    }

    private var message: String {
        switch self {
        case .noRoute: "Not found"
        case .wrongMethod(let allowed): "Method not allowed: this takes \(allowed)"
        case .unknownApp: "Unknown app id"
        case .missingParameter(let name): "Missing \(name) parameter"
        case .unknownKey: "Unknown auth_key"
        case .badVersion: "Invalid auth_version: expected 1.0"
        case .badTimestamp(let window):
            "Timestamp expired: the given timestamp is not within \(window)s of the server's time"
        case .badBodyDigest: "Invalid body_md5: it is not the MD5 digest of the body"
        case .badSignature(let signed, let given):
            "Invalid signature: you should have sent HmacSHA256Hex(\"\(signed)\", "
                + "your_secret_key), but you sent \"\(given)\""
        default: badRequest
        }
    }

    private var badRequest: String {
        switch self {
        case .badTarget: "Malformed path or query"
        case .badJSON: "Malformed JSON body: expected an object"
        case .notAString(let name): "Expected \(name) parameter to be a string"
        case .badEventName: "Invalid event name: expected 1 to 200 characters"
        case .reservedEventName: "The 'pusher' namespace is reserved for internal usage"
        case .badChannel(let name): "Invalid channel name: \(name)"
        case .noChannel: "Missing channels parameter: expected an array of strings"
        case .tooManyChannels(let limit): "Too many channels: an event goes to at most \(limit)"
        case .tooManyEvents(let limit): "Too many events: a batch holds at most \(limit)"
        case .dataTooLarge(let limit):
            "The data content of this event exceeds the allowed maximum (\(limit) bytes). See "
                + "https://pusher.com/docs/channels/server_api/http-api#publishing-events"
        case .badSocketID: "Invalid socket_id"
        case .attributeNotApplicable(let name): "The attribute \(name) does not apply here"
        case .notPresence: "Users can only be retrieved for presence channels"
        default: "Bad request"
        }
    }
}
