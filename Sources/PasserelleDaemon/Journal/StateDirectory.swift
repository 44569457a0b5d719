// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleHub
import PasserelleLog
package import PasserelleNet

/// The journal's directory, locked and read; only its lock file is changed.
package struct StateDirectory {
    package let path: String
    package let found: JournalRecovery.Result
    private let directory: OwnedDirectory

    /// Locks the directory and reads the journal of earlier processes.
    ///
    /// Damage is counted. The start fails only if this process must not touch the files.
    package init(
        _ path: String, limits: LogLimits, now: Moment,
        segmentBytes: Int = JournalLimits.readBytes
    ) throws(StartError) {
        self.path = path
        do throws(DirectoryError) {
            directory = try OwnedDirectory(path: path)
        } catch {
            throw Self.unusable(path, "\(error)")
        }
        var recovery = JournalRecovery(limits: limits, now: now)
        do {
            try Self.read(directory, into: &recovery, segmentBytes: segmentBytes)
        } catch {
            throw Self.unusable(path, Self.words(error))
        }
        found = recovery.finish()
    }

    private static func read(
        _ directory: OwnedDirectory, into recovery: inout JournalRecovery, segmentBytes: Int
    ) throws {
        let numbers = try directory.names().compactMap(DiskOperation.segment(named:)).sorted()
        for number in numbers {
            recovery.begin(segment: number)
            let isWhole = try directory.read(DiskOperation.name(number), limit: segmentBytes) {
                try recovery.append($0)
            }
            if !isWhole { recovery.recordDamage() }
            try recovery.end(isLast: number == numbers.last)
        }
    }

    /// Why the journal's files cannot be read; `nil` if they can.
    ///
    /// Does not read the files.
    package static func fault(in directory: OwnedDirectory) -> String? {
        do {
            for name in try directory.names() where DiskOperation.segment(named: name) != nil {
                try directory.checkFile(name)
            }
            return nil
        } catch {
            return words(error)
        }
    }

    /// Passes the directory to a thread of its own.
    package func startWorker(_ loop: EventLoop) throws(SystemError) -> FileWorker {
        // The directory was read before; from now on only that thread uses it.
        nonisolated(unsafe) let directory = directory
        return try FileWorker(directory, loop: loop)
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? NotAFile {
            return "cannot be read: \(QuotedText.word(error.name, limit: 60)) in it is not a"
                + " regular file; move it away"
        }
        guard case .newerVersion(let version)? = error as? JournalError else {
            return "cannot be read: \(error)"
        }
        return "holds the journal of a newer version of this program (format \(version); this one"
            + " reads \(JournalRecord.version)): run the newer version, or name another"
            + " directory; nothing was changed"
    }

    private static func unusable(_ path: String, _ words: String) -> StartError {
        StartError(
            description:
                "\(VariableName.stateDir): \(QuotedText.quoted(path, limit: 200)) \(words)",
            exitCode: ConfigurationError.exitCode)
    }
}
