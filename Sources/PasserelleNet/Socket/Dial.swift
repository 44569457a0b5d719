// SPDX-License-Identifier: MIT
package enum Dial {
    package static func connect(
        loop: EventLoop, to address: ListenAddress, tls: TLSClient? = nil,
        timeout: Duration = .seconds(10), owner: any LinkOwner
    ) -> Link {
        fatalError("not there yet")
    }
}
