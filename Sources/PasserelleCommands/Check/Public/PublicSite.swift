// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
package import PasserelleHTTP
package import PasserelleNet
package import PasserelleWire

/// The gateway's public URL, and the connection to it.
package struct PublicSite {
    /// The URL's path without a trailing slash; request paths are appended to it.
    package let prefix: String
    package let url: WebAddress
    package let tls: TLSClient?
    package let proxy: HTTPProxy?

    /// Creates the site for a URL without a query; reads the file of authorities, if one is set.
    package init(_ url: WebAddress, _ configuration: Configuration) throws(StartError) {
        self.url = url
        var prefix = url.target[...]
        while prefix.last == "/" { prefix.removeLast() }
        self.prefix = String(prefix)
        proxy = configuration.proxy(for: url.host, port: url.port, isTLS: url.isTLS)
        tls = try configuration.tlsClient(isTLS: url.isTLS)
    }

    package var address: ListenAddress { url.endpoint }

    /// Creates a GET request for one of the gateway's paths, as sent by a client outside.
    package func get(
        _ path: String, _ query: [(name: String, value: String)] = [], fields: HTTPFields = [:]
    ) -> HTTPRequest {
        let items = query.map { "\($0.name)=" + HTTPTarget.encode($0.value) }
        let tail = items.isEmpty ? "" : "?" + items.joined(separator: "&")
        var request = HTTPRequest(method: "GET", target: prefix + path + tail, fields: fields)
        request.fields.set("Host", url.hostField)
        request.fields.set("User-Agent", "passerelle-check/\(Version.text)")
        return request
    }

    /// Sends a request; `done` is called once.
    package func call(
        _ request: HTTPRequest, on loop: EventLoop, within timeout: Duration,
        _ done: @escaping (Result<HTTPResponse, HTTPCallError>) -> Void
    ) {
        HTTPCall(
            loop: loop, address: address, tls: tls, proxy: proxy, request: request,
            timeout: timeout, completed: done)
    }
}
