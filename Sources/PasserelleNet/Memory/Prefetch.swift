// SPDX-License-Identifier: MIT
import CLinux

/// Asks the processor for memory that is needed soon, so that it comes while a system call runs.
///
/// A send's way through the kernel leaves nothing of the next thousand objects in the processor's
/// cache: without this, each delivery waits several times for memory. Only a hint: an address that
/// is none of ours does no harm.
package enum Prefetch {
    /// Asks for what an object begins with.
    @inline(__always)
    package static func object(_ object: AnyObject) {
        memory(at: UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque()))
    }

    /// Asks for 192 bytes from an address on.
    @inline(__always)
    package static func memory(at address: UnsafeRawPointer) {
        CLinux_prefetch(address)
    }
}
