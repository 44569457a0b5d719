// SPDX-License-Identifier: MIT
package final class Mailbox: Sendable {
    package func post(_ body: @escaping @Sendable () -> Void) {}
    package func postToLoop(_ body: @escaping @Sendable (EventLoop) -> Void) {}
}
