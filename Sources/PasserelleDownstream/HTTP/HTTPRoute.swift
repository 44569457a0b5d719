// SPDX-License-Identifier: MIT

import PasserelleWire

/// The routes of the gateway's own paths.
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
    /// `/check`: answers external checks that prove knowledge of the application's secret
    case check
    /// `/diagnose/{test}`
    case diagnose(DiagnoseTest)

    /// Finds the route of a path as sent; returns `nil` if there is none.
    init?(path: String) {
        switch path {
        case "/events": self = .events
        case "/poll": self = .poll
        default:
            // A path that cannot be decoded has no route.
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
        case ("diagnose", 2):
            guard let test = DiagnoseTest(rawValue: segments[1]) else { return nil }
            self = .diagnose(test)
        default: return nil
        }
    }

    /// The methods that the route accepts, as reported by OPTIONS.
    var methods: [String] {
        switch self {
        case .send: ["POST"]
        case .diagnose(let test): test.methods
        default: Self.reading
        }
    }

    /// True if the route serves readers, false if it serves monitoring.
    var isForReaders: Bool { self != .health && self != .readiness }

    /// The value of `Allow`.
    var allowed: String { methods.joined(separator: ", ") }

    /// The methods of read-only routes.
    static let reading = ["GET", "HEAD"]
}
