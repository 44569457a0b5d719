// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// One epoll descriptor and the watcher of each descriptor registered in it.
///
/// Each registration has a generation, which the kernel returns with the descriptor's number. If a
/// descriptor is closed and its number reused after an event was fetched, the event carries the old
/// generation and is dropped.
final class Poller {
    private struct Slot {
        var watcher: (any ReadinessHandler)?
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
        _ target: Int32, for interest: Interest, by watcher: any ReadinessHandler
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

    /// Changes the events that `target` is watched for.
    func change(_ target: Int32, to interest: Interest) {
        guard !control(EPOLL_CTL_MOD, target, interest) else { return }
        preconditionFailure("epoll_ctl: errno \(errno) for a descriptor that is watched")
    }

    /// Stops reporting events of `target`, even hang-ups, but keeps its watcher.
    func suspend(_ target: Int32) {
        _ = control(EPOLL_CTL_DEL, target, [])
    }

    /// Reports events of `target` again.
    func resume(_ target: Int32, for interest: Interest) throws(SystemError) {
        guard control(EPOLL_CTL_ADD, target, interest) else { throw .last("epoll_ctl") }
    }

    /// Removes `target` and its watcher; events of it that were already fetched are dropped.
    ///
    /// The kernel must be notified explicitly: if another process also holds the descriptor, it
    /// would otherwise stay registered after it is closed here.
    func unwatch(_ target: Int32) {
        let index = Int(target)
        guard index < slots.count, slots[index].watcher != nil else { return }
        _ = control(EPOLL_CTL_DEL, target, [])
        slots[index] = Slot()
    }

    /// Waits at most `milliseconds` (-1: for ever) and returns the number of events fetched.
    func wait(milliseconds: Int32) throws(SystemError) -> Int {
        let count = epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)
        if count >= 0 { return Int(count) }
        let error = SystemError.last("epoll_wait")
        guard error.code == EINTR else { throw error }
        return 0
    }

    /// Delivers each fetched event to its watcher, unless the descriptor was unwatched since.
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

/// Handles the readiness of a watched descriptor; the loop keeps it alive while it watches.
protocol ReadinessHandler: AnyObject {
    /// The descriptor is ready for `events`.
    func ready(_ events: Interest)

    /// The loop is deallocated: close the descriptor, and call neither the loop nor any owner.
    func loopEnded()
}

/// The events a descriptor is watched for, or that the kernel reports for it (epoll_ctl(2)).
struct Interest: OptionSet {
    let rawValue: UInt32

    /// Bytes, a connection or an orderly end can be read.
    static let readable = Interest(rawValue: EPOLLIN.rawValue)
    /// The kernel takes bytes again, or a connection attempt is decided.
    static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    /// The peer has finished sending.
    static let peerFinished = Interest(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions have ended; always reported.
    static let hungUp = Interest(rawValue: EPOLLHUP.rawValue)
    /// The descriptor has a pending error; always reported.
    static let failed = Interest(rawValue: EPOLLERR.rawValue)
}
