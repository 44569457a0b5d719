// SPDX-License-Identifier: MIT
import PasserelleWire

extension ChannelsApp {
    /// Who is really there and what was said: the body of `/sandbox/state`, for tests that ask.
    var state: JSONObject {
        var state = JSONObject()
        let clients = connections.values.sorted { $0.id < $1.id }.map(facts)
        state.add("connections", raw: JSONObject.array(clients))
        var occupied = JSONObject()
        for name in channels.keys.sorted() {
            if let channel = channels[name] { occupied.add(name, raw: facts(channel)) }
        }
        state.add("channels", raw: occupied.bytes)
        var said = JSONObject()
        said.add("connections", number: counts.connections)
        said.add("messages_received", number: counts.messagesReceived)
        said.add("frames_sent", number: counts.framesSent)
        said.add("client_events", number: counts.clientEvents)
        said.add("events_published", number: counts.eventsPublished)
        said.add("requests", number: counts.requests)
        state.add("counts", raw: said.bytes)
        state.add("misbehaviour", raw: misbehaviour.facts.bytes)
        return state
    }

    private func facts(_ connection: AppConnection) -> [UInt8] {
        var facts = JSONObject()
        facts.add("socket_id", connection.socketID)
        facts.add("protocol", number: connection.protocolVersion)
        facts.add("client", connection.client)
        facts.add("user_id", connection.user?.id)
        facts.add("channels", raw: JSONObject.array(of: connection.channels.sorted()))
        return facts.bytes
    }

    private func facts(_ channel: AppChannel) -> [UInt8] {
        var facts = JSONObject()
        facts.add("subscriptions", number: channel.connections.count)
        guard channel.name.kind == .presence else { return facts.bytes }
        let members = channel.members.map { entry in
            var member = JSONObject()
            member.add("user_id", entry.member.userID)
            if let userInfo = entry.member.userInfo { member.add("user_info", raw: userInfo) }
            member.add("subscriptions", number: entry.connections.count)
            return member.bytes
        }
        facts.add("members", raw: JSONObject.array(members))
        return facts.bytes
    }
}
