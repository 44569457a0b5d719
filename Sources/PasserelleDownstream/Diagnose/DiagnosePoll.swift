// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// A test poll, which is answered after its time.
final class DiagnosePoll: WaitingRequest {
    private unowned let diagnoses: Diagnoses
    private weak var connection: HTTPConnection?
    private let account: PeerAddress?
    private let seconds: Int
    private var timer: TimerToken?
    private(set) var isDone = false

    init(
        seconds: Int, account: PeerAddress?, connection: HTTPConnection, diagnoses: Diagnoses
    ) {
        self.seconds = seconds
        self.account = account
        self.connection = connection
        self.diagnoses = diagnoses
        timer = diagnoses.loop.scheduleTask(in: .seconds(seconds)) { [self] in finish() }
    }

    /// Refuses the request, since the answer is only right after its time.
    func answer() {
        guard !isDone else { return }
        release()
        connection?.refuse(.draining)
    }

    func cancel() {
        guard !isDone else { return }
        release()
    }

    private func finish() {
        guard !isDone else { return }
        release()
        connection?.answer(.json(200, Array(#"{"waited":\#(seconds)}"#.utf8)))
    }

    private func release() {
        isDone = true
        if let timer { diagnoses.loop.cancel(timer) }
        timer = nil
        diagnoses.quotas.endedDiagnosis(of: account)
    }
}
