// SPDX-License-Identifier: MIT

import PasserelleWire

/// The console's page and what belongs to it: three files, which ask nobody else for anything.
enum ConsolePage: Equatable {
    /// `/console`
    case page
    /// `/console/console.css`
    case style
    /// `/console/console.js`
    case script

    /// What the page may do: run its own script, and speak to this gateway alone.
    ///
    /// What peers have written cannot become markup: no sink for it is there (Trusted Types).
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src data:",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")

    private static let scriptBytes =
        PackageResources.words_js + PackageResources.chart_js + PackageResources.tables_js
        + PackageResources.console_js

    /// The answer that carries it.
    var response: HTTPResponse {
        HTTPResponse(
            status: 200,
            fields: [
                "Content-Type": contentType, "Cache-Control": "no-cache",
                "Content-Security-Policy": Self.policy,
                "Cross-Origin-Opener-Policy": "same-origin",
                "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
            ], body: body)
    }

    private var contentType: String {
        switch self {
        case .page: "text/html; charset=utf-8"
        case .style: "text/css; charset=utf-8"
        case .script: "text/javascript; charset=utf-8"
        }
    }

    private var body: [UInt8] {
        switch self {
        case .page: PackageResources.console_html
        case .style: PackageResources.console_css
        case .script: Self.scriptBytes
        }
    }
}
