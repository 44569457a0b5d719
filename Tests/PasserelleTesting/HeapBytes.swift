// SPDX-License-Identifier: MIT
import CLinux

/// Returns the heap bytes in use by the process, including large blocks.
package func heapBytesInUse() -> Int {
    let now = mallinfo2()
    return now.uordblks + now.hblkhd
}

/// Returns the heap bytes of the object itself, without the objects it refers to.
package func heapBytes(of object: AnyObject) -> Int {
    malloc_usable_size(Unmanaged.passUnretained(object).toOpaque())
}
