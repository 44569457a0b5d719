// SPDX-License-Identifier: MIT

package import PasserelleNet

/// Makes links to servers, directly or through a proxy.
package enum Outbound {
    /// As `Dial.connect`; with a proxy, through a tunnel that it makes.
    package static func connect(
        loop: EventLoop, to address: ListenAddress, tls: TLSClient?, proxy: HTTPProxy?,
        timeout: Duration, owner: any LinkOwner
    ) -> Link {
        guard let proxy else {
            return Dial.connect(loop: loop, to: address, tls: tls, timeout: timeout, owner: owner)
        }
        return Tunnel.open(
            loop: loop, through: proxy, to: address, tls: tls, timeout: timeout, owner: owner)
    }
}
