// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet

/// Measures the start with a journal of a given size, and the cost of writing.
///
///     swift run -c release JournalBench FOLDER [MIB] [CHANNELS] [BYTES]
///     swift run -c release JournalBench FOLDER order [SECONDS]
///
/// The directory should be empty and can be removed afterwards. An event has `BYTES` of data (300).
/// `order` compares writing before each delivery with writing after it.
@main
enum JournalBench {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        guard let path = words.first else {
            return print("JournalBench FOLDER [MIB] [CHANNELS] [BYTES] | order [SECONDS]")
        }
        let numbers = words.dropFirst().compactMap { Int($0) }
        if words.dropFirst().first == "order" {
            return try WriteOrder.measure(path, seconds: numbers.first ?? 30)
        }
        let directory = try OwnedDirectory(path: path)
        let size = numbers.first ?? 256
        let channels = numbers.dropFirst().first ?? 2000
        let events = try fill(
            directory, bytes: size << 20, channels: channels,
            dataBytes: numbers.dropFirst(2).first ?? 300)
        for _ in 0..<3 { try start(directory, events: events) }
    }

    /// Writes a journal as a gateway would, and reports the cost of encoding a record.
    private static func fill(
        _ directory: OwnedDirectory, bytes: Int, channels: Int, dataBytes: Int
    ) throws -> Int {
        var written = 0
        var segment = 0
        var sequence: UInt64 = 0
        var previous: [UInt64] = Array(repeating: 0, count: channels)
        var encoding = Duration.zero
        let data = Array(
            ("{\"text\":\"" + String(repeating: "x", count: dataBytes - 11) + "\"}").utf8)
        while written < bytes {
            var buffer = JournalRecord.beginning(EpochHistory(1), followsGap: false).encoded
            let began = ContinuousClock.now
            while buffer.count < 16 << 20 {
                let channel = Int(sequence) % channels
                sequence += 1
                let event = Event(
                    sequence: sequence, at: moment(sequence), channel: "presence-bail-\(channel)",
                    content: .message(name: "new-message", data: data, userID: "usr_\(channel)"),
                    key: "new-message m\(sequence)")
                JournalRecord.event(JournalEvent(event, previous: previous[channel]))
                    .append(to: &buffer)
                previous[channel] = sequence
            }
            encoding += ContinuousClock.now - began
            segment += 1
            let name = "journal-\(segment)"
            try directory.perform([.create(name), .write(name, at: 0, buffer), .sync(name)])
            written += buffer.count
        }
        print("\(sequence) events, \(segment) segments, \(written >> 20) MiB")
        print("encoding: \(encoding / Int(sequence)) per record")
        return Int(sequence)
    }

    private static func moment(_ sequence: UInt64) -> Moment {
        Moment(steady: .zero, wall: WallTime(milliseconds: Int64(sequence)))
    }

    private static func start(_ directory: OwnedDirectory, events: Int) throws {
        let began = ContinuousClock.now
        var configuration = HubConfiguration()
        configuration.totalBytes = 1 << 30
        configuration.log.age = .seconds(1 << 30)
        let now = moment(UInt64(events))
        var recovery = JournalRecovery(limits: configuration.log, now: now)
        let numbers = try directory.names().compactMap { Int($0.dropFirst("journal-".count)) }
            .sorted()
        for number in numbers {
            recovery.begin(segment: number)
            try directory.read("journal-\(number)") { piece in
                try recovery.append(piece)
            }
            try recovery.end(isLast: number == numbers.last)
        }
        let read = ContinuousClock.now - began
        let found = recovery.finish()
        let hub = Hub(restoring: found.past, epoch: 2, configuration: configuration, at: now)
        let held = hub.channels.values.reduce(0) { $0 + $1.log.count }
        let whole = ContinuousClock.now - began
        print("start: \(whole) (reading \(read)), \(held) events held, damaged \(found.damaged)")
        copy(hub, found, now)
    }

    /// Rewrites everything without a disk, and reports the longest time for which it blocks the
    /// loop.
    private static func copy(_ hub: Hub, _ found: JournalRecovery.Result, _ now: Moment) {
        var journal = Journal(after: found, hub: hub, at: now)
        _ = journal.nextBatch(hub: hub, at: now)
        journal.finished(succeeded: false)
        var slices: [Duration] = []
        let began = ContinuousClock.now
        journal.retry(hub: hub, at: now)
        while !journal.isKeeping {
            let from = ContinuousClock.now
            _ = journal.nextBatch(hub: hub, at: now)
            slices.append(ContinuousClock.now - from)
            journal.finished(succeeded: true)
        }
        let whole = ContinuousClock.now - began
        slices.sort()
        print(
            "copy: \(slices.count) slices in \(whole), median"
                + " \(slices[slices.count / 2]), p99 \(slices[slices.count * 99 / 100]),"
                + " longest \(slices[slices.count - 1])")
    }
}
