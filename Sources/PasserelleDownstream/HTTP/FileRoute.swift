// SPDX-License-Identifier: MIT

import PasserelleWire

/// Files for browsers, which are served without credentials and while Channels is away.
enum FileRoute {
    /// Returns the answer to a request for a file, given the answer to GET.
    static func answer(
        _ request: HTTPRequest, with file: HTTPResponse
    ) throws(Refusal) -> HTTPResponse {
        let allowed = HTTPRoute.reading.joined(separator: ", ")
        switch request.method {
        case "GET", "HEAD": return file
        case "OPTIONS":
            var answer = HTTPResponse.options(allowed)
            let anyOrigin = "Access-Control-Allow-Origin"
            if let origins = file.fields.first(anyOrigin) { answer.fields.set(anyOrigin, origins) }
            return answer
        default: throw .method(allowed: allowed)
        }
    }
}
