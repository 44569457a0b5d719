// SPDX-License-Identifier: MIT

/// An option that belongs to a command and to no variable.
package struct CommandOption: Sendable, Equatable {
    /// The flag, with its dashes.
    package var flag: String
    /// What its value stands for; nil where it takes none.
    package var placeholder: String?
    /// What it does.
    package var meaning: String

    init(_ flag: String, value placeholder: String? = nil, _ meaning: String) {
        self.flag = flag
        self.placeholder = placeholder
        self.meaning = meaning
    }
}
