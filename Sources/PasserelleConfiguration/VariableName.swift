// SPDX-License-Identifier: MIT

/// The names of all variables.
///
/// No other target spells a name: messages insert a case, or receive it from this target.
package enum VariableName: String, CaseIterable, CustomStringConvertible, Sendable {
    // The application, and the connection to Channels.
    case appID = "PUSHER_APP_ID"
    case appKey = "PUSHER_KEY"
    case appSecret = "PUSHER_SECRET"
    case pusherCluster = "PUSHER_CLUSTER"
    case pusherHost = "PUSHER_HOST"
    case pusherPort = "PUSHER_PORT"
    case pusherScheme = "PUSHER_SCHEME"
    case pusherPath = "PUSHER_PATH"
    case pusherOrigin = "PUSHER_ORIGIN"
    case caFile = "PASSERELLE_CA_FILE"
    case httpsProxy = "HTTPS_PROXY"
    case noProxy = "NO_PROXY"

    // The listeners, and the accepted sources of requests.
    case http = "PASSERELLE_HTTP"
    case admin = "PASSERELLE_ADMIN"
    case adminOpen = "PASSERELLE_ADMIN_OPEN"
    case consoleContent = "PASSERELLE_CONSOLE_CONTENT"
    case diagnose = "PASSERELLE_DIAGNOSE"
    case ipc = "PASSERELLE_IPC"
    case ipcUsers = "PASSERELLE_IPC_USERS"
    case ipcMode = "PASSERELLE_IPC_MODE"
    case ipcGroup = "PASSERELLE_IPC_GROUP"
    case tlsCert = "PASSERELLE_TLS_CERT"
    case tlsKey = "PASSERELLE_TLS_KEY"
    case origins = "PASSERELLE_ORIGINS"
    case hosts = "PASSERELLE_HOSTS"
    case trustedProxies = "PASSERELLE_TRUSTED_PROXIES"

    // The logs, the process, and the channels.
    case history = "PASSERELLE_HISTORY"
    case memory = "PASSERELLE_MEMORY"
    case memberBytes = "PASSERELLE_MEMBER_BYTES"
    case stateDir = "PASSERELLE_STATE_DIR"
    case sync = "PASSERELLE_SYNC"
    case heartbeat = "PASSERELLE_HEARTBEAT"
    case stall = "PASSERELLE_STALL"
    case sandbox = "PASSERELLE_SANDBOX"
    case sandboxWebhook = "PASSERELLE_SANDBOX_WEBHOOK"
    case log = "PASSERELLE_LOG"
    case channels = "PASSERELLE_CHANNELS"
    case pin = "PASSERELLE_PIN"
    case linger = "PASSERELLE_LINGER"
    case clientEvents = "PASSERELLE_CLIENT_EVENTS"
    case retract = "PASSERELLE_RETRACT"

    // Authentication, and presence.
    case auth = "PASSERELLE_AUTH"
    case authEndpoint = "PASSERELLE_AUTH_ENDPOINT"
    case authOrigin = "PASSERELLE_AUTH_ORIGIN"
    case authHeaders = "PASSERELLE_AUTH_HEADERS"
    case authRecheck = "PASSERELLE_AUTH_RECHECK"
    case authGrace = "PASSERELLE_AUTH_GRACE"
    case tokenKey = "PASSERELLE_TOKEN_KEY"
    case tokenAudience = "PASSERELLE_TOKEN_AUDIENCE"
    case tokenQuery = "PASSERELLE_TOKEN_QUERY"
    case presence = "PASSERELLE_PRESENCE"
    case memberID = "PASSERELLE_MEMBER_ID"

    // The limits on clients.
    case maxConnections = "PASSERELLE_MAX_CONNECTIONS"
    case maxConnectionsPerAddress = "PASSERELLE_MAX_CONNECTIONS_PER_ADDRESS"
    case maxStreams = "PASSERELLE_MAX_STREAMS"
    case maxStreamsPerAddress = "PASSERELLE_MAX_STREAMS_PER_ADDRESS"
    case maxStreamsPerUser = "PASSERELLE_MAX_STREAMS_PER_USER"
    case maxDiagnoses = "PASSERELLE_MAX_DIAGNOSES"
    case maxDiagnosesPerAddress = "PASSERELLE_MAX_DIAGNOSES_PER_ADDRESS"
    case requestRate = "PASSERELLE_REQUEST_RATE"
    case requestBurst = "PASSERELLE_REQUEST_BURST"
    case maxAuthQueuePerAddress = "PASSERELLE_MAX_AUTH_QUEUE_PER_ADDRESS"
    case maxChannels = "PASSERELLE_MAX_CHANNELS"
    case maxHeldChannels = "PASSERELLE_MAX_HELD_CHANNELS"
    case maxHeldChannelsPerClient = "PASSERELLE_MAX_HELD_CHANNELS_PER_CLIENT"
    case maxIPCConnections = "PASSERELLE_MAX_IPC_CONNECTIONS"
    case maxIPCConnectionsPerUser = "PASSERELLE_MAX_IPC_CONNECTIONS_PER_USER"
    case maxAdminConnections = "PASSERELLE_MAX_ADMIN_CONNECTIONS"
    case maxRevocations = "PASSERELLE_MAX_REVOCATIONS"
    case headerBytes = "PASSERELLE_HEADER_BYTES"
    case bodyBytes = "PASSERELLE_BODY_BYTES"
    case headerTime = "PASSERELLE_HEADER_TIME"
    case bodyTime = "PASSERELLE_BODY_TIME"
    case maxOutput = "PASSERELLE_MAX_OUTPUT"
    case answerTime = "PASSERELLE_ANSWER_TIME"
    case idleTime = "PASSERELLE_IDLE_TIME"

    // Notices about absent recipients.
    case inngestKey = "PASSERELLE_INNGEST_KEY"
    case inngestURL = "PASSERELLE_INNGEST_URL"
    case noticeEvent = "PASSERELLE_NOTICE_EVENT"
    case noticeRecipients = "PASSERELLE_NOTICE_RECIPIENTS"
    case noticeSender = "PASSERELLE_NOTICE_SENDER"
    case noticeLink = "PASSERELLE_NOTICE_LINK"
    case noticeDelay = "PASSERELLE_NOTICE_DELAY"
    case noticeThrottle = "PASSERELLE_NOTICE_THROTTLE"

    package var description: String { rawValue }
}
