// SPDX-License-Identifier: MIT
import CLinux

/// How many bytes of heap the process has in use, those of large blocks included.
package func heapBytesInUse() -> Int {
    let now = mallinfo2()
    return now.uordblks + now.hblkhd
}

/// How many bytes of heap the object itself takes, without what it refers to.
package func heapBytes(of object: AnyObject) -> Int {
    malloc_usable_size(Unmanaged.passUnretained(object).toOpaque())
}
