// SPDX-License-Identifier: MIT

/// An event as the hub received it, for other observers.
package struct ReceivedEvent {
    package let channel: String
    package let name: String
    /// One JSON value on one line.
    package let data: [UInt8]
    /// The sender's `user_id`, if known.
    package let sender: String?
    package let keys: RetractionRule.Keys
}
