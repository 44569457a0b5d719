// SPDX-License-Identifier: MIT
package final class SignalSource {
    package init(
        loop: EventLoop, signals: [Int32], onSignal: @escaping (Int32) -> Void
    ) throws(SystemError) {}
    package func close() {}
}
