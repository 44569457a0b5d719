// SPDX-License-Identifier: MIT

package import PasserelleWire

/// The page `/diagnose`, with which a user's own browser tests its network, and its files.
package struct DiagnosePage: Sendable {
    /// The script of the page: one file, so that a slow network has one request to answer for it.
    private static let script = Array(
        [
            PackageResources.words_js, PackageResources.plan_js, PackageResources.grades_js,
            PackageResources.code_js, PackageResources.report_js, PackageResources.requests_js,
            PackageResources.socket_js, PackageResources.stream_js, PackageResources.page_js,
            PackageResources.diagnose_js,
        ].joined())

    private let page: BrowserFile
    private let files: [String: BrowserFile]

    /// Prepares the page.
    ///
    /// `socketOrigin` and `socketTarget` are the two parts of the URL of a browser's WebSocket to
    /// Channels; the page connects to no other origin but its own.
    package init(version: String, socketOrigin: String, socketTarget: String) {
        page = BrowserFile(
            name: "diagnose.html", bytes: PackageResources.diagnose_html, caching: .revalidated,
            fields: Self.pageFields(socketOrigin: socketOrigin))
        var settings = Array(#"{"version":"#.utf8)
        JSONWriter.string(version, into: &settings)
        settings += Array(#","socket":"#.utf8)
        JSONWriter.string(socketOrigin + socketTarget, into: &settings)
        settings.append(UInt8(ascii: "}"))
        var files: [String: BrowserFile] = [:]
        for (name, bytes) in [
            ("diagnose.css", PackageResources.diagnose_css), ("diagnose.js", Self.script),
            ("settings.json", settings),
        ] {
            files[name] = BrowserFile(
                name: name, bytes: bytes, caching: .revalidated, fields: Self.fileFields)
        }
        self.files = files
    }

    /// The names of the page's files, sorted.
    package var names: [String] { files.keys.sorted() }

    /// Returns the answer to GET and HEAD for a path's decoded segments; `nil` if it names no file.
    package func answer(_ path: [String], _ fields: HTTPFields) -> HTTPResponse? {
        guard path.first == "diagnose" else { return nil }
        switch path.count {
        case 1: return page.answer(fields)
        case 2 where path[1].isEmpty:
            // The page's own links need its name as the last segment.
            return HTTPResponse(
                status: 302, fields: ["Location": "../diagnose", "Cache-Control": "no-store"])
        case 2: return files[path[1]]?.answer(fields)
        default: return nil
        }
    }

    /// The fields of the page: it runs its own scripts and connects to this gateway and to
    /// Channels.
    ///
    /// Text cannot become markup: Trusted Types forbid every sink for it.
    private static func pageFields(socketOrigin: String) -> HTTPFields {
        let policy = [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src data:",
            "connect-src 'self' \(socketOrigin)", "base-uri 'none'", "form-action 'none'",
            "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
        ]
        var fields = fileFields
        fields.set("Content-Security-Policy", policy.joined(separator: "; "))
        fields.set("Cross-Origin-Opener-Policy", "same-origin")
        fields.set("Referrer-Policy", "no-referrer")
        fields.set("X-Frame-Options", "DENY")
        return fields
    }

    private static let fileFields: HTTPFields = [
        "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
    ]
}
