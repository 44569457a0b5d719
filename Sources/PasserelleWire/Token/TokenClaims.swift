// SPDX-License-Identifier: MIT

/// The claims of a token (RFC 7519 §4.1, and three private claims).
package struct TokenClaims: Equatable, Sendable {
    /// The claims with a required form.
    package enum Name: String, Sendable {
        case sub, exp, nbf, channels, info, publish

        /// The required form of the claim, for error messages.
        var shape: String {
            switch self {
            case .sub: "a string"
            case .exp, .nbf: "a number of seconds since 1970"
            case .channels: "a list of at most \(TokenClaims.patternLimit) channel patterns"
            case .info: "a JSON object"
            case .publish: "true or false"
            }
        }
    }

    /// The maximum number of channel patterns in a token.
    package static let patternLimit = 100
    /// The allowed clock skew in seconds.
    package static let skew: Int64 = 60
    /// The latest time that a claim can have, in seconds since 1970.
    private static let latest = 1e12

    /// The user's id.
    package var subject: String?
    /// The expiry time in seconds since 1970.
    package var expires: Int64
    /// The time before which the token is not valid, in seconds since 1970.
    package var notBefore: Int64?
    /// The time of issue in milliseconds since 1970; `nil` if `iat` is not a number.
    package var issued: Int64?
    /// The strings in `aud`, which is a string or a list.
    package var audiences: [String] = []
    /// The channels that the token permits; empty if it names none.
    package var channels: [ChannelPattern]
    /// The user's description for other members: a JSON object on one line.
    package var info: [UInt8]?
    /// True if the user may publish; false by default.
    package var mayPublish = false

    /// Creates the claims of a new token.
    package init(
        subject: String?, expires: Int64, channels: [ChannelPattern], info: [UInt8]? = nil,
        mayPublish: Bool = false, issued: Int64? = nil
    ) {
        self.issued = issued
        self.subject = subject
        self.expires = expires
        self.channels = channels
        self.info = info
        self.mayPublish = mayPublish
    }

    /// Parses claims from JSON; throws if one is repeated or does not have its required form.
    package init(_ json: [UInt8]) throws(TokenError) {
        guard let members = try JSONMemberTable(json) else { throw .badClaims }
        subject = try members["sub"].map { (slice) throws(TokenError) in
            guard let text = JSONScanner.text(json.span, slice) else { throw .badClaim(.sub) }
            return text
        }
        guard let end = members["exp"] else { throw .noExpiry }
        expires = try Self.time(json, end, .exp)
        notBefore = try members["nbf"].map { (slice) throws(TokenError) in
            try Self.time(json, slice, .nbf)
        }
        issued = members["iat"].flatMap { Self.seconds(json, $0) }
            .map { Int64(($0 * 1000).rounded()) }
        audiences = Self.texts(json, members["aud"])
        channels = try Self.patterns(json, members["channels"])
        if let slice = members["info"] {
            guard slice.kind == .object else { throw .badClaim(.info) }
            info = JSONWriter.oneLine(json.span, slice)
        }
        switch members["publish"]?.kind {
        case .true: mayPublish = true
        case .false, nil: mayPublish = false
        default: throw .badClaim(.publish)
        }
    }

    /// Checks the claims at a time in seconds since 1970, with a tolerance of `skew`; the token
    /// must name `audience`, if there is one, byte by byte.
    package func check(at now: Int64, audience: String? = nil) throws(TokenError) {
        guard now < period.end else { throw .expired }
        guard now >= period.start else { throw .notYetValid }
        guard let audience else { return }
        guard audiences.contains(where: { $0.utf8.elementsEqual(audience.utf8) }) else {
            throw .otherAudience
        }
    }

    /// The period in which the token is valid, by `exp` and `nbf` extended by `skew`.
    package var period: TokenPeriod {
        TokenPeriod(start: notBefore.map { $0 - Self.skew } ?? .min, end: expires + Self.skew)
    }

    /// Returns true if the token permits a channel.
    package func opens(_ channel: String) -> Bool {
        channels.contains { $0.matches(channel) }
    }

    /// Returns the claims as JSON.
    package func encoded() -> [UInt8] {
        let audience: (any JSONValue)? = audiences.count > 1 ? audiences : audiences.first
        let json: JSONObjectWriter = [
            "sub": subject, "exp": expires, "nbf": notBefore,
            "iat": issued.map { RawJSON(Self.seconds(milliseconds: $0)) }, "aud": audience,
            "channels": channels.map(\.text), "info": info.map(RawJSON.init),
            "publish": mayPublish ? true : nil,
        ]
        return json.finished()
    }

    /// Returns the whole seconds of a NumericDate (RFC 7519 §2), without the fraction.
    private static func time(
        _ json: [UInt8], _ slice: JSONSlice, _ name: Name
    ) throws(TokenError) -> Int64 {
        guard let number = seconds(json, slice) else { throw .badClaim(name) }
        return Int64(number)
    }

    private static func seconds(_ json: [UInt8], _ slice: JSONSlice) -> Double? {
        guard slice.kind == .number, let number = Double(JSONScanner.token(json.span, slice)),
            number >= 0, number <= latest
        else { return nil }
        return number
    }

    /// Returns a NumericDate, with milliseconds if there are any.
    private static func seconds(milliseconds: Int64) -> [UInt8] {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest != 0 else { return Array("\(seconds)".utf8) }
        return Array("\(seconds).\(String(1000 + abs(rest)).dropFirst())".utf8)
    }

    /// Returns a string, or the strings of a list.
    private static func texts(_ json: [UInt8], _ slice: JSONSlice?) -> [String] {
        guard let slice else { return [] }
        if let text = JSONScanner.text(json.span, slice) { return [text] }
        guard slice.kind == .array else { return [] }
        return JSONScanner.elements(json.span, of: slice).compactMap {
            JSONScanner.text(json.span, $0)
        }
    }

    /// Parses a list of patterns, or a string with comma-separated patterns.
    private static func patterns(
        _ json: [UInt8], _ slice: JSONSlice?
    ) throws(TokenError) -> [ChannelPattern] {
        guard let slice else { return [] }
        var patterns: [ChannelPattern] = []
        if let text = JSONScanner.text(json.span, slice) {
            patterns = (try? ChannelPatterns(text))?.list ?? []
            guard !patterns.isEmpty else { throw .badClaim(.channels) }
        } else {
            guard slice.kind == .array else { throw .badClaim(.channels) }
            for element in JSONScanner.elements(json.span, of: slice) {
                guard let text = JSONScanner.text(json.span, element),
                    let pattern = try? ChannelPattern(text)
                else { throw .badClaim(.channels) }
                patterns.append(pattern)
            }
        }
        guard patterns.count <= patternLimit else { throw .badClaim(.channels) }
        return patterns
    }
}

/// The period in which a token is valid, in seconds since 1970: from `start` until before `end`.
package struct TokenPeriod: Equatable, Sendable {
    package let start: Int64
    package let end: Int64

    package init(start: Int64, end: Int64) {
        self.start = start
        self.end = end
    }

    /// Returns true if a time in seconds since 1970 is in the period.
    package func contains(_ now: Int64) -> Bool { start <= now && now < end }
}
