// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import PasserelleNet
import Testing

@testable import PasserelleDaemon

struct ActivatedSocketsTests {
    private static let loopback = ListenAddress.tcp(host: "127.0.0.1", port: 8080)
    private static let loopback6 = ListenAddress.tcp(host: "::1", port: 8080)
    private static let open = ListenAddress.tcp(host: "0.0.0.0", port: 80)
    private static let path = ListenAddress.unix(path: "/run/passerelle.sock")

    private func passed(
        _ name: String, _ kind: DescriptorKind, _ descriptor: Int32 = 3
    ) -> ActivatedSockets.Passed {
        ActivatedSockets.Passed(descriptor: descriptor, name: name, kind: kind)
    }

    private func refusal(
        _ name: String, _ kind: DescriptorKind, isUnchecked: Bool = false
    ) -> ActivatedSockets.Refusal? {
        do throws(ActivatedSockets.Refusal) {
            _ = try ActivatedSockets([passed(name, kind)], isUnchecked: isUnchecked)
            return nil
        } catch {
            return error
        }
    }

    @Test func `sockets are identified by name in any order, and may share a name`() throws {
        let sockets = try ActivatedSockets([
            passed("http", .listener(Self.loopback), 3), passed("ipc", .listener(Self.path), 4),
            passed("http", .listener(Self.loopback6), 5), passed("http", .listener(Self.path), 6),
        ])
        #expect(sockets.http.map(\.descriptor) == [3, 5, 6])
        #expect(sockets.http.map(\.address) == [Self.loopback, Self.loopback6, Self.path])
        #expect(sockets.ipc.map(\.descriptor) == [4])
        #expect(try ActivatedSockets([]) == ActivatedSockets())
    }

    @Test(arguments: [
        (DescriptorKind.connection, "a connection"), (.datagrams, "a datagram socket"),
        (.noSocket, "no socket"), (.otherFamily, "another family"),
    ])
    func `a socket that does not listen is refused`(kind: DescriptorKind, words: String) throws {
        let refusal = try #require(self.refusal("http", kind))
        #expect(refusal.reason == .notListening)
        let line = refusal.description
        #expect(line.hasPrefix("systemd passed descriptor 3, named \"http\", which is "))
        #expect(line.contains(words) && line.contains("ListenStream=") && !line.contains("\n"))
    }

    @Test func `a socket that must not be served is refused`() {
        #expect(refusal("ipc", .listener(Self.loopback))?.reason == .notUnix)
        #expect(refusal("unknown", .listener(Self.loopback))?.reason == .unknownName)
        #expect(refusal("", .listener(Self.loopback))?.reason == .unknownName)
        #expect(refusal("passerelle.socket", .listener(Self.path))?.reason == .unknownName)
        #expect(refusal("a\nb", .noSocket)?.description.contains("\n") == false)
    }

    @Test func `operators are served on loopback and paths, elsewhere only if allowed`() throws {
        let sockets = try ActivatedSockets([
            passed("admin", .listener(Self.loopback), 3), passed("admin", .listener(Self.path), 4),
        ])
        #expect(sockets.admin.map(\.descriptor) == [3, 4] && sockets.http.isEmpty)
        #expect(refusal("admin", .listener(Self.open))?.reason == .adminOpen)
        let open = try ActivatedSockets(
            [passed("admin", .listener(Self.open))], isAdminOpen: true)
        #expect(open.admin.map(\.address) == [Self.open])
    }

    @Test func `without access control a socket must be local`() {
        #expect(refusal("http", .listener(Self.open)) == nil)
        for local in [Self.loopback, Self.loopback6, Self.path] {
            #expect(refusal("http", .listener(local), isUnchecked: true) == nil)
        }
        #expect(refusal("http", .listener(Self.open), isUnchecked: true)?.reason == .openToAll)
    }
}
