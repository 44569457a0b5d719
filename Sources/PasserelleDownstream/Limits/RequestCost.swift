// SPDX-License-Identifier: MIT

/// The additional cost of a request, charged to its client's rate besides the one for the request
/// itself.
enum RequestCost {
    /// The number of channels in a request that cost one more.
    static let channels = 10
    /// The number of bytes of an answer that cost one more.
    static let bytes = 16_384

    /// One for every ten channels, and one for each that was not held before, since it must be
    /// subscribed.
    static func of(channels count: Int, new: Int) -> Int { count / channels + new }

    /// One for every 16 KiB of the answer.
    static func of(bytes count: Int) -> Int { count / bytes }
}
