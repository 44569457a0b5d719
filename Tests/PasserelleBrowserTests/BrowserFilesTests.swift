// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

@testable import PasserelleBrowser

/// The files of the browser module and the answers with them.
struct BrowserFilesTests {
    private static let sources: [(name: String, bytes: [UInt8])] = [
        ("passerelle.js", Array("export const a=1".utf8)),
        ("passerelle-pusher.js", Array(#"import{a}from"./passerelle.js";import"x""#.utf8)),
        ("passerelle-react.d.ts", Array("import { A } from './passerelle.js'".utf8)),
    ]
    private let files = BrowserFiles(Self.sources, version: "1.2.3")

    private func text(_ name: String) -> String? {
        files.file(named: name).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func `the program's files have a plain name and one with its version`() {
        let names = BrowserFiles(version: "0.1.0").names
        let stems = ["passerelle", "passerelle-pusher", "passerelle-react"]
        let plain = stems.flatMap { ["\($0).js", "\($0).d.ts"] }
        let versioned = stems.flatMap { ["\($0)-0.1.0.js", "\($0)-0.1.0.d.ts"] }
        #expect(names == (plain + versioned).sorted())
    }

    @Test func `no embedded file is empty`() {
        let embedded = BrowserFiles(version: "0.1.0")
        for name in embedded.names {
            #expect(embedded.file(named: name)?.bytes.isEmpty == false, "\(name)")
        }
    }

    @Test func `an answer has the file, its type and its tag, and pages of any origin may load it`()
        throws
    {
        let answer = try #require(files.answer(["passerelle.js"], [:]))
        #expect(answer.status == 200)
        #expect(answer.body == Self.sources[0].bytes)
        #expect(answer.fields.first("Content-Type") == "text/javascript; charset=utf-8")
        #expect(answer.fields.first("Cache-Control") == "no-cache")
        #expect(answer.fields.first("Access-Control-Allow-Origin") == "*")
        #expect(answer.fields.first("Access-Control-Allow-Credentials") == nil)
        #expect(answer.fields.first("Cross-Origin-Resource-Policy") == "cross-origin")
        #expect(answer.fields.first("X-Content-Type-Options") == "nosniff")
        let tag = try #require(answer.fields.first("ETag"))
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.utf8.count == 34)
        #expect(!tag.hasPrefix("W/"))
    }

    @Test func `types are plain text`() {
        let types = files.answer(["passerelle-react.d.ts"], [:])
        #expect(types?.fields.first("Content-Type") == "text/plain; charset=utf-8")
    }

    @Test func `another content has another tag`() {
        let tags = files.names.compactMap { files.file(named: $0)?.entityTag }
        // The file that imports nothing is the same under both names.
        #expect(Set(tags).count == files.names.count - 1)
    }

    @Test(arguments: ["%", "W/%", "\"a\", %", "\"a\" ,\tW/% ", "*"])
    func `a client that has the file gets 304`(list: String) throws {
        let file = try #require(files.file(named: "passerelle.js"))
        let held = list.replacing("%", with: file.entityTag)
        let answer = file.answer(["If-None-Match": held])
        #expect(answer.status == 304)
        #expect(answer.body.isEmpty)
        #expect(answer.fields.first("ETag") == file.entityTag)
        #expect(answer.fields.first("Cache-Control") == "no-cache")
        #expect(answer.fields.first("Access-Control-Allow-Origin") == "*")
    }

    @Test(arguments: ["\"\"", "\"0123\"", "W/\"*\"", "", "wrong"])
    func `a client that has something else gets the file`(list: String) {
        #expect(files.answer(["passerelle.js"], ["If-None-Match": list])?.status == 200)
    }

    @Test func `a name with the version is cached for a year`() {
        let answer = files.answer(["passerelle-1.2.3.js"], [:])
        #expect(answer?.status == 200)
        #expect(
            answer?.fields.first("Cache-Control") == "public, max-age=31536000, immutable")
    }

    @Test func `a file with a version imports its siblings with that version`() {
        #expect(text("passerelle-pusher.js") == #"import{a}from"./passerelle.js";import"x""#)
        #expect(
            text("passerelle-pusher-1.2.3.js")
                == #"import{a}from"./passerelle-1.2.3.js";import"x""#)
        #expect(
            text("passerelle-react-1.2.3.d.ts") == "import { A } from './passerelle-1.2.3.js'")
    }

    @Test(arguments: [
        ("passerelle-0.9.0.js", "passerelle-1.2.3.js"),
        ("passerelle-pusher-2.0.0-rc.1.js", "passerelle-pusher-1.2.3.js"),
        ("passerelle-react-1.2.2.d.ts", "passerelle-react-1.2.3.d.ts"),
    ])
    func `another version's name leads to the current one`(name: String, current: String) {
        let answer = files.answer([name], [:])
        #expect(answer?.status == 302)
        #expect(answer?.fields.first("Location") == current)
        #expect(answer?.fields.first("Cache-Control") == "no-store")
        #expect(answer?.fields.first("Access-Control-Allow-Origin") == "*")
        #expect(answer?.body.isEmpty == true)
    }

    @Test(arguments: [
        ["passerelle"], ["passerelle.mjs"], ["passerelle-vue-1.2.3.js"], ["passerelle-react.js"],
        ["x", "passerelle.js"], ["passerelle.js", ""], [],
    ])
    func `other paths name no file`(path: [String]) {
        #expect(files.answer(path, [:]) == nil)
    }
}
