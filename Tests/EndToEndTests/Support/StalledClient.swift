// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting

/// A client over TCP with tiny kernel buffers, which reads only on request.
///
/// Over loopback, the gateway's kernel would otherwise buffer megabytes for each client. With small
/// segments it buffers as little as for a remote client.
final class StalledClient {
    private static let segmentBytes: Int32 = 536
    private static let bufferBytes: Int32 = 4_096

    private var descriptor: Int32

    /// Connects to 127.0.0.1 and sends the request at once.
    init(_ address: ListenAddress, _ target: String) throws {
        guard case .tcp(_, let port) = address else { throw TestFailure("no TCP: \(address)") }
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        set(Int32(IPPROTO_TCP), TCP_MAXSEG, Self.segmentBytes)
        set(SOL_SOCKET, SO_RCVBUF, Self.bufferBytes)
        var server = sockaddr_in()
        server.sin_family = sa_family_t(AF_INET)
        server.sin_port = in_port_t(port).bigEndian
        server.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeBytes(of: &server) { raw in
            raw.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, size) }
        }
        guard result == 0 else { throw TestFailure("connect: errno \(errno)") }
        let request = Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        guard write(descriptor, request, request.count) == request.count else {
            throw TestFailure("write: errno \(errno)")
        }
    }

    deinit { close() }

    /// Reads at most `bytes` received bytes, and returns their number.
    func take(_ bytes: Int) -> Int {
        var buffer = [UInt8](repeating: 0, count: bytes)
        return max(0, recv(descriptor, &buffer, bytes, Int32(MSG_DONTWAIT)))
    }

    func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    private func set(_ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, 4)
    }
}
