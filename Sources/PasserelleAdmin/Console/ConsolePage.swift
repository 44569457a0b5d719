// SPDX-License-Identifier: MIT

import PasserelleBrowser
import PasserelleWire

/// The console's page and its resources: three files that load nothing from other origins.
enum ConsolePage: Equatable {
    /// `/console`
    case page
    /// `/console/console.css`
    case style
    /// `/console/console.js`
    case script

    /// Finds the file at the segments of a path; returns `nil` if there is none.
    init?(_ path: [String]) {
        switch path {
        case ["console"]: self = .page
        case ["console", "console.css"]: self = .style
        case ["console", "console.js"]: self = .script
        default: return nil
        }
    }

    /// The content security policy: the page runs its own script and connects to this gateway only.
    ///
    /// Text written by peers cannot become markup: Trusted Types forbid every sink for it.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src data:",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'",
    ].joined(separator: "; ")

    private static let styleBytes = CommonStyle.bytes + PackageResources.console_css
    private static let scriptBytes =
        PackageResources.words_js + PackageResources.chart_js + PackageResources.tables_js
        + PackageResources.console_js

    /// The HTTP response with the file.
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
        case .style: Self.styleBytes
        case .script: Self.scriptBytes
        }
    }
}
