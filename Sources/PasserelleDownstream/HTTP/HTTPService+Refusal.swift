// SPDX-License-Identifier: MIT

import PasserelleWire

extension HTTPService {
    /// Returns the encoded answer to a connection that cannot be kept, in the form that fits the
    /// request bytes received so far.
    package func refusal(to received: Span<UInt8>, _ refusal: Refusal) -> [UInt8] {
        var parser = HTTPRequestParser(limits: context.quotas.limits.request)
        parser.append(received)
        var response = refusal.response
        if let request = try? parser.next(), request.takesRefusalAsStream {
            response = refusal.streamResponse()
            if let origin = try? rules.crossOrigin(of: request) {
                OriginRules.allow(origin, in: &response.fields)
            }
        }
        return HTTPWriter.response(response, version: .http11, keepAlive: false)
    }
}
