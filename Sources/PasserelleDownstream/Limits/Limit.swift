// SPDX-License-Identifier: MIT

package import PasserelleHub

/// A limit on clients; the raw value is its name in JSON and metrics.
package enum Limit: String, CaseIterable, Sendable {
    /// HTTP connections in total, including streams.
    case connections
    /// HTTP connections from one address.
    case addressConnections = "connections_per_address"
    /// Event streams in total.
    case streams
    /// Event streams to one address.
    case addressStreams = "streams_per_address"
    /// Event streams to one user.
    case userStreams = "streams_per_user"
    /// Waiting tests of the page `/diagnose`, in total.
    case diagnoses
    /// Waiting tests of the page `/diagnose` from one address.
    case addressDiagnoses = "diagnoses_per_address"
    /// Requests per second from one address.
    case requestRate = "request_rate"
    /// Requests of one address that wait for the application's auth route.
    case addressAuthQueue = "auth_queue_per_address"
    /// Channels in one request.
    case channels
    /// Channels held at once, for all clients.
    case heldChannels = "held_channels"
    /// Held channels that were first requested by one client.
    case clientChannels = "held_channels_per_client"
    /// Bytes of a request's head, and the number of its fields.
    case headerBytes = "header_bytes"
    /// Bytes of a request's body.
    case bodyBytes = "body_bytes"
    /// How long a request's head may take to arrive.
    case headerTime = "header_time"
    /// How long a request's body may take to arrive.
    case bodyTime = "body_time"
    /// How long a connection may be idle between requests.
    case idleTime = "idle_time"
    /// How long a peer may stall while output waits for it.
    case stall
    /// How long a client may take to receive an answer.
    case answerTime = "answer_time"
    /// Bytes of output that wait for slow peers, in total.
    case output
    /// Connections to the Unix socket.
    case lineConnections = "ipc_connections"
    /// Connections to the Unix socket by one user.
    case userLineConnections = "ipc_connections_per_user"
    /// Connections to the admin listener.
    case operatorConnections = "admin_connections"
    /// Remembered revocations.
    case revocations

    /// True if reaching the limit is logged, because it may be an attack or the value may be too
    /// small.
    var isLogged: Bool {
        ![.channels, .headerBytes, .bodyBytes, .headerTime, .bodyTime, .idleTime].contains(self)
    }
}

/// How often each limit was reached since the gateway started.
package typealias RefusalCounts = Counts<Limit>
