// SPDX-License-Identifier: MIT

package import PasserelleWire

/// The identity that a request claims; user and info are used only if readers are not checked.
package struct IdentityClaim: Equatable, Sendable {
    /// The value of `user`.
    package var user: String?
    /// The value of `user_info`.
    package var info: String?
    /// The value of `check`: a pass of `passerelle check`, verified if readers are checked.
    package var pass: String?

    init() {}

    /// Reads a query; refuses one that is malformed or repeats a parameter.
    package init(query: String?) throws(Refusal) {
        for (name, value) in try QueryItems.decode(query) { try take(name, value) }
    }

    /// Reads one item of a query; ignores items that are not part of a claim.
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

extension ReaderIdentity {
    /// Returns the identity that an unchecked request claims; `nil` if it claims none.
    package static func claimed(
        user: String?, info: String?, reserved: String
    ) throws(Refusal) -> ReaderIdentity? {
        guard let user else {
            guard info == nil else {
                throw .badRequest("bad-user", "user_info requires a user: ?user=ID.")
            }
            return nil
        }
        do throws(Fault) {
            return try ReaderIdentity(
                userID: user, userInfo: try info.map(object), reserved: reserved)
        } catch {
            switch error {
            case .badID:
                throw .badRequest(
                    "bad-user",
                    "user must have 1 to \(idCharacters) characters and no control characters.")
            case .reserved: throw Refusal(403, "forbidden", "That user is the gateway itself.")
            case .badInfo: throw .badRequest("bad-user", "user_info must be a JSON object.")
            case .tooLarge:
                throw .badRequest(
                    "bad-user", "user and user_info have at most \(memberBytes) bytes together.")
            }
        }
    }

    private static func object(_ text: String) throws(Fault) -> [UInt8] {
        guard let object = JSONObject(Array(text.utf8)) else { throw .badInfo }
        return object.line
    }
}
