// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// A list of all channels by name, built in pieces that are short enough for one turn each:
/// `{"channels":[{"channel","state","members","readers","events","bytes"},…]}`.
struct ChannelListing {
    /// Names sorted in one piece.
    static let sortedNames = 1_024
    /// Channels described in one piece.
    static let describedChannels = 256

    private var unsorted: ArraySlice<String>
    /// Sorted runs of names, none of them empty.
    private var runs: [ArraySlice<String>] = []
    private var json = Array(#"{"channels":["#.utf8)
    private var isFirst = true

    /// Begins a list of the channels with these names.
    init(names: [String]) {
        unsorted = names[...]
    }

    /// Builds the next piece; returns the list once it is complete.
    ///
    /// Channels that no longer exist are omitted.
    mutating func makePiece(of hub: Hub) -> [UInt8]? {
        guard unsorted.isEmpty else {
            runs.append(unsorted.prefix(Self.sortedNames).sorted()[...])
            unsorted = unsorted.dropFirst(Self.sortedNames)
            return nil
        }
        for _ in 0..<Self.describedChannels {
            guard let name = takeNext() else {
                json += "]}".utf8
                return json
            }
            if let channel = hub.channel(name) { describe(channel) }
        }
        return nil
    }

    private mutating func takeNext() -> String? {
        guard let least = runs.indices.min(by: { (runs[$0].first ?? "") < (runs[$1].first ?? "") })
        else { return nil }
        let name = runs[least].removeFirst()
        if runs[least].isEmpty { runs.remove(at: least) }
        return name
    }

    private mutating func describe(_ channel: Channel) {
        json += (isFirst ? #"{"channel":"# : #",{"channel":"#).utf8
        isFirst = false
        JSONWriter.string(channel.name, into: &json)
        json += #","state":"\#(channel.subscription.word)""#.utf8
        json += #","members":\#(channel.members.count)"#.utf8
        json += #","readers":\#(channel.readers.count)"#.utf8
        json += #","events":\#(channel.log.count),"bytes":\#(channel.log.bytes)}"#.utf8
    }
}
