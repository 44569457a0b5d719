// SPDX-License-Identifier: MIT
import Glibc

extension Subprocess {
    /// The directory of this package.
    package static let packageDirectory = #filePath.split(
        separator: "/", omittingEmptySubsequences: false
    ).dropLast(3).joined(separator: "/")

    /// Returns `true` if the path is that of an executable file.
    package static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }

    /// Starts a program in its own process group, with `descriptors` as its first descriptors.
    static func spawn(
        _ words: [String], _ environment: [String: String], descriptors: [Int32]
    ) throws(SubprocessError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        let fault = withWords(words) { arguments in
            withWords(merged(environment)) { variables in
                posix_spawnp(&pid, words[0], &actions, &attributes, arguments, variables)
            }
        }
        guard fault == 0 else { throw .system(call: "posix_spawn \(words[0])", fault) }
        return pid
    }

    private static func merged(_ additions: [String: String]) -> [String] {
        var variables = TestEnvironment.all.filter { additions[$0.name] == nil }
            .map { "\($0.name)=\($0.value)" }
        variables += additions.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return variables
    }

    private static func withWords(
        _ words: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Int32
    ) -> Int32 {
        let copies = words.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
