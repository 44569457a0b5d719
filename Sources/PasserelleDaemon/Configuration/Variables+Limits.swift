// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleWire

extension Variables {
    /// What clients may take.
    static let limits: [Variable] = [
        count(
            .connections, \.connections, preset: "50000",
            meaning: "HTTP connections in all, streams among them; fewer where descriptors are"),
        count(
            .addressConnections, \.addressConnections, preset: "2000",
            meaning: "HTTP connections from one address, trusted proxies apart"),
        count(.streams, \.streams, preset: "40000", meaning: "Event streams in all"),
        count(
            .addressStreams, \.addressStreams, preset: "1000",
            meaning: "Event streams to one address"),
        count(
            .userStreams, \.userStreams, preset: "100", meaning: "Event streams to one user"),
        count(
            .requestRate, \.requestRate, preset: "1000",
            meaning: "Requests a second from one address"),
        Variable(
            name: "PASSERELLE_REQUEST_BURST", preset: "4000", placeholder: "NUMBER",
            meaning: "Requests that an address which was silent may send at once",
            takes: countTakes, commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.limits.requestBurst = try count(text)
            }),
        Variable(
            name: Limit.channels.rawValue, preset: "100", placeholder: "NUMBER",
            meaning: "Channels that one stream or poll names", takes: "a number from 1 to 1000",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.limits.channels = try number(text, through: 1_000)
            }),
        count(
            .heldChannels, \.heldChannels, preset: "50000",
            meaning: "Channels that are held at once, read now or lately"),
        count(
            .lineConnections, \.lineConnections, preset: "1000",
            meaning: "Connections to the Unix socket"),
        bytes(
            .headerBytes, \.request.headBytes, preset: "16 KiB", low: 1 << 10, high: 1 << 20,
            meaning: "The start line and the headers of a request"),
        bytes(
            .bodyBytes, \.request.bodyBytes, preset: "10 KiB", low: 1 << 10, high: 16 << 20,
            meaning: "The body of a request"),
        time(
            .headerTime, \.headerTime, preset: "10s",
            meaning: "How long a request's head may take; the first one's from its connection on"),
        time(
            .bodyTime, \.bodyTime, preset: "10s", meaning: "How long a request's body may take"),
        time(
            .idleTime, \.idleTime, preset: "75s",
            meaning: "How long a connection may rest between requests"),
    ]

    private typealias Place<Value> = WritableKeyPath<ClientLimits, Value> & Sendable

    private static let countTakes = "a number from 1 to 10000000, or none"

    /// A number that may be unbounded.
    private static func count(
        _ limit: Limit, _ place: any Place<Int>, preset: String, meaning: String
    ) -> Variable {
        Variable(
            name: limit.rawValue, preset: preset, placeholder: "NUMBER", meaning: meaning,
            takes: countTakes, commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.limits[keyPath: place] = try count(text)
            })
    }

    private static func count(_ text: String) throws(ValueProblem) -> Int {
        text == "none" ? .max : try number(text, through: 10_000_000)
    }

    private static func number(_ text: String, through high: Int) throws(ValueProblem) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw .not("a number")
        }
        guard let number = Int(text), (1...high).contains(number) else {
            throw .outside(low: "1", high: "\(high)")
        }
        return number
    }

    private static func bytes(
        _ limit: Limit, _ place: any Place<Int>, preset: String, low: Int, high: Int,
        meaning: String
    ) -> Variable {
        let (least, most) = (ByteCount.text(low), ByteCount.text(high))
        return Variable(
            name: limit.rawValue, preset: preset, placeholder: "SIZE", meaning: meaning,
            takes: "a size such as 16 KiB, from \(least) to \(most)", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let bytes = try ByteCount.parse(text)
                guard (low...high).contains(bytes) else { throw .outside(low: least, high: most) }
                draft.configuration.limits[keyPath: place] = bytes
            })
    }

    private static func time(
        _ limit: Limit, _ place: any Place<Duration>, preset: String, meaning: String
    ) -> Variable {
        Variable(
            name: limit.rawValue, preset: preset, placeholder: "DURATION", meaning: meaning,
            takes: durationTakes + ", from 1s to 1h", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.limits[keyPath: place] = try duration(
                    text, from: .seconds(1), through: .seconds(3600))
            })
    }
}
