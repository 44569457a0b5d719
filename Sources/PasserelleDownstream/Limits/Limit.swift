// SPDX-License-Identifier: MIT

/// What bounds clients, each by the name of the variable that sets it.
package enum Limit: String, CaseIterable, Sendable {
    /// HTTP connections in all, streams among them.
    case connections = "PASSERELLE_MAX_CONNECTIONS"
    /// HTTP connections from one address.
    case addressConnections = "PASSERELLE_MAX_CONNECTIONS_PER_ADDRESS"
    /// Event streams in all.
    case streams = "PASSERELLE_MAX_STREAMS"
    /// Event streams to one address.
    case addressStreams = "PASSERELLE_MAX_STREAMS_PER_ADDRESS"
    /// Event streams to one user.
    case userStreams = "PASSERELLE_MAX_STREAMS_PER_USER"
    /// Requests a second from one address.
    case requestRate = "PASSERELLE_REQUEST_RATE"
    /// Channels that one request names.
    case channels = "PASSERELLE_MAX_CHANNELS"
    /// Channels that are held at once, for whomever.
    case heldChannels = "PASSERELLE_MAX_HELD_CHANNELS"
    /// Bytes of a request's head, and the number of its fields.
    case headerBytes = "PASSERELLE_HEADER_BYTES"
    /// Bytes of a request's body.
    case bodyBytes = "PASSERELLE_BODY_BYTES"
    /// How long a request's head takes to come.
    case headerTime = "PASSERELLE_HEADER_TIME"
    /// How long a request's body takes to come.
    case bodyTime = "PASSERELLE_BODY_TIME"
    /// How long a connection rests between requests.
    case idleTime = "PASSERELLE_IDLE_TIME"
    /// Connections to the Unix socket.
    case lineConnections = "PASSERELLE_MAX_IPC_CONNECTIONS"

    /// The limit in one word, for programs.
    package var word: String {
        switch self {
        case .connections: "connections"
        case .addressConnections: "connections_per_address"
        case .streams: "streams"
        case .addressStreams: "streams_per_address"
        case .userStreams: "streams_per_user"
        case .requestRate: "request_rate"
        case .channels: "channels"
        case .heldChannels: "held_channels"
        case .headerBytes: "header_bytes"
        case .bodyBytes: "body_bytes"
        case .headerTime: "header_time"
        case .bodyTime: "body_time"
        case .idleTime: "idle_time"
        case .lineConnections: "ipc_connections"
        }
    }

    /// Whether reaching it may be an attack, or a value too small: then the log says so.
    var isToldOf: Bool {
        switch self {
        case .connections, .addressConnections, .streams, .addressStreams, .userStreams,
            .requestRate, .heldChannels, .lineConnections:
            true
        case .channels, .headerBytes, .bodyBytes, .headerTime, .bodyTime, .idleTime: false
        }
    }
}

/// How often each limit was reached since the gateway began.
package struct RefusalCounts: Equatable, Sendable {
    private var counts: [Limit: UInt64] = [:]

    package init() {}

    /// How often one was.
    package internal(set) subscript(limit: Limit) -> UInt64 {
        get { counts[limit] ?? 0 }
        set { counts[limit] = newValue }
    }
}
