// SPDX-License-Identifier: MIT

import PasserelleWire

/// What whoever operates the gateway can ask for, on the admin listener.
///
/// Nothing here says what was said, but the console where it is told to.
enum OperatorRoute: Equatable {
    /// `/`: what there is.
    case index
    /// `/metrics`
    case metrics
    /// `/console` and its files.
    case console(ConsolePage)
    /// `/console/events`: what the console's page listens to.
    case consoleEvents
    /// `/healthz`
    case health
    /// `/readyz`
    case readiness

    /// Finds the route of a path's decoded segments; `nil` where the path is none of ours.
    init?(_ segments: [String]) {
        switch segments {
        case [], [""]: self = .index
        case ["metrics"]: self = .metrics
        case ["console"]: self = .console(.page)
        case ["console", "console.css"]: self = .console(.style)
        case ["console", "console.js"]: self = .console(.script)
        case ["console", "events"]: self = .consoleEvents
        case ["healthz"]: self = .health
        case ["readyz"]: self = .readiness
        default: return nil
        }
    }

    /// Whether it is the console's, which a page elsewhere may have a browser ask for.
    var isForBrowsers: Bool {
        switch self {
        case .console, .consoleEvents: true
        case .index, .metrics, .health, .readiness: false
        }
    }

    /// The answer, as things are now; `nil` where a stream is asked for.
    func answer(_ request: HTTPRequest, _ services: DownstreamServices) -> HTTPResponse? {
        switch self {
        case .index: return Self.index(request)
        case .console(let part): return part.response
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

    /// A list of what there is; who comes with a browser is shown to the console.
    private static func index(_ request: HTTPRequest) -> HTTPResponse {
        let isPerson = request.fields.all("Accept").contains { $0.contains("text/html") }
        var response = HTTPResponse.text(isPerson ? 303 : 200, indexText)
        if isPerson { response.fields.set("Location", "console") }
        response.fields.set("Vary", "Accept")
        return response
    }

    private static let indexText = """
        /console  what goes on here, for people
        /metrics  what the gateway counts, for Prometheus
        /healthz  200 while the gateway turns
        /readyz   200 once Channels has been tried, 503 before

        """
}
