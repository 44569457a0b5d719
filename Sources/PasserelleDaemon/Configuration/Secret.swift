// SPDX-License-Identifier: MIT

/// A text that no description, interpolation or dump shows.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The secret itself, for whoever signs with it.
    package let revealed: String

    /// Keeps `text`.
    package init(_ text: String) {
        revealed = text
    }

    /// The secret's bytes.
    package var bytes: [UInt8] { Array(revealed.utf8) }

    /// What may be said of it: that it is there, and how long it is.
    package var description: String {
        revealed.isEmpty ? "not set" : "set, \(revealed.utf8.count) bytes"
    }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
