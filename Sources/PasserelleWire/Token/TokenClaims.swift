// SPDX-License-Identifier: MIT

/// What a token says of its bearer (RFC 7519 §4.1, and three claims of our own).
package struct TokenClaims: Equatable, Sendable {
    /// The claims that are read; others are passed over.
    package enum Name: String, Sendable {
        case sub, exp, nbf, channels, info, publish

        /// What the claim has to be.
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

    /// Patterns that one token may have.
    package static let patternLimit = 100
    /// How far clocks may be apart, in seconds.
    package static let skew: Int64 = 60
    /// The latest time that a claim may name, in seconds since 1970.
    private static let latest = 1e12

    /// The user's id.
    package var subject: String?
    /// When the token ends, in seconds since 1970.
    package var expires: Int64
    /// When the token begins.
    package var notBefore: Int64?
    /// The channels it opens: none where it names none.
    package var channels: [ChannelPattern]
    /// What others are told of the user: a JSON object on one line.
    package var info: [UInt8]?
    /// Whether the user may send; not unless it is said.
    package var mayPublish = false

    /// The claims of a new token.
    package init(
        subject: String?, expires: Int64, channels: [ChannelPattern], info: [UInt8]? = nil,
        mayPublish: Bool = false
    ) {
        self.subject = subject
        self.expires = expires
        self.channels = channels
        self.info = info
        self.mayPublish = mayPublish
    }

    /// Reads claims as JSON; refuses one that is there twice, or is not what it has to be.
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
        channels = try Self.patterns(json, members["channels"])
        if let slice = members["info"] {
            guard slice.kind == .object else { throw .badClaim(.info) }
            var line: [UInt8] = []
            JSONWriter.oneLine(json.span, slice, into: &line)
            info = line
        }
        switch members["publish"]?.kind {
        case .true: mayPublish = true
        case .false, nil: mayPublish = false
        default: throw .badClaim(.publish)
        }
    }

    /// Says whether the claims hold at a time in seconds since 1970, clocks being apart by `skew`.
    package func check(at now: Int64) throws(TokenError) {
        guard now < end else { throw .expired }
        if let notBefore, now < notBefore - Self.skew { throw .notYetValid }
    }

    /// The first second at which the claims no longer hold: `exp`, and what clocks may be apart.
    package var end: Int64 { expires + Self.skew }

    /// Whether the token opens a channel.
    package func opens(_ channel: String) -> Bool {
        channels.contains { $0.matches(channel) }
    }

    /// The claims as JSON.
    package func encoded() -> [UInt8] {
        var json = JSONObjectWriter()
        if let subject { json.member("sub", subject) }
        json.member("exp", Int(expires))
        if let notBefore { json.member("nbf", Int(notBefore)) }
        var list: [UInt8] = []
        for pattern in channels {
            list.append(UInt8(ascii: list.isEmpty ? "[" : ","))
            JSONWriter.string(pattern.text, into: &list)
        }
        json.member("channels", json: list.isEmpty ? Array("[]".utf8) : list + [0x5D])
        if let info { json.member("info", json: info) }
        if mayPublish { json.member("publish", true) }
        return json.finished()
    }

    /// Whole seconds of a NumericDate (RFC 7519 §2), a fraction cut off.
    private static func time(
        _ json: [UInt8], _ slice: JSONSlice, _ name: Name
    ) throws(TokenError) -> Int64 {
        guard slice.kind == .number, let number = Double(JSONScanner.token(json.span, slice)),
            number >= 0, number <= latest
        else { throw .badClaim(name) }
        return Int64(number)
    }

    /// A list of patterns, or one text with commas between them.
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
