// SPDX-License-Identifier: MIT

/// Where notices keep what must outlive the process.
package struct NoticeStore {
    /// Adds bytes at the end and calls back, on the loop, once they are safe or cannot be.
    package var append: (_ bytes: [UInt8], _ done: @escaping () -> Void) -> Void
    /// Puts bytes in the place of all that is kept.
    package var replace: (_ bytes: [UInt8]) -> Void

    package init(
        append: @escaping (_ bytes: [UInt8], _ done: @escaping () -> Void) -> Void,
        replace: @escaping (_ bytes: [UInt8]) -> Void
    ) {
        self.append = append
        self.replace = replace
    }
}
