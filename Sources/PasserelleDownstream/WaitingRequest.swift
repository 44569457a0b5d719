// SPDX-License-Identifier: MIT

/// A request that waits for its answer.
protocol WaitingRequest: AnyObject {
    /// True once the request was answered or canceled.
    var isDone: Bool { get }

    /// Answers immediately, since the gateway accepts no further requests.
    func answer()

    /// Handles the departure of the client.
    func cancel()
}
