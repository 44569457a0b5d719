// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// The demo's page, and what a browser is told that it may do.
struct DemoPage {
    /// The page as it stands in the binary.
    static let bytes = PackageResources.page_html

    /// The answer that carries the page; `wsURL` is the one other place that it may connect to.
    let response: HTTPResponse

    init(wsURL: String) {
        let policy = [
            "default-src 'none'", "script-src \(DemoPage.hash(of: "script"))",
            "style-src \(DemoPage.hash(of: "style"))", "img-src data:",
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

    /// The source expression that allows the page's one inline element of that name (CSP 3 §2.3.1).
    static func hash(of element: String) -> String {
        let text = content(of: element, in: bytes)
        return "'sha256-\(Base64.encode(Digest.sha256(text)))'"
    }

    /// What stands between an element's tags; nothing where the page has none.
    static func content(of element: String, in page: [UInt8]) -> [UInt8] {
        guard let opening = page.firstRange(of: Array("<\(element)>".utf8)),
            let closing = page[opening.upperBound...].firstRange(of: Array("</\(element)>".utf8))
        else { return [] }
        return Array(page[opening.upperBound..<closing.lowerBound])
    }
}
