// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// The reported state of the connection to Channels, and its event, which all readers share.
final class UpstreamReports {
    private(set) var state: ReportedUpstream
    /// The event `passerelle:upstream` of the current state.
    private(set) var form: EncodedForm
    /// The same for `format=data`: the payload alone.
    private(set) var payloadForm: EncodedForm
    private let loop: EventLoop
    /// True if the state has changed since `takeChange` was called.
    private var hasChanged = false
    private lazy var alarm = Alarm(loop) { [weak self] in self?.timePassed() }

    /// Creates the state of a connection that is not lost.
    init(loop: EventLoop) {
        self.loop = loop
        state = ReportedUpstream(at: loop.moment)
        (form, payloadForm) = EventEncoder.forms(of: state, now: loop.moment.wall)
    }

    var isAway: Bool { state.isAway }

    /// Handles a new connection to Channels, or the loss of one.
    func changed(isConnected: Bool) {
        if isConnected {
            note(state.connected(at: loop.moment))
        } else {
            state.lost(at: loop.moment)
        }
        alarm.set(state.deadline)
    }

    /// Returns whether the state has changed since the last call.
    func takeChange() -> Bool {
        defer { hasChanged = false }
        return hasChanged
    }

    private func timePassed() {
        note(state.timePassed(at: loop.moment))
        alarm.set(state.deadline)
    }

    private func note(_ isChange: Bool) {
        guard isChange else { return }
        hasChanged = true
        (form, payloadForm) = EventEncoder.forms(of: state, now: loop.moment.wall)
    }
}
