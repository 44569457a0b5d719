// SPDX-License-Identifier: MIT
import PasserelleWire

/// Why a REST request is refused.
enum RESTError: Error, Equatable {
    /// No endpoint has that path.
    case noRoute
    /// The endpoint takes another method.
    case wrongMethod(allowed: String)
    /// The path names another application.
    case unknownApp
    /// A parameter of the signature is not there.
    case missingParameter(String)
    /// `auth_key` is another application's.
    case unknownKey
    /// `auth_version` is not 1.0.
    case badVersion
    /// `auth_timestamp` is no number, or more seconds than that away.
    case badTimestamp(window: Int)
    /// `body_md5` is not the body's.
    case badBodyDigest
    /// `auth_signature` is not that of the text.
    case badSignature(signed: String, given: String)
    /// Path or query are badly escaped.
    case badTarget
    /// The body is no JSON object, or not of the right form.
    case badJSON
    /// A field is missing or no string.
    case notAString(String)
    /// The event's name is empty or too long.
    case badEventName
    /// The event's name is one of Channels' own.
    case reservedEventName
    /// A text is no channel name.
    case badChannel(String)
    /// The event is for no channel, or for something else than channels.
    case noChannel
    /// The event is for more channels than that.
    case tooManyChannels(limit: Int)
    /// The batch holds more events than that.
    case tooManyEvents(limit: Int)
    /// The data has more bytes than that.
    case dataTooLarge(limit: Int)
    /// The connection to leave out is named by no socket id.
    case badSocketID
    /// The channel or the question has no such attribute.
    case attributeNotApplicable(String)
    /// Only presence channels have users.
    case notPresence

    /// The HTTP status.
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
