// SPDX-License-Identifier: MIT
import PasserelleWire

/// An event that the application publishes through REST, checked against every limit.
struct PublishedEvent: Equatable {
    /// How many channels one event may go to.
    static let channelLimit = 100
    /// How many events one batch may hold.
    static let batchLimit = 10

    /// The event's name, which is not one of Channels' own.
    let name: String
    /// Never empty; repeats are as they came.
    let channels: [ChannelName]
    /// The JSON string token that stands in the frame's `data`, with the escapes it came with.
    let data: [UInt8]
    /// The connection that is not to hear of it.
    let excludedSocketID: String?
    /// What the publisher wants to know of the channels.
    let attributes: Set<ChannelAttribute>

    /// Reads the body of `POST /events`.
    static func trigger(_ body: [UInt8]) throws(RESTError) -> PublishedEvent {
        guard let fields = JSONFields(body) else { throw .badJSON }
        return try PublishedEvent(fields, channels: channelTexts(fields))
    }

    /// Reads the body of `POST /batch_events`.
    static func batch(_ body: [UInt8]) throws(RESTError) -> [PublishedEvent] {
        guard let items = JSONFields(body)?.objects("batch") else { throw .badJSON }
        guard items.count <= batchLimit else { throw .tooManyEvents(limit: batchLimit) }
        var events: [PublishedEvent] = []
        for item in items {
            guard let channel = item.text("channel") else { throw .notAString("channel") }
            events.append(try PublishedEvent(item, channels: [channel]))
        }
        return events
    }

    /// Reads the deprecated form: name and socket id in the query, the body is the data.
    static func legacy(
        channel: String, query: [(name: String, value: String)], body: [UInt8]
    ) throws(RESTError) -> PublishedEvent {
        guard let name = query.last(where: { $0.name == "name" })?.value else {
            throw .notAString("name")
        }
        let text = String(decoding: body, as: UTF8.self)
        return try PublishedEvent(
            name: name, channels: [channel], data: JSONObject.quote(text), size: body.count,
            socketID: query.last { $0.name == "socket_id" }?.value, attributes: [])
    }

    private init(_ fields: JSONFields, channels: [String]) throws(RESTError) {
        guard let name = fields.text("name") else { throw .notAString("name") }
        guard let data = fields.text("data"), let raw = fields.raw("data") else {
            throw .notAString("data")
        }
        if let kind = fields.kind("socket_id"), kind != .null, kind != .string {
            throw .notAString("socket_id")
        }
        try self.init(
            name: name, channels: channels, data: raw, size: data.utf8.count,
            socketID: fields.text("socket_id"),
            attributes: ChannelAttribute.parse(fields.text("info")))
    }

    private init(
        name: String, channels: [String], data: [UInt8], size: Int, socketID: String?,
        attributes: Set<ChannelAttribute>
    ) throws(RESTError) {
        guard EventName.isValid(name) else { throw .badEventName }
        guard !EventName.isReserved(name) else { throw .reservedEventName }
        guard !channels.isEmpty else { throw .noChannel }
        guard channels.count <= Self.channelLimit else {
            throw .tooManyChannels(limit: Self.channelLimit)
        }
        guard size <= ChannelsApp.dataLimit else {
            throw .dataTooLarge(limit: ChannelsApp.dataLimit)
        }
        if let socketID, !SocketID.isValid(socketID) { throw .badSocketID }
        var names: [ChannelName] = []
        for channel in channels {
            guard let name = try? ChannelName(channel, allowsServerToUser: true) else {
                throw .badChannel(printable(channel))
            }
            names.append(name)
        }
        self.name = name
        self.channels = names
        self.data = data
        excludedSocketID = socketID
        self.attributes = attributes
    }

    private static func channelTexts(_ fields: JSONFields) throws(RESTError) -> [String] {
        if let count = fields.count("channels") {
            guard count <= channelLimit else { throw .tooManyChannels(limit: channelLimit) }
            guard let texts = fields.texts("channels", limit: channelLimit) else {
                throw .noChannel
            }
            return texts
        }
        guard let channel = fields.text("channel") else { throw .noChannel }
        return [channel]
    }
}

/// Something about a channel that a REST request may ask for with `info`.
enum ChannelAttribute: String, CaseIterable {
    /// Distinct users; of presence channels only.
    case userCount = "user_count"
    /// Subscribed connections.
    case subscriptionCount = "subscription_count"
    /// The remembered event; of cache channels only.
    case cache

    /// Reads a list with commas; refuses what it does not know.
    static func parse(_ text: String?) throws(RESTError) -> Set<ChannelAttribute> {
        var attributes: Set<ChannelAttribute> = []
        for word in (text ?? "").split(separator: ",") {
            guard let attribute = ChannelAttribute(rawValue: String(word)) else {
                throw .attributeNotApplicable(printable(String(word)))
            }
            attributes.insert(attribute)
        }
        return attributes
    }
}
