// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The sanitizer that the binary under test is built with, as Tests/Sanitizers/run says it.
///
/// What cannot be true of such a binary asks here: how much memory it takes, what stays there of what
/// it freed, and how long the most work takes.
enum Sanitizer: String {
    case address, thread

    /// `nil` where the binary is as it is shipped.
    static let ofBinary = ProcessEnvironment.value("PASSERELLE_TEST_SANITIZER")
        .flatMap(Sanitizer.init)

    /// Whether what the binary holds is its own doing: a sanitizer's shadow memory is not, nor what it
    /// keeps of freed blocks.
    static let leavesMemory = ofBinary == nil

    /// The variables that say what it is to look for, and where it reports; `NAME=VALUE` each.
    static let options = ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"].compactMap { name in
        ProcessEnvironment.value(name).map { "\(name)=\($0)" }
    }
}
