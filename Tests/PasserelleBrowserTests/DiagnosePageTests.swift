// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

@testable import PasserelleBrowser

/// The page `/diagnose` and its files.
struct DiagnosePageTests {
    private let page = DiagnosePage(
        version: "1.2.3", socketOrigin: "wss://ws-eu.example",
        socketTarget: "/app/k?protocol=7")

    private func text(_ path: String...) -> String? {
        page.answer(path, [:]).map { String(decoding: $0.body, as: UTF8.self) }
    }

    @Test func `the page connects to the gateway and to Channels only, and runs no other script`()
        throws
    {
        let answer = try #require(page.answer(["diagnose"], [:]))
        #expect(answer.status == 200)
        #expect(answer.fields.first("Content-Type") == "text/html; charset=utf-8")
        #expect(answer.fields.first("Cache-Control") == "no-cache")
        #expect(
            answer.fields.all("Content-Security-Policy") == [
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
                    + " connect-src 'self' wss://ws-eu.example; base-uri 'none';"
                    + " form-action 'none'; frame-ancestors 'none';"
                    + " require-trusted-types-for 'script'; trusted-types 'none'"
            ])
        #expect(!answer.fields.contains("Access-Control-Allow-Origin"))
        #expect(answer.fields.first("Cross-Origin-Resource-Policy") == "same-origin")
        let tag = try #require(answer.fields.first("ETag"))
        #expect(page.answer(["diagnose"], ["If-None-Match": tag])?.status == 304)
    }

    @Test func `the page has one style sheet and one script, which imports nothing`() throws {
        let html = try #require(text("diagnose"))
        let named = html.matches(of: /"diagnose\/([^"]+)"/).map { String($0.1) }
        #expect(named == ["diagnose.css", "diagnose.js"])
        #expect(page.names == named + ["settings.json"])
        let script = try #require(text("diagnose", "diagnose.js"))
        #expect(script.hasPrefix("// SPDX-License-Identifier: MIT\n"))
        #expect(script.matches(of: /(?m)^import\b/).isEmpty)
        let type = page.answer(["diagnose", "diagnose.js"], [:])?.fields.first("Content-Type")
        #expect(type == "text/javascript; charset=utf-8")
    }

    @Test func `the page has no inline script or style`() throws {
        let html = try #require(text("diagnose"))
        #expect(!html.contains("<style") && !html.contains(" style="))
        #expect(html.matches(of: #/ on[a-z]+=/#).isEmpty)
        #expect(html.matches(of: /<script/).count == 1)
    }

    @Test func `the settings have the version and the URL of a WebSocket`() {
        #expect(
            text("diagnose", "settings.json")
                == #"{"version":"1.2.3","socket":"wss://ws-eu.example/app/k?protocol=7"}"#)
        #expect(
            page.answer(["diagnose", "settings.json"], [:])?.fields.first("Content-Type")
                == "application/json")
    }

    @Test func `a slash at the end leads to the page, and other paths name no file`() {
        let answer = page.answer(["diagnose", ""], [:])
        #expect(answer?.status == 302 && answer?.fields.first("Location") == "../diagnose")
        for path in [["diagnose", "x"], ["diagnose", "code.js", ""], ["x"], []] {
            #expect(page.answer(path, [:]) == nil)
        }
    }
}
