// SPDX-License-Identifier: MIT
import Glibc
import PasserelleHub
import PasserelleNet

/// Measures for how long the loop waits at each event, at 200 events a second and with a sync every
/// 25 ms: if it writes the record before the delivery, and if the worker writes it later.
enum WriteOrder {
    private static let perSecond = 200

    static func measure(_ path: String, seconds: Int) throws {
        let loop = try EventLoop()
        let worker = try FileWorker(OwnedDirectory(path: path), loop: loop)
        defer { worker.close() }
        worker.begin([.create("before"), .create("later")]) { _ in }
        worker.wait()
        let file = open(path + "/before", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return print("the file cannot be opened") }
        defer { close(file) }
        let record = record
        print("\(record.count) bytes a record, \(seconds) s of each order")
        for isBefore in [true, false] {
            var times: [Duration] = []
            var waiting: [UInt8] = []
            var written = 0
            for number in 1...seconds * perSecond {
                let began = ContinuousClock.now
                if isBefore {
                    pwrite(file, record, record.count, written)
                    written += record.count
                } else {
                    waiting += record
                }
                if number % 5 == 0, !worker.isBusy {
                    let write = FileOperation.write("later", at: written, waiting)
                    worker.begin(isBefore ? [.sync("before")] : [write, .sync("later")]) { _ in }
                    written += waiting.count
                    waiting = []
                }
                times.append(.now - began)
                usleep(UInt32(1_000_000 / perSecond))
                try loop.runOnce(timeout: .zero)
            }
            worker.wait()
            report(isBefore ? "write before delivery" : "write by the worker", times.sorted())
        }
    }

    private static func report(_ name: String, _ times: [Duration]) {
        let (half, most) = (times[times.count / 2], times[times.count * 99 / 100])
        print("\(name): p50 \(half), p99 \(most), longest \(times[times.count - 1])")
    }

    private static var record: [UInt8] {
        let event = Event(
            sequence: 1, at: Moment(steady: .zero, wall: WallTime(milliseconds: 0)),
            channel: "presence-bail-1",
            content: .message(
                name: "new-message", data: [UInt8](repeating: 0x31, count: 220), userID: "usr_7"))
        return JournalRecord.event(JournalEvent(event, previous: 0)).encoded
    }
}
