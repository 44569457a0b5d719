// SPDX-License-Identifier: MIT

package import PasserelleDownstream
import PasserelleWire

extension Variables {
    /// The limits on clients.
    package static let limits: [Variable] = [
        count(
            .maxConnections, \.limits.connections, preset: "50000",
            meaning:
                "Maximum HTTP connections, including streams; lower if descriptors are limited"),
        count(
            .maxConnectionsPerAddress, \.limits.addressConnections, preset: "2000",
            meaning: "Maximum HTTP connections per address, except trusted proxies"),
        count(
            .maxStreams, \.limits.streams, preset: "40000",
            meaning: "Maximum event streams, in total"),
        count(
            .maxStreamsPerAddress, \.limits.addressStreams, preset: "1000",
            meaning: "Maximum event streams per address"),
        count(
            .maxStreamsPerUser, \.limits.userStreams, preset: "100",
            meaning: "Maximum event streams per user"),
        count(
            .maxDiagnoses, \.limits.diagnoses, preset: "256",
            meaning: "Maximum waiting tests of /diagnose, in total; an open page has four"),
        count(
            .maxDiagnosesPerAddress, \.limits.addressDiagnoses, preset: "32",
            meaning: "Maximum waiting tests of /diagnose per address"),
        count(
            .requestRate, \.limits.requestRate, preset: "1000",
            meaning: "Maximum requests per second from one address"),
        count(
            .requestBurst, \.limits.requestBurst, preset: "4000",
            meaning: "Maximum requests at once from an address that was idle"),
        count(
            .maxAuthQueuePerAddress, \.limits.addressAuthQueue, preset: "256",
            meaning: "Maximum requests per address that wait for the auth route"),
        Variable(
            id: .maxChannels, preset: "100", placeholder: "NUMBER",
            meaning: "Maximum channels per stream or poll", expected: "a number from 1 to 1000",
            read: into(\.limits.channels) { text throws(ValueProblem) in
                try number(text, through: 1_000)
            }),
        count(
            .maxHeldChannels, \.limits.heldChannels, preset: "50000",
            meaning: "Maximum subscribed channels, including those that readers left recently"),
        count(
            .maxHeldChannelsPerClient, \.limits.clientChannels, preset: "5000",
            meaning: "Maximum subscribed channels first requested by one client"),
        count(
            .maxIPCConnections, \.limits.lineConnections, preset: "1000",
            meaning: "Maximum connections to the Unix socket"),
        count(
            .maxIPCConnectionsPerUser, \.limits.userLineConnections, preset: "500",
            meaning: "Maximum connections to the Unix socket per user of this host"),
        count(
            .maxAdminConnections, \.limits.operatorConnections, preset: "64",
            meaning: "Maximum connections to PASSERELLE_ADMIN, except open consoles"),
        count(
            .maxRevocations, \.limits.revocations, preset: "10000",
            meaning: "Maximum stored revocations of users"),
        bytes(
            .headerBytes, \.limits.request.headBytes, preset: "16 KiB", low: 1 << 10,
            high: 1 << 20,
            meaning: "Maximum size of the start line and header fields of a request"),
        bytes(
            .bodyBytes, \.limits.request.bodyBytes, preset: "10 KiB", low: 1 << 10,
            high: 16 << 20,
            meaning: "Maximum size of a request body"),
        time(
            .headerTime, \.limits.headerTime, preset: "10s",
            meaning: "Timeout for a request's header; the first one's starts with the connection"),
        time(
            .bodyTime, \.limits.bodyTime, preset: "10s",
            meaning: "Timeout for a request's body"),
        bytes(
            .maxOutput, \.limits.output, preset: "64 MiB", low: 1 << 20, high: 16 << 30,
            meaning: "Maximum output queued for slow clients, in total"),
        time(
            .answerTime, \.limits.answerTime, preset: "3m",
            meaning: "Timeout for a client to receive an answer that is not a stream"),
        time(
            .idleTime, \.limits.idleTime, preset: "75s",
            meaning: "Timeout for an idle connection between requests"),
    ]

    private static let countTakes = "a number from 1 to 10000000, or none"

    /// A number, or `none` for no limit.
    private static func count(
        _ id: VariableName, _ place: any Place<Int>, preset: String, meaning: String
    ) -> Variable {
        Variable(
            id: id, preset: preset, placeholder: "NUMBER", meaning: meaning,
            expected: countTakes, read: into(place, count))
    }

    private static func count(_ text: String) throws(ValueProblem) -> Int {
        SettingKeyword.matches(text, "none") ? .max : try number(text, through: 10_000_000)
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

    private static func time(
        _ id: VariableName, _ place: any Place<Duration>, preset: String, meaning: String
    ) -> Variable {
        duration(
            id, place, preset: preset, from: .seconds(1), through: .seconds(3_600),
            meaning: meaning)
    }
}

extension Limit {
    /// The variable that sets the limit.
    package var variable: VariableName {
        switch self {
        case .connections: .maxConnections
        case .addressConnections: .maxConnectionsPerAddress
        case .streams: .maxStreams
        case .addressStreams: .maxStreamsPerAddress
        case .userStreams: .maxStreamsPerUser
        case .diagnoses: .maxDiagnoses
        case .addressDiagnoses: .maxDiagnosesPerAddress
        case .requestRate: .requestRate
        case .addressAuthQueue: .maxAuthQueuePerAddress
        case .channels: .maxChannels
        case .heldChannels: .maxHeldChannels
        case .clientChannels: .maxHeldChannelsPerClient
        case .headerBytes: .headerBytes
        case .bodyBytes: .bodyBytes
        case .headerTime: .headerTime
        case .bodyTime: .bodyTime
        case .idleTime: .idleTime
        case .stall: .stall
        case .answerTime: .answerTime
        case .output: .maxOutput
        case .lineConnections: .maxIPCConnections
        case .userLineConnections: .maxIPCConnectionsPerUser
        case .operatorConnections: .maxAdminConnections
        case .revocations: .maxRevocations
        }
    }
}
