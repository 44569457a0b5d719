// SPDX-License-Identifier: MIT

/// The encoded forms of a channel's member list; each is `nil` after a change, until it is needed.
package struct MemberForms: Sendable {
    /// The form `{"count":…,"ids":[…],"hash":{…}}`.
    package var presence: [UInt8]?
    /// The form `[{"user_id":…,"user_info":…,"via":[…]},…]`.
    package var list: [UInt8]?
}
