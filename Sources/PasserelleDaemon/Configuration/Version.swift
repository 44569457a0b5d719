// SPDX-License-Identifier: MIT

/// Which Passerelle this is.
package enum Version {
    /// The version, as `passerelle --version` prints it behind the name.
    package static let text = "0.1.0"
}
