// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import Testing

struct DescriptorKindTests {
    private func opened(_ family: Int32, _ type: __socket_type) -> Int32 {
        socket(family, Int32(type.rawValue), 0)
    }

    @Test(arguments: [("127.0.0.1", AF_INET), ("::1", AF_INET6)])
    func `a TCP listener is reported with its address`(host: String, family: Int32) throws {
        let descriptor = opened(family, SOCK_STREAM)
        defer { close(descriptor) }
        #expect(DescriptorKind(of: descriptor) == .connection)
        // If a socket listens without a bind, it gets a free port on every address.
        #expect(listen(descriptor, 1) == 0)
        guard case .listener(.tcp(let bound, let port)) = DescriptorKind(of: descriptor) else {
            Issue.record("\(DescriptorKind(of: descriptor))")
            return
        }
        #expect(port > 0 && ["0.0.0.0", "::"].contains(bound))
    }

    @Test func `a Unix listener is reported with its path`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("listener")
        let descriptor = opened(AF_UNIX, SOCK_STREAM)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0 && listen(descriptor, 1) == 0)
        #expect(DescriptorKind(of: descriptor) == .listener(.unix(path: path)))
    }

    @Test func `other descriptors are reported by their kind`() {
        let datagrams = [opened(AF_INET, SOCK_DGRAM), opened(AF_UNIX, SOCK_DGRAM)]
        let packets = opened(AF_UNIX, SOCK_SEQPACKET)
        let other = opened(AF_NETLINK, SOCK_RAW)
        let file = open("/dev/null", O_RDONLY)
        defer { for each in datagrams + [packets, other, file] { close(each) } }
        for each in datagrams + [packets] { #expect(DescriptorKind(of: each) == .datagrams) }
        #expect(DescriptorKind(of: other) == .otherFamily)
        #expect(DescriptorKind(of: file) == .noSocket)
        #expect(DescriptorKind(of: -1) == .noSocket)
    }
}
