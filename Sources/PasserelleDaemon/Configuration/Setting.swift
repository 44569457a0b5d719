// SPDX-License-Identifier: MIT

/// A variable's value as somebody wrote it.
package struct Setting: Equatable, Sendable {
    /// The value.
    package var text: String
    /// Who wrote it.
    package var origin: SettingOrigin
}
