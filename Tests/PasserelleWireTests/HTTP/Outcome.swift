// SPDX-License-Identifier: MIT

/// The result of a parser: its values, and the error if there was one.
struct Outcome<Value: Equatable, Failure: Error & Equatable>: Equatable {
    var values: [Value] = []
    var failure: Failure?
}
