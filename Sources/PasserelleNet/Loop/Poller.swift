// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// One epoll descriptor and who watches which descriptor through it.
///
/// Each registration has a generation, which the kernel hands back beside the descriptor's number.
/// An event that was already fetched when its descriptor was closed, and its number given to
/// another file, carries the old generation and is dropped.
final class Poller {
    private struct Slot {
        var watcher: (any Watching)?
        var generation: UInt32 = 0
    }

    private static let firstBatch = 256
    private static let largestBatch = 8_192

    private let descriptor: Int32
    private var slots: [Slot] = []
    private var lastGeneration: UInt32 = 0
    private var events: UnsafeMutableBufferPointer<epoll_event>

    init() throws(SystemError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last("epoll_create1") }
        events = .allocate(capacity: Self.firstBatch)
    }

    deinit {
        for slot in slots { slot.watcher?.loopEnded() }
        events.deallocate()
        _ = Glibc.close(descriptor)
    }

    /// Watches `target` for `interest` and keeps `watcher` alive until `unwatch`.
    func watch(
        _ target: Int32, for interest: Interest, by watcher: any Watching
    ) throws(SystemError) {
        let index = Int(target)
        while slots.count <= index { slots.append(Slot()) }
        lastGeneration &+= 1
        slots[index] = Slot(watcher: watcher, generation: lastGeneration)
        guard control(EPOLL_CTL_ADD, target, interest) else {
            let error = SystemError.last("epoll_ctl")
            slots[index] = Slot()
            throw error
        }
    }

    /// Changes what `target` is watched for.
    func change(_ target: Int32, to interest: Interest) {
        guard !control(EPOLL_CTL_MOD, target, interest) else { return }
        preconditionFailure("epoll_ctl: errno \(errno) for a descriptor that is watched")
    }

    /// Hears nothing more of `target`, not even a hang-up, until `hear`; it still keeps its watcher.
    func silence(_ target: Int32) {
        _ = control(EPOLL_CTL_DEL, target, [])
    }

    /// Takes back `silence`.
    func hear(_ target: Int32, for interest: Interest) throws(SystemError) {
        guard control(EPOLL_CTL_ADD, target, interest) else { throw .last("epoll_ctl") }
    }

    /// Lets go of `target` and its watcher; events of it that were already fetched are dropped.
    ///
    /// The kernel is told explicitly: a descriptor that another process holds too would otherwise
    /// stay registered after it is closed here.
    func unwatch(_ target: Int32) {
        let index = Int(target)
        guard index < slots.count, slots[index].watcher != nil else { return }
        _ = control(EPOLL_CTL_DEL, target, [])
        slots[index] = Slot()
    }

    /// Waits at most `milliseconds` (-1: for ever) and gives how many events were fetched.
    func wait(milliseconds: Int32) throws(SystemError) -> Int {
        let count = epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)
        if count >= 0 { return Int(count) }
        let error = SystemError.last("epoll_wait")
        guard error.code == EINTR else { throw error }
        return 0
    }

    /// Tells each fetched event to its watcher, unless that watcher let go in the meantime.
    func dispatch(_ count: Int) {
        for index in 0..<count {
            let event = events[index]
            let slot = Int(event.data.u64 & 0xFFFF_FFFF)
            guard slots[slot].generation == UInt32(event.data.u64 >> 32),
                let watcher = slots[slot].watcher
            else { continue }
            watcher.ready(Interest(rawValue: event.events))
        }
        if count == events.count, count < Self.largestBatch { grow() }
    }

    private func grow() {
        let count = events.count * 2
        events.deallocate()
        events = .allocate(capacity: count)
    }

    private func control(_ operation: Int32, _ target: Int32, _ interest: Interest) -> Bool {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 =
            UInt64(slots[Int(target)].generation) << 32 | UInt64(UInt32(bitPattern: target))
        return epoll_ctl(descriptor, operation, target, &event) == 0
    }
}
