// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The sanitizer of the binary under test, as set by `Tests/Sanitizers/run`.
///
/// Tests use it if an expectation cannot hold with a sanitizer: the memory of the process, remains
/// of freed memory, and the time of the longest work.
enum Sanitizer: String {
    case address, thread

    /// `nil` if the binary has no sanitizer.
    static let ofBinary = TestEnvironment.value("PASSERELLE_TEST_SANITIZER")
        .flatMap(Sanitizer.init)

    /// True if all memory is the binary's own: a sanitizer adds shadow memory and keeps freed
    /// blocks.
    static let leavesMemory = ofBinary == nil

    /// The sanitizer's own variables, with its options and the path of its report; `NAME=VALUE`
    /// each.
    static let options = ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"].compactMap { name in
        TestEnvironment.value(name).map { "\(name)=\($0)" }
    }
}
