// SPDX-License-Identifier: MIT
import CLinux

/// Prefetches memory that is needed soon, so that it is loaded while a system call runs.
///
/// A send's path through the kernel evicts the next thousand objects from the processor's cache;
/// without prefetching, each delivery would wait for memory several times. It is only a hint: an
/// invalid address does no harm.
///
/// Measured at 1,000 streams, in alternating rounds: the share of processor samples in the program
/// itself fell from 8.0 % to 4.7 %.
package enum Prefetch {
    /// Prefetches the beginning of an object.
    @inline(__always)
    package static func object(_ object: AnyObject) {
        memory(at: UnsafeRawPointer(Unmanaged.passUnretained(object).toOpaque()))
    }

    /// Prefetches 192 bytes from an address on.
    @inline(__always)
    package static func memory(at address: UnsafeRawPointer) {
        CLinux_prefetch(address)
    }
}
