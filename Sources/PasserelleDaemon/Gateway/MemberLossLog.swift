// SPDX-License-Identifier: MIT

import PasserelleConfiguration
package import PasserelleHub
import PasserelleNet

/// Decides when to log that member data exceeded its bounds: at most once a minute.
package struct MemberLossLog {
    /// The counters at the last log line.
    private var logged = Counters()
    private var throttle = LogThrottle<Int>()

    /// Returns the line to log; `nil` if the counters are unchanged or the last line is too recent.
    package mutating func note(_ counters: Counters, at now: Duration) -> String? {
        let infos = counters.memberInfosDropped - logged.memberInfosDropped
        let members = counters.membersDropped - logged.membersDropped
        let lists = counters.listsDeferred - logged.listsDeferred
        guard infos + members + lists > 0, throttle.passes(0, now: now) != nil else { return nil }
        logged = counters
        let dropped =
            "member data exceeds a limit: user_info left out \(infos) times, members left out"
            + " \(members) times;"
            + " raise \(VariableName.memberBytes) or \(VariableName.memory) if the data is"
            + " legitimate"
        let waited =
            "member lists change more than \(Hub.listedChanges) members a second:"
            + " \(lists) lists delayed"
        let texts = [infos + members > 0 ? dropped : nil, lists > 0 ? waited : nil]
        return texts.compactMap(\.self).joined(separator: "; ")
    }
}
