// SPDX-License-Identifier: MIT

import PasserelleBrowser
import PasserelleConfiguration
import PasserelleHTTP
import PasserelleWire

extension Gateway {
    /// Returns the answers with the files for browsers: the module, and the page `/diagnose`.
    static func files(
        _ configuration: Configuration
    ) -> (_ path: [String], _ fields: HTTPFields) -> HTTPResponse? {
        let module = BrowserFiles(version: Version.text)
        guard configuration.servesDiagnose else { return module.answer }
        let page = DiagnosePage(
            version: Version.text, socketOrigin: configuration.upstream.socketOrigin,
            socketTarget: configuration.upstream.socketTarget(key: configuration.application.key))
        return { path, fields in module.answer(path, fields) ?? page.answer(path, fields) }
    }
}

extension UpstreamServer {
    /// The origin of a browser's WebSocket to Channels, such as `wss://ws-eu.pusher.com`.
    fileprivate var socketOrigin: String {
        let address = WebAddress(isTLS: isTLS, host: webSocketHost, port: port)
        return (isTLS ? "wss://" : "ws://") + address.hostField
    }

    /// The target of its handshake; the key is public.
    fileprivate func socketTarget(key: String) -> String {
        "\(path)/app/\(HTTPTarget.encode(key))?protocol=7&client=passerelle-diagnose"
            + "&version=\(Version.text)"
    }
}
