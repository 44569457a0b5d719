// SPDX-License-Identifier: MIT

import PasserelleWire

/// What whoever operates the gateway can ask for, on the admin listener.
///
/// Nothing here says what was said, or to whom.
enum OperatorRoute: Equatable {
    /// `/`: what there is.
    case index
    /// `/metrics`
    case metrics
    /// `/healthz`
    case health
    /// `/readyz`
    case readiness

    /// Finds the route of a path's decoded segments; `nil` where the path is none of ours.
    init?(_ segments: [String]) {
        switch segments {
        case [], [""]: self = .index
        case ["metrics"]: self = .metrics
        case ["healthz"]: self = .health
        case ["readyz"]: self = .readiness
        default: return nil
        }
    }

    /// The answer, as things are now.
    func answer(_ services: DownstreamServices) -> HTTPResponse {
        switch self {
        case .index: return .text(200, Self.indexText)
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

    private static let indexText = """
        /metrics  what the gateway counts, for Prometheus
        /healthz  200 while the gateway turns
        /readyz   200 once Channels has been tried, 503 before

        """
}
