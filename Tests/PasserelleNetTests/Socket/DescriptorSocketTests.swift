// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import Testing

struct DescriptorSocketTests {
    private let here: DescriptorSocket
    private let there: DescriptorSocket

    init() throws {
        let (here, descriptor) = try DescriptorSocket.pair()
        self.here = here
        there = try DescriptorSocket(adopting: descriptor)
    }

    @Test func `bytes and descriptors arrive, the descriptors with their first byte`() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        let end = ContinuousClock.now + .seconds(5)
        try here.send([1, 2], until: end)
        try here.send([3, 4], with: [ends[1]], until: end)
        close(ends[1])
        var bytes: [UInt8] = []
        var descriptors: [Int32] = []
        while bytes.count < 4 { _ = try there.receive(&bytes, &descriptors) }
        #expect(bytes == [1, 2, 3, 4])
        #expect(descriptors.count == 1)
        #expect(fcntl(descriptors[0], F_GETFD) & FD_CLOEXEC != 0)
        #expect(write(descriptors[0], "x", 1) == 1)
        var letter: UInt8 = 0
        #expect(read(ends[0], &letter, 1) == 1 && letter == UInt8(ascii: "x"))
        close(descriptors[0])
        close(ends[0])
        let hasMore = try there.receive(&bytes, &descriptors)
        #expect(!hasMore)
    }

    @Test func `a peer that does not read delays no longer than the deadline`() throws {
        let bytes = [UInt8](repeating: 0, count: 64 << 20)
        let began = ContinuousClock.now
        #expect(throws: DescriptorSocket.Failure.timedOut) {
            try here.send(bytes, until: began + .milliseconds(50))
        }
        #expect(ContinuousClock.now - began < .seconds(2))
        #expect(throws: DescriptorSocket.Failure.timedOut) {
            try here.waitToReceive(until: .now + .milliseconds(20))
        }
    }

    @Test func `the end of the other side is noticed`() throws {
        there.close()
        var bytes: [UInt8] = []
        var descriptors: [Int32] = []
        #expect(throws: DescriptorSocket.Failure.ended) {
            _ = try here.receive(&bytes, &descriptors)
        }
        #expect(throws: DescriptorSocket.Failure.ended) {
            try here.send([1], until: .now + .seconds(1))
        }
    }

    @Test func `the loop reports what can be received`() throws {
        let loop = try EventLoop()
        var bytes: [UInt8] = []
        var descriptors: [Int32] = []
        try there.watch(on: loop) { [there] in _ = try? there.receive(&bytes, &descriptors) }
        try here.send([7], until: .now + .seconds(1))
        while bytes.isEmpty { try loop.runOnce(timeout: .milliseconds(10)) }
        #expect(bytes == [7])
        there.close()
        try loop.runOnce(timeout: .zero)
    }
}
