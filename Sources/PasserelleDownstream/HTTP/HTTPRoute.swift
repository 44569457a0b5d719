// SPDX-License-Identifier: MIT

import PasserelleWire

/// What the gateway's own paths ask for.
enum HTTPRoute: Equatable {
    /// `/events`
    case events
    /// `/poll`
    case poll
    /// `/channels/{channel}/members`
    case members(channel: String)
    /// `/channels/{channel}/events`
    case send(channel: String)
    /// `/healthz`
    case health
    /// `/readyz`
    case readiness
    /// `/check`: what whoever holds the application's secret asks from outside
    case check

    /// Finds the route of a path as it came; `nil` where the path is none of ours.
    init?(path: String) {
        switch path {
        case "/events": self = .events
        case "/poll": self = .poll
        default:
            // A path that cannot be decoded is none of ours.
            guard let segments = try? HTTPTarget.decodePath(path) else { return nil }
            self.init(segments)
        }
    }

    private init?(_ segments: [String]) {
        switch (segments.first, segments.count) {
        case ("events", 1): self = .events
        case ("poll", 1): self = .poll
        case ("channels", 3) where segments[2] == "members": self = .members(channel: segments[1])
        case ("channels", 3) where segments[2] == "events": self = .send(channel: segments[1])
        case ("healthz", 1): self = .health
        case ("readyz", 1): self = .readiness
        case ("check", 1): self = .check
        default: return nil
        }
    }

    /// The methods that the route takes; OPTIONS says them.
    var methods: [String] {
        if case .send = self { ["POST"] } else { Self.reading }
    }

    /// Whether it is for readers, and not for whoever looks after the gateway.
    var isForReaders: Bool { self != .health && self != .readiness }

    /// The value of `Allow`.
    var allowed: String { methods.joined(separator: ", ") }

    /// The methods of what can only be read.
    static let reading = ["GET", "HEAD"]
}
