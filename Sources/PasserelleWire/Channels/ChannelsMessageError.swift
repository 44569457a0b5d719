// SPDX-License-Identifier: MIT

/// Why a text frame is no Channels message.
package enum ChannelsMessageError: Error, Equatable, Sendable {
    /// The frame is no JSON, or nests too deep.
    case json(JSONError)
    /// The frame is JSON, but no object.
    case notAnObject
    /// The object has no `event` that is a string.
    case noEvent
    /// A message of Channels' own lacks a field that it is nothing without, or has it unreadable.
    case missing(field: String)
}
