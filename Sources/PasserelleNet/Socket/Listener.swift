// SPDX-License-Identifier: MIT
package final class Listener {
    package var tls: TLSServer?
    package var boundPort: Int? { nil }
    package init(
        loop: EventLoop, address: ListenAddress, mode: UInt16 = 0o660, tls: TLSServer? = nil,
        onAccept: @escaping (Link) -> Void
    ) throws(ListenError) {}
    package init(
        loop: EventLoop, adopting descriptor: Int32, tls: TLSServer? = nil,
        onAccept: @escaping (Link) -> Void
    ) throws(ListenError) {}
    package func close() {}
}
