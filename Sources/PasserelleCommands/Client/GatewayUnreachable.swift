// SPDX-License-Identifier: MIT

import Glibc
import PasserelleConfiguration
import PasserelleLog
import PasserelleNet

/// Why a running gateway could not be used through its Unix socket.
package enum GatewayUnreachable: Error, Equatable, Sendable {
    /// Connecting to the socket failed with this `errno`.
    case connect(path: String, Int32)
    /// The connection ended before the answer.
    case ended(path: String)
    /// No answer arrived within `limit`.
    case timedOut(path: String, limit: Duration)
    /// The bytes received are not the line protocol.
    case garbled(path: String)

    /// The process's exit code: EX_UNAVAILABLE.
    package static let exitCode: Int32 = 69

    /// One line with the reason and the remedy.
    package var message: String {
        switch self {
        case .connect(let path, let code):
            "cannot reach the gateway at \(shown(path)): \(FileFailure.refused(code).reason); "
                + Self.remedy(code)
        case .ended(let path):
            "the gateway at \(shown(path)) closed the connection; see its log"
        case .timedOut(let path, let limit):
            "the gateway at \(shown(path)) did not answer within \(limit.settingText);"
                + " see its log"
        case .garbled(let path):
            "the server at \(shown(path)) is not a gateway; set the socket with --ipc PATH"
        }
    }

    private func shown(_ path: String) -> String { QuotedText.word(path, limit: 200) }

    private static func remedy(_ code: Int32) -> String {
        code == EACCES || code == EPERM
            ? "check the socket's owner, group and mode"
            : "start it with 'passerelle serve', or set its socket with --ipc PATH"
    }
}
