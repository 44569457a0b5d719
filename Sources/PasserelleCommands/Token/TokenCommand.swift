// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleLog
import PasserelleNet
import PasserelleWire

/// `passerelle token`: signs one access token and prints it.
package struct TokenCommand {
    /// The longest lifetime of a token.
    package static let longest: Duration = .seconds(366 * 86_400)

    private let invocation: Invocation
    private let keys: [TokenKey]
    private let audience: String?
    private let environment: ProcessEnvironment

    /// Creates the command with the gateway's keys and audience.
    package init(
        _ invocation: Invocation, settings: AccessSettings, environment: ProcessEnvironment
    ) {
        self.invocation = invocation
        keys = settings.tokenKeys
        audience = settings.tokenAudience
        self.environment = environment
    }

    /// Why a token cannot be signed.
    private struct Failure: Error {
        let message: String
        var exitCode = UsageError.exitCode
    }

    /// Signs a token at `now`, in milliseconds since 1970, and prints it; returns the exit code.
    package func run(at now: Int64, streams: ClientStreams) -> Int32 {
        do throws(Failure) {
            return streams.line(try token(at: now)) ? 0 : 1
        } catch {
            streams.report(error.message)
            return error.exitCode
        }
    }

    private func token(at now: Int64) throws(Failure) -> String {
        let key = try key()
        let signed = CompactToken.signed(
            algorithm: key.algorithm.rawValue, claims: try claims(at: now))
        guard let signature = key.signature(of: signed) else {
            throw Failure(
                message: "\(VariableName.tokenKey) is a public key, which cannot sign;"
                    + " set the private key's file with --key FILE",
                exitCode: ConfigurationError.exitCode)
        }
        let text = CompactToken.text(signed: signed, signature: signature)
        guard text.utf8.count <= CompactToken.maximumBytes else {
            throw Failure(message: "the token has more than \(CompactToken.maximumBytes) bytes")
        }
        return text
    }

    private func claims(at now: Int64) throws(Failure) -> TokenClaims {
        var patterns: [ChannelPattern] = []
        for text in invocation.operands {
            guard let pattern = try? ChannelPattern(text) else {
                throw Failure(
                    message: "\(QuotedText.quoted(text, limit: 60)) is not a channel or a pattern")
            }
            patterns.append(pattern)
        }
        guard patterns.count <= TokenClaims.patternLimit else {
            throw Failure(message: "a token has at most \(TokenClaims.patternLimit) channels")
        }
        var claims = TokenClaims(
            subject: try subject(), expires: now / 1000 + (try lifetime()), channels: patterns,
            info: try info(), mayPublish: invocation.options["--publish"] != nil, issued: now)
        if let audience = invocation.options["--audience"] ?? audience {
            guard !audience.isEmpty, audience.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw Failure(message: "--audience takes text without control characters")
            }
            claims.audiences = [audience]
        }
        return claims
    }

    private func lifetime() throws(Failure) -> Int64 {
        let text = invocation.options["--for"] ?? "1h"
        guard let time = try? Duration(setting: text), time >= .seconds(1), time <= Self.longest
        else { throw Failure(message: "--for takes a duration from 1s to 366d, such as 8h") }
        return time.components.seconds
    }

    private func subject() throws(Failure) -> String? {
        guard let user = invocation.options["--user"] else { return nil }
        guard !user.isEmpty, user.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Failure(message: "--user takes an id without control characters")
        }
        return user
    }

    private func info() throws(Failure) -> [UInt8]? {
        guard let text = invocation.options["--info"] else { return nil }
        guard let object = JSONObject(Array(text.utf8)) else {
            throw Failure(message: "--info takes a JSON object")
        }
        return object.line
    }

    /// The private key of `--key`, otherwise the first key of the gateway.
    private func key() throws(Failure) -> SignatureKey {
        if let path = invocation.options["--key"] {
            switch environment.readFile(path) {
            case .success(let pem):
                return try usable { () throws(SignatureKeyError) in
                    try SignatureKey(privatePEM: pem)
                }
            case .failure(let failure):
                throw Failure(message: "--key cannot be read: \(failure.reason)")
            }
        }
        guard let first = keys.first else {
            throw Failure(
                message: "\(VariableName.tokenKey) is not set; set it, or use --key FILE",
                exitCode: ConfigurationError.exitCode)
        }
        return try usable { () throws(SignatureKeyError) in try first.key }
    }

    private func usable(
        _ make: () throws(SignatureKeyError) -> SignatureKey
    ) throws(Failure) -> SignatureKey {
        do throws(SignatureKeyError) {
            return try make()
        } catch {
            throw Failure(message: "the key's file \(error.words)")
        }
    }
}
