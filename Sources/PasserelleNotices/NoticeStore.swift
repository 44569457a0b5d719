// SPDX-License-Identifier: MIT

/// Persistent storage of the notices' state.
package struct NoticeStore {
    /// Appends bytes; calls `done` on the loop when they are stored or storing them has failed.
    package var append: (_ bytes: [UInt8], _ done: @escaping () -> Void) -> Void
    /// Replaces the whole content.
    package var replace: (_ bytes: [UInt8]) -> Void

    package init(
        append: @escaping (_ bytes: [UInt8], _ done: @escaping () -> Void) -> Void,
        replace: @escaping (_ bytes: [UInt8]) -> Void
    ) {
        self.append = append
        self.replace = replace
    }
}
