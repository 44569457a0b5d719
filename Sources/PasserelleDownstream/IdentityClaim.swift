// SPDX-License-Identifier: MIT

import PasserelleWire

/// What a request says of who it is: user and info are worth something only where nobody checks.
package struct IdentityClaim: Equatable, Sendable {
    /// The value of `user`.
    package var user: String?
    /// The value of `user_info`.
    package var info: String?
    /// The value of `check`: a pass of `passerelle check`, to be looked at where readers are checked.
    package var pass: String?

    /// A request that says nothing of itself.
    package init() {}

    /// Reads a query; refuses one that is malformed or says it twice.
    package init(query: String?) throws(Refusal) {
        for (name, value) in try QueryItems.decode(query) { try take(name, value) }
    }

    /// Reads one item of a query; what is not of a claim is passed over.
    mutating func take(_ name: String, _ value: String) throws(Refusal) {
        switch name {
        case "user": try Self.take(name, value, as: &user)
        case "user_info": try Self.take(name, value, as: &info)
        case "check": try Self.take(name, value, as: &pass)
        default: break
        }
    }

    private static func take(
        _ name: String, _ value: String, as item: inout String?
    ) throws(Refusal) {
        guard item == nil else { throw .badRequest("bad-query", "\(name) is given twice.") }
        item = value
    }
}

extension Desk {
    /// Who a request is from, by the way in which it was admitted; `nil` for an anonymous reader.
    func identity(_ claim: IdentityClaim) throws(Refusal) -> ReaderIdentity? {
        guard configuration.believesClaims else { return nil }
        return try ReaderIdentity.claimed(
            user: claim.user, info: claim.info, reserved: configuration.memberID)
    }
}
