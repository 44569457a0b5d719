// SPDX-License-Identifier: MIT

/// The style sheet that every page of the program begins with: colors, fonts, and what follows from
/// the settings of the user's system.
package enum CommonStyle {
    package static let bytes = PackageResources.common_css
}
