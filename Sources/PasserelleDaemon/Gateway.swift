// SPDX-License-Identifier: MIT

/// Builds the house that a command asks for, and turns its loop until a signal ends it.
package enum Gateway {
    /// Runs the gateway; gives the process's exit code.
    package static func serve(_ configuration: Configuration, log: Log) -> Int32 {
        log.error("serve is not built yet")
        return 1
    }

    /// Runs the embedded Channels server alone; gives the process's exit code.
    package static func sandbox(_ configuration: Configuration, log: Log) -> Int32 {
        log.error("sandbox is not built yet")
        return 1
    }

    /// Runs sandbox, gateway and the chat page in one process; gives the process's exit code.
    package static func demo(_ configuration: Configuration, log: Log) -> Int32 {
        log.error("demo is not built yet")
        return 1
    }
}
