// SPDX-License-Identifier: MIT

import PasserelleWire

/// The routes of the admin listener.
///
/// Only the console exposes payloads, and only if enabled.
enum OperatorRoute {
    /// `/`: the list of routes.
    case index
    /// `/metrics`
    case metrics
    /// `/console` and its files.
    case page(HTTPResponse)
    /// `/console/events`: the event stream of the console's page.
    case consoleEvents
    /// `/healthz`
    case health
    /// `/readyz`
    case readiness

    /// Finds the route of a path's decoded segments; returns `nil` if there is none.
    init?(_ segments: [String], console: (any OperatorConsole)?) {
        switch segments {
        case [], [""]: self = .index
        case ["metrics"]: self = .metrics
        case ["console", "events"]: self = .consoleEvents
        case ["healthz"]: self = .health
        case ["readyz"]: self = .readiness
        default:
            guard let page = console?.page(segments) else { return nil }
            self = .page(page)
        }
    }

    /// True for the console's routes, which a page of another origin can make a browser request.
    var isForBrowsers: Bool {
        switch self {
        case .page, .consoleEvents: true
        case .index, .metrics, .health, .readiness: false
        }
    }

    /// Returns the answer with the current state; `nil` if a stream is requested.
    func answer(_ request: HTTPRequest, _ services: DownstreamServices) -> HTTPResponse? {
        switch self {
        case .index: return Self.index(request)
        case .page(let response): return response
        case .consoleEvents: return nil
        case .metrics:
            var response = HTTPResponse.text(200, "")
            response.fields.set("Content-Type", MetricsWriter.contentType)
            response.body = services.metrics()
            return response
        case .health: return .text(200, "ok\n")
        case .readiness:
            let (isReady, words) = services.readiness()
            return .text(isReady ? 200 : 503, words + "\n")
        }
    }

    /// Returns the list of routes; redirects browsers to the console.
    private static func index(_ request: HTTPRequest) -> HTTPResponse {
        let isBrowser = request.fields.all("Accept").contains { $0.contains("text/html") }
        var response = HTTPResponse.text(isBrowser ? 303 : 200, indexText)
        if isBrowser { response.fields.set("Location", "console") }
        response.fields.set("Vary", "Accept")
        return response
    }

    private static let indexText = """
        /console  live view of the gateway, for browsers
        /metrics  metrics of the gateway, for Prometheus
        /healthz  200 while the gateway runs
        /readyz   200 once Channels has been tried, 503 before

        """
}
