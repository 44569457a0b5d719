// SPDX-License-Identifier: MIT
import PasserelleWire

/// A parser for untrusted bytes, and the invariants that must hold for any input.
///
/// The raw value names its directory in `Corpus`. A broken invariant ends the process, as a trap
/// does.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case httpRequest = "http-request"
    case httpResponse = "http-response"
    case webSocketServer = "websocket-server"
    case webSocketClient = "websocket-client"
    case channelsMessage = "channels-message"
    case json
    case line
    case eventStream = "event-stream"
    case query
    case position
    case environmentFile = "env-file"
    case journal
    case token
    case field
    case clientEvent = "client-event"
    case authAnswer = "auth-answer"
    case telling

    /// Runs the parser on an input and checks the result.
    package func run(_ bytes: [UInt8]) {
        switch self {
        case .httpRequest: HTTPRules.requests(bytes)
        case .httpResponse: HTTPRules.responses(bytes)
        case .webSocketServer: WebSocketRules.session(.server, bytes)
        case .webSocketClient: WebSocketRules.session(.client, bytes)
        case .channelsMessage: ChannelsRules.messages(bytes)
        case .json: JSONRules.documents(bytes)
        case .line: LineRules.lines(bytes)
        case .eventStream: EventStreamRules.events(bytes)
        case .query: QueryRules.targets(bytes)
        case .position: QueryRules.positions(bytes)
        case .environmentFile: FileRules.environment(bytes)
        case .journal: FileRules.journal(bytes)
        case .token: TokenRules.tokens(bytes)
        case .field: FieldRules.values(bytes)
        case .clientEvent: PeerMessageRules.bodies(bytes)
        case .authAnswer: PeerMessageRules.authAnswers(bytes)
        case .telling: PeerMessageRules.hostileServer(bytes)
        }
    }
}

/// Ends the process with the name of the invariant if it does not hold.
func hold(_ rule: String, _ holds: Bool) {
    precondition(holds, rule)
}

/// Bytes cut into pieces of lengths that depend on the bytes only, so that a run is repeatable.
struct Pieces: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var state: UInt64
    private var start = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        state = bytes.reduce(1_469_598_103_934_665_603) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    mutating func next() -> [UInt8]? {
        guard start < bytes.count else { return nil }
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Mostly small pieces: errors occur at cuts.
        let most = (state >> 60) == 0 ? bytes.count : 9
        let length = Swift.min(bytes.count - start, 1 + Int(state >> 33) % Swift.max(most, 1))
        defer { start += length }
        return Array(bytes[start..<start + length])
    }
}
