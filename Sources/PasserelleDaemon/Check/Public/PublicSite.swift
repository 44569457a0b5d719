// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// Where readers outside find the gateway, and the way there.
struct PublicSite {
    /// The URL's path without a slash at its end; what is asked for stands behind it.
    let prefix: String
    let url: WebAddress
    let tls: TLSClient?
    let proxy: HTTPProxy?
    private let host: String

    /// The site at a URL without a query; reads the file of authorities, if one is named.
    init(_ url: WebAddress, _ configuration: Configuration) throws(House.StartError) {
        self.url = url
        var prefix = url.target[...]
        while prefix.last == "/" { prefix.removeLast() }
        self.prefix = String(prefix)
        let name = url.host.contains(":") ? "[\(url.host)]" : url.host
        host = url.port == (url.isTLS ? 443 : 80) ? name : "\(name):\(url.port)"
        proxy = configuration.proxy(for: url.host, port: url.port, isTLS: url.isTLS)
        do {
            tls = url.isTLS ? try TLSClient(caFile: configuration.caFile) : nil
        } catch {
            throw House.StartError(setting: "PASSERELLE_CA_FILE: \(error)")
        }
    }

    var address: ListenAddress { .tcp(host: url.host, port: url.port) }

    /// A GET of one of the gateway's paths, as a client outside sends it.
    func get(
        _ path: String, _ query: [(name: String, value: String)] = [], fields: HTTPFields = [:]
    ) -> HTTPRequest {
        let items = query.map { "\($0.name)=" + HTTPTarget.encode($0.value) }
        let tail = items.isEmpty ? "" : "?" + items.joined(separator: "&")
        var request = HTTPRequest(method: "GET", target: prefix + path + tail, fields: fields)
        request.fields.set("Host", host)
        request.fields.set("User-Agent", "passerelle-check/\(Version.text)")
        return request
    }

    /// Sends a request; `done` is called once.
    func call(
        _ request: HTTPRequest, on loop: EventLoop, within timeout: Duration,
        _ done: @escaping (Result<HTTPResponse, HTTPCallError>) -> Void
    ) {
        HTTPCall(
            loop: loop, address: address, tls: tls, proxy: proxy, request: request,
            timeout: timeout, completed: done)
    }
}
