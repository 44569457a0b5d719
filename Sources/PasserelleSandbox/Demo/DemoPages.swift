// SPDX-License-Identifier: MIT
import PasserelleBrowser
import PasserelleExamples
import PasserelleNet
import PasserelleWire

/// The demo's pages with their files, and the examples.
struct DemoPages {
    /// The paths of the pages.
    static let pages: [(path: String, html: [UInt8])] =
        [("/", PackageResources.page_html)]
        + ExamplePages.pages.map { ("/examples/" + $0.name, $0.html) }
    /// The paths of the other files.
    static let files: [(path: String, type: String, bytes: [UInt8])] = [
        (
            "/demo/page.css", "text/css; charset=utf-8",
            CommonStyle.bytes + PackageResources.page_css
        ),
        ("/demo/page.js", "text/javascript; charset=utf-8", script),
        (
            "/examples/pusher-stand-in.js", "text/javascript; charset=utf-8",
            ExamplePages.pusherStandIn
        ),
    ]
    private static let script =
        PackageResources.words_js + PackageResources.network_js + PackageResources.presence_js
        + PackageResources.pane_js + PackageResources.gateway_js

    private let responses: [String: HTTPResponse]

    /// Prepares the responses; `wsURL` is the only other address to which the pages may connect.
    init(wsURL: String) {
        var responses: [String: HTTPResponse] = [:]
        for (path, html) in Self.pages {
            var response = Self.response(html, type: "text/html; charset=utf-8")
            response.fields.add("Content-Security-Policy", Self.policy(of: html, wsURL: wsURL))
            response.fields.add("Cross-Origin-Opener-Policy", "same-origin")
            response.fields.add("Referrer-Policy", "no-referrer")
            responses[path] = response
        }
        for (path, type, bytes) in Self.files {
            responses[path] = Self.response(bytes, type: type)
        }
        self.responses = responses
    }

    /// Returns the page or file at a path.
    func response(at path: String) -> HTTPResponse? { responses[path] }

    private static func response(_ bytes: [UInt8], type: String) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            fields: [
                "Content-Type": type, "Cache-Control": "no-cache",
                "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
            ], body: bytes)
    }

    /// A page may use this origin's scripts and styles, its own inline ones, and nothing else.
    private static func policy(of html: [UInt8], wsURL: String) -> String {
        func sources(_ element: String) -> String {
            (["'self'"] + inlineContents(of: element, in: html).map(hash)).joined(separator: " ")
        }
        return [
            "default-src 'none'", "script-src \(sources("script"))",
            "style-src \(sources("style"))", "img-src data:", "connect-src 'self' \(wsURL)",
            "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    /// The source expression that allows an inline element with this content (CSP 3 §2.3.1).
    static func hash(of content: [UInt8]) -> String {
        "'sha256-\(Base64.encode(Digest.sha256(content)))'"
    }

    /// Returns the contents of a page's elements of this name, except empty ones.
    static func inlineContents(of element: String, in html: [UInt8]) -> [[UInt8]] {
        let (opening, closing) = (Array("<\(element)".utf8), Array("</\(element)>".utf8))
        var contents: [[UInt8]] = []
        var rest = html[...]
        while let start = rest.firstRange(of: opening) {
            guard let end = rest[start.upperBound...].firstRange(of: closing),
                let tag = rest[start.upperBound..<end.lowerBound].firstIndex(of: UInt8(ascii: ">"))
            else { break }
            let content = Array(rest[(tag + 1)..<end.lowerBound])
            if !content.isEmpty { contents.append(content) }
            rest = rest[end.upperBound...]
        }
        return contents
    }
}
