// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream

/// The file in which notices keep what must outlive the process, written off the loop.
///
/// Lines are added at its end and synced before anybody is told that they are safe; written anew
/// it is replaced whole, by renaming. Only its owner may read it.
final class NoticeFile {
    /// Bytes of the longest file that is read; a longer one counts as damaged.
    static let readBytes = 64 << 20

    /// Called on the loop for the first failure after a success, with what failed.
    var failed: ((SystemError) -> Void)?
    private let writer: NoticeFileWriter
    private let mailbox: Mailbox
    private var waiting: [Int: () -> Void] = [:]
    private var lastNumber = 0
    private var isFailing = false
    private let itself = LoopBound<NoticeFile>()

    /// Names the file; nothing is touched before the first write.
    init(path: String, loop: EventLoop) {
        writer = NoticeFileWriter(path: path)
        mailbox = loop.mailbox
        itself.value = self
    }

    /// What notices are to write to.
    var store: NoticeStore {
        NoticeStore(
            append: { [self] in append($0, $1) },
            replace: { [self] in add(.replace($0), nil) })
    }

    /// The file's records, and how many of its lines are damaged.
    static func read(
        _ path: String, _ surroundings: Surroundings = .process()
    ) -> Result<(records: [NoticeRecord], bad: Int), FileFailure> {
        guard surroundings.exists(path) else { return .success(([], 0)) }
        return Surroundings.readFile(path, limit: readBytes).map(NoticeRecord.read)
    }

    private func append(_ bytes: [UInt8], _ done: @escaping () -> Void) {
        add(.append(bytes), done)
    }

    private func add(_ job: NoticeFileWriter.Job, _ done: (() -> Void)?) {
        lastNumber += 1
        let number = lastNumber
        waiting[number] = done
        let itself = itself
        let mailbox = mailbox
        writer.add(job) { failure in
            mailbox.post { itself.value?.ended(number, failure) }
        }
    }

    private func ended(_ number: Int, _ failure: SystemError?) {
        if let failure, !isFailing { failed?(failure) }
        isFailing = failure != nil
        waiting.removeValue(forKey: number)?()
    }
}

/// Carries a reference past another thread, which must not look at it.
private final class LoopBound<Value: AnyObject>: @unchecked Sendable {
    weak var value: Value?
}
