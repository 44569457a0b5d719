// SPDX-License-Identifier: MIT

/// The version of Passerelle.
package enum Version {
    /// The version, as printed by `passerelle --version`.
    package static let text = "0.1.0"
}
