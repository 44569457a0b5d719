// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// The demo's page, and what a browser is told that it may do.
struct DemoPage {
    /// The page's one style sheet and its one script, which is made of several files.
    static let style = PackageResources.page_css
    static let script =
        PackageResources.words_js + PackageResources.readers_js + PackageResources.pane_js
        + PackageResources.gateway_js
    /// The page as a browser gets it: style and script stand inline, so that it is one answer.
    static let bytes = filled(
        filled(PackageResources.page_html, element: "style", with: style), element: "script",
        with: script)

    /// The answer that carries the page; `wsURL` is the one other place that it may connect to.
    let response: HTTPResponse

    init(wsURL: String) {
        let policy = [
            "default-src 'none'", "script-src \(DemoPage.hash(of: DemoPage.script))",
            "style-src \(DemoPage.hash(of: DemoPage.style))", "img-src data:",
            "connect-src 'self' \(wsURL)", "base-uri 'none'", "form-action 'none'",
            "frame-ancestors 'none'",
        ]
        response = HTTPResponse(
            status: 200,
            fields: [
                "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache",
                "Content-Security-Policy": policy.joined(separator: "; "),
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            ], body: DemoPage.bytes)
    }

    /// The source expression that allows an inline element of that content (CSP 3 §2.3.1).
    static func hash(of content: [UInt8]) -> String {
        "'sha256-\(Base64.encode(Digest.sha256(content)))'"
    }

    /// A page whose one empty element of that name has a content; the page itself where it has none.
    static func filled(_ page: [UInt8], element: String, with content: [UInt8]) -> [UInt8] {
        guard let tags = page.firstRange(of: Array("<\(element)></\(element)>".utf8)) else {
            return page
        }
        let place = tags.lowerBound + element.utf8.count + 2
        return page[..<place] + content + page[place...]
    }
}
