// SPDX-License-Identifier: MIT

package import PasserelleWire

/// The files of the browser module, by the last segment of their paths.
///
/// Each file has two names: `passerelle.js` is the current version, and `passerelle-VERSION.js` may
/// be cached for a year. A file with a version in its name imports files of the same version.
package struct BrowserFiles: Sendable {
    private static let embedded: [(name: String, bytes: [UInt8])] = [
        ("passerelle.js", PackageResources.passerelle_js),
        ("passerelle-pusher.js", PackageResources.passerelle_pusher_js),
        ("passerelle-react.js", PackageResources.passerelle_react_js),
        ("passerelle.d.ts", PackageResources.passerelle_d_ts),
        ("passerelle-pusher.d.ts", PackageResources.passerelle_pusher_d_ts),
        ("passerelle-react.d.ts", PackageResources.passerelle_react_d_ts),
    ]

    private let files: [String: BrowserFile]
    private let modules: [ModuleName]
    private let version: String

    /// Prepares the embedded files; `version` is the program's.
    package init(version: String) {
        self.init(Self.embedded, version: version)
    }

    /// Prepares files with these names and contents.
    package init(_ sources: [(name: String, bytes: [UInt8])], version: String) {
        modules = sources.map { ModuleName($0.name) }
        self.version = version
        var files: [String: BrowserFile] = [:]
        for (module, source) in zip(modules, sources) {
            files[source.name] = BrowserFile(
                name: source.name, bytes: source.bytes, caching: .revalidated)
            let name = module.text(version: version)
            let bytes = Self.importingVersion(version, of: modules, in: source.bytes)
            files[name] = BrowserFile(name: name, bytes: bytes, caching: .immutable)
        }
        self.files = files
    }

    /// The names of all files, sorted.
    package var names: [String] { files.keys.sorted() }

    /// Returns the file with this name.
    package func file(named name: String) -> BrowserFile? { files[name] }

    /// Returns the answer to GET and HEAD for a path's decoded segments; `nil` if it names no file.
    ///
    /// The name of another version, which pages keep that were built for another gateway, is
    /// redirected to the current one. The redirection is relative, since a proxy may serve the
    /// gateway under a prefix.
    package func answer(_ path: [String], _ fields: HTTPFields) -> HTTPResponse? {
        guard path.count == 1, let name = path.first else { return nil }
        if let file = files[name] { return file.answer(fields) }
        guard let module = modules.first(where: { $0.isVersioned(name) }) else { return nil }
        var redirection = HTTPResponse(status: 302, fields: BrowserFile.publicFields)
        redirection.fields.set("Cache-Control", "no-store")
        redirection.fields.set("Location", module.text(version: version))
        return redirection
    }

    /// Returns a file's content with the names of its sibling files, as imported, replaced by those
    /// with the version.
    private static func importingVersion(
        _ version: String, of modules: [ModuleName], in bytes: [UInt8]
    ) -> [UInt8] {
        var bytes = bytes
        for module in modules {
            for quote in ["\"", "'"] {
                let plain = "\(quote)./\(module.plain)\(quote)"
                let versioned = "\(quote)./\(module.text(version: version))\(quote)"
                bytes.replace(Array(plain.utf8), with: Array(versioned.utf8))
            }
        }
        return bytes
    }
}
