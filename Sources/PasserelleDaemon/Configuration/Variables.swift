// SPDX-License-Identifier: MIT

/// The one list of what can be configured.
package enum Variables {
    /// Every variable, in the order of the help.
    package static let all: [Variable] =
        application + upstream + listeners + channels + access + requests + limits + logs + notices
        + sandbox
        + process

    /// The variable called `name`.
    package static func named(_ name: String) -> Variable? { byName[name] }

    /// The variable that `flag` sets.
    package static func flagged(_ flag: String) -> Variable? { byFlag[flag] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    private static let byFlag = Dictionary(uniqueKeysWithValues: all.map { ($0.flag, $0) })
}
