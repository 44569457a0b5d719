// SPDX-License-Identifier: MIT

import PasserelleWire

/// An event published through REST, checked against every limit.
struct PublishedEvent: Equatable {
    /// The maximum number of channels of an event.
    static let channelLimit = 100
    /// The maximum number of events in a batch.
    static let batchLimit = 10

    /// The event's name, which is not reserved by Channels.
    let name: String
    /// Never empty; may contain duplicates.
    let channels: [ChannelName]
    /// The JSON string token of the frame's `data`, with its original escapes.
    let data: [UInt8]
    /// The socket id of the connection that does not receive the event.
    let excludedSocketID: String?
    /// The channel attributes requested by the publisher.
    let attributes: Set<ChannelAttribute>

    /// Parses the body of `POST /events`.
    static func trigger(_ body: [UInt8]) throws(RESTError) -> PublishedEvent {
        guard let fields = JSONObject(body) else { throw .badJSON }
        return try PublishedEvent(fields, channels: channelTexts(fields))
    }

    /// Parses the body of `POST /batch_events`.
    static func batch(_ body: [UInt8]) throws(RESTError) -> [PublishedEvent] {
        guard let items = JSONObject(body)?.objects("batch") else { throw .badJSON }
        guard items.count <= batchLimit else { throw .tooManyEvents(limit: batchLimit) }
        var events: [PublishedEvent] = []
        for item in items {
            guard let channel = item.text("channel") else { throw .notAString("channel") }
            events.append(try PublishedEvent(item, channels: [channel]))
        }
        return events
    }

    /// Parses the deprecated form: name and socket id in the query, the data as the body.
    static func legacy(
        channel: String, query: [(name: String, value: String)], body: [UInt8]
    ) throws(RESTError) -> PublishedEvent {
        guard let name = query.last(where: { $0.name == "name" })?.value else {
            throw .notAString("name")
        }
        let text = String(decoding: body, as: UTF8.self)
        return try PublishedEvent(
            name: name, channels: [channel], data: JSONWriter.quoted(text), size: body.count,
            socketID: query.last { $0.name == "socket_id" }?.value, attributes: [])
    }

    private init(_ fields: JSONObject, channels: [String]) throws(RESTError) {
        guard let name = fields.text("name") else { throw .notAString("name") }
        guard let data = fields.text("data"), let raw = fields.raw("data") else {
            throw .notAString("data")
        }
        if let kind = fields["socket_id"]?.kind, kind != .null, kind != .string {
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
        if let socketID, !SocketID.isHosted(socketID) { throw .badSocketID }
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

    private static func channelTexts(_ fields: JSONObject) throws(RESTError) -> [String] {
        if let count = fields.elements("channels")?.count {
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

/// A channel attribute that a REST request can ask for with `info`.
enum ChannelAttribute: String, CaseIterable {
    /// Distinct users; presence channels only.
    case userCount = "user_count"
    /// Subscribed connections.
    case subscriptionCount = "subscription_count"
    /// The cached event; cache channels only.
    case cache

    /// Parses a comma-separated list; throws if an attribute is unknown.
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
