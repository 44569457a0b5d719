// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// Checks that a REST request is recent and signed with the application's secret.
struct RESTSignature {
    /// The maximum difference between the request's time stamp and the clock, in seconds.
    static let window = 600

    /// The key that requests must name.
    let key: String
    /// The secret that requests must be signed with.
    let secret: String

    /// Checks the request over its raw path and the parameters it actually has.
    ///
    /// A request with a body must have `body_md5`; without a body the parameter is optional, since
    /// the official libraries differ.
    func check(
        _ request: HTTPRequest, query: [(name: String, value: String)], wallMilliseconds: Int64
    ) throws(RESTError) {
        func parameter(_ name: String) throws(RESTError) -> String {
            guard let value = query.last(where: { $0.name == name })?.value else {
                throw .missingParameter(name)
            }
            return value
        }
        guard try parameter("auth_key") == key else { throw .unknownKey }
        guard try parameter("auth_version") == "1.0" else { throw .badVersion }
        guard let seconds = Int64(try parameter("auth_timestamp")),
            (wallMilliseconds / 1000 - Int64(Self.window)...wallMilliseconds / 1000
                + Int64(Self.window)).contains(seconds)
        else { throw .badTimestamp(window: Self.window) }
        if !request.body.isEmpty || query.contains(where: { $0.name == "body_md5" }) {
            guard try parameter("body_md5") == Hex.encode(Digest.md5(request.body)) else {
                throw .badBodyDigest
            }
        }
        let given = try parameter("auth_signature")
        let text = ChannelsSigning.request(
            method: request.method, path: request.path, query: query)
        let expected = Hex.encode(Digest.hmacSHA256(key: Array(secret.utf8), text))
        guard ConstantTime.equal(Array(given.utf8), Array(expected.utf8)) else {
            let signed = String(decoding: text, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            throw .badSignature(
                signed: signed.joined(separator: "\\n"), given: printable(given))
        }
    }
}
