// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// The directory of the journal, taken and read: nothing in it is changed but its lock.
struct StateDirectory {
    let path: String
    let found: JournalRecovery.Result
    private let folder: OwnedFolder

    /// Takes the directory and reads what an earlier life has left there.
    ///
    /// Damage is counted; only what this process should not touch keeps it from starting.
    init(_ path: String, limits: LogLimits, now: Moment) throws(House.StartError) {
        self.path = path
        do throws(FolderError) {
            folder = try OwnedFolder(path: path)
        } catch {
            throw Self.unusable(path, "\(error)")
        }
        var recovery = JournalRecovery(limits: limits, now: now)
        do throws(FolderReadError<JournalError>) {
            try Self.read(folder, into: &recovery)
        } catch {
            throw Self.unusable(path, Self.words(error))
        }
        found = recovery.finish()
    }

    private static func read(
        _ folder: OwnedFolder, into recovery: inout JournalRecovery
    ) throws(FolderReadError<JournalError>) {
        let names: [String]
        do throws(SystemError) { names = try folder.names() } catch { throw .system(error) }
        let numbers = names.compactMap(DiskOperation.segment(named:)).sorted()
        for number in numbers {
            recovery.begin(segment: number)
            try folder.read(DiskOperation.name(number)) { piece throws(JournalError) in
                try recovery.append(piece)
            }
            do throws(JournalError) {
                try recovery.end(isLast: number == numbers.last)
            } catch {
                throw .taker(error)
            }
        }
    }

    /// Hands the folder to a thread of its own.
    func hire(_ loop: EventLoop) throws(SystemError) -> FileWorker {
        // Nobody else has it: the directory is read once, and then written by that thread alone.
        nonisolated(unsafe) let folder = folder
        return try FileWorker(folder, loop: loop)
    }

    private static func words(_ error: FolderReadError<JournalError>) -> String {
        switch error {
        case .system(let error): "cannot be read: \(error)"
        case .taker(.newerVersion(let version)):
            "holds the journal of a newer version of this program (form \(version), and this one"
                + " reads \(JournalRecord.version)): run that one, or name another directory;"
                + " nothing was changed"
        }
    }

    private static func unusable(_ path: String, _ words: String) -> House.StartError {
        House.StartError(
            description: "PASSERELLE_STATE_DIR: \(QuotedText.quoted(path, limit: 200)) \(words)",
            exitCode: ConfigurationError.exitCode)
    }
}
