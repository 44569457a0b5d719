// SPDX-License-Identifier: MIT

import PasserelleWire

/// The endpoint of a REST request, determined by method and path.
enum RESTRoute: Equatable {
    /// Publish one event.
    case trigger
    /// Publish several events.
    case batch
    /// List the occupied channels.
    case channels
    /// Describe one channel.
    case channel(String)
    /// List the users of a presence channel.
    case users(String)
    /// Close a user's connections.
    case terminate(String)
    /// Deprecated: the event's name is in the query and the body is its data.
    case legacyTrigger(String)
    /// Deprecated.
    case legacyStats(String)

    /// True if the path belongs to the REST API.
    static func covers(_ path: String) -> Bool {
        path.hasPrefix("/apps/") || (path.hasPrefix("/users/") && path.hasSuffix(terminateSuffix))
    }

    /// Parses a request; throws 404 for an unknown path, 405 for the wrong method.
    static func parse(_ request: HTTPRequest, appID: String) throws(RESTError) -> RESTRoute {
        let segments: [String]
        do { segments = try HTTPTarget.decodePath(request.path) } catch { throw .badTarget }
        // The Python library omits the application in this one path.
        if segments.count == 3, segments[0] == "users" {
            return try route(["users", segments[1], segments[2]], method: request.method)
        }
        guard segments.count >= 3, segments[0] == "apps" else { throw .noRoute }
        guard segments[1] == appID else { throw .unknownApp }
        return try route(Array(segments.dropFirst(2)), method: request.method)
    }

    private static let terminateSuffix = "/terminate_connections"

    private static func route(
        _ words: [String], method: String
    ) throws(RESTError) -> RESTRoute {
        let (route, allowed): (RESTRoute, String)
        switch (words.count, words.first, words.last) {
        case (1, "events", _): (route, allowed) = (.trigger, "POST")
        case (1, "batch_events", _): (route, allowed) = (.batch, "POST")
        case (1, "channels", _): (route, allowed) = (.channels, "GET")
        case (2, "channels", _): (route, allowed) = (.channel(words[1]), "GET")
        case (3, "channels", "users"): (route, allowed) = (.users(words[1]), "GET")
        case (3, "channels", "events"): (route, allowed) = (.legacyTrigger(words[1]), "POST")
        case (3, "channels", "stats"): (route, allowed) = (.legacyStats(words[1]), "GET")
        case (3, "users", "terminate_connections"):
            (route, allowed) = (.terminate(words[1]), "POST")
        default: throw .noRoute
        }
        guard method == allowed else { throw .wrongMethod(allowed: allowed) }
        return route
    }
}
