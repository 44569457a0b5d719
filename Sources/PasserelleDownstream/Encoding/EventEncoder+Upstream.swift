// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

extension EventEncoder {
    /// Returns the forms of the event `passerelle:upstream`: as an event object, and for
    /// `format=data` the payload alone.
    ///
    /// The event has no position and concerns all channels, so it has neither `id` nor `channel`.
    static func forms(
        of upstream: ReportedUpstream, now: WallTime
    ) -> (event: EncodedForm, payload: EncodedForm) {
        let name = "passerelle:upstream"
        let data = #"{"state":"\#(upstream.word)","since":"\#(upstream.since.text)"}"#
        let event = #"{"time":"\#(now.text)","event":"\#(name)","data":\#(data)}"#
        return (
            form(id: nil, name: name, json: Array(event.utf8)),
            form(id: nil, name: name, json: Array(data.utf8))
        )
    }
}
