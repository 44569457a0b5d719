// SPDX-License-Identifier: MIT

/// A file of lines that outlives the process, written on a thread of its own.
///
/// Appended lines are synced before their callback; a replacement renames a new file over the old
/// one. Mode 0600.
package final class RecordFile {
    /// Called on the loop with the first failure after a success.
    package var failed: ((SystemError) -> Void)?
    private let writer: RecordFileWriter
    private let mailbox: Mailbox
    private var waiting: [Int: (SystemError?) -> Void] = [:]
    private var lastNumber = 0
    private var isFailing = false
    private lazy var itself = LoopBound(self)

    /// Names the file; the first write creates it.
    package init(path: String, loop: EventLoop) {
        writer = RecordFileWriter(path: path)
        mailbox = loop.mailbox
    }

    /// Appends bytes; calls back on the loop when they are synced, or with the error.
    package func append(_ bytes: [UInt8], _ done: @escaping (SystemError?) -> Void) {
        add(.append(bytes), done)
    }

    /// Replaces the file's bytes; calls back like `append`.
    package func replace(_ bytes: [UInt8], _ done: @escaping (SystemError?) -> Void) {
        add(.replace(bytes), done)
    }

    /// Waits until all writes are done, for at most `limit`.
    package func wait(atMost limit: Duration) { writer.wait(atMost: limit) }

    private func add(_ job: RecordFileWriter.Job, _ done: @escaping (SystemError?) -> Void) {
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
        waiting.removeValue(forKey: number)?(failure)
    }
}
