// SPDX-License-Identifier: MIT

import Glibc

/// Why a running gateway could not be spoken to over its Unix socket.
package enum GatewayUnreachable: Error, Equatable, Sendable {
    /// The socket could not be connected to, for this `errno`.
    case connect(path: String, Int32)
    /// The connection ended before the answer.
    case ended(path: String)
    /// No answer came within `limit`.
    case timedOut(path: String, limit: Duration)
    /// What came is not the line protocol.
    case garbled(path: String)

    /// The process's exit code: EX_UNAVAILABLE.
    package static let exitCode: Int32 = 69

    /// The one line that tells it, and what helps.
    package var message: String {
        switch self {
        case .connect(let path, let code):
            "cannot reach the gateway at \(shown(path)): \(FileFailure.refused(code).reason); "
                + Self.remedy(code)
        case .ended(let path):
            "the gateway at \(shown(path)) ended the connection; its log says why"
        case .timedOut(let path, let limit):
            "the gateway at \(shown(path)) did not answer within \(limit.settingText);"
                + " its log may say why"
        case .garbled(let path):
            "what answers at \(shown(path)) is not a gateway; say the right socket with --ipc PATH"
        }
    }

    private func shown(_ path: String) -> String { QuotedText.word(path, limit: 200) }

    private static func remedy(_ code: Int32) -> String {
        code == EACCES || code == EPERM
            ? "the socket's owner, group and mode say who may"
            : "start it with 'passerelle serve', or say where its socket is with --ipc PATH"
    }
}
