// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Why a call got no answer.
package enum HTTPCallError: Error, Equatable {
    /// Nothing was sent: no connection came about. The words say why.
    case unreachable(String)
    /// The request was sent, wholly or in part, and no whole answer came: what became of it is
    /// unknown.
    case unanswered(String)
    /// What came back is no HTTP, or too large.
    case malformed(String)
}

/// One request on a connection of its own, through a proxy where there is one, and its answer.
///
/// Never sent twice: a call that fails says whether anything had gone out. Its link keeps it alive
/// until it is done, and nobody else needs to.
package final class HTTPCall: LinkOwner {
    private let request: [UInt8]
    private let completed: (Result<HTTPResponse, HTTPCallError>) -> Void
    private unowned let loop: EventLoop
    private var link: Link?
    private var parser: HTTPResponseParser
    private var timer: TimerToken?
    private var wasSent = false

    /// Starts a call; `completed` is called once, never from inside this initialiser.
    ///
    /// `timeout` covers everything from name resolution to the answer's last byte; `bodyBytes`
    /// bounds the answer.
    @discardableResult
    package init(
        loop: EventLoop, address: ListenAddress, tls: TLSClient?, proxy: HTTPProxy? = nil,
        request: HTTPRequest,
        timeout: Duration = .seconds(10), bodyBytes: Int = 1_048_576,
        completed: @escaping (Result<HTTPResponse, HTTPCallError>) -> Void
    ) {
        var request = request
        request.fields.set("Connection", "close")
        self.request = HTTPWriter.request(request)
        self.completed = completed
        self.loop = loop
        parser = HTTPResponseParser(limits: HTTPLimits(bodyBytes: bodyBytes))
        if request.method == "HEAD" { parser.requestWasHEAD() }
        // The call's own time ends first, so that it is this that says so.
        timer = loop.after(timeout) { [weak self] in
            guard let self else { return }
            self.end(.failure(self.failure("no answer within \(timeout)")))
        }
        link = Outbound.connect(
            loop: loop, to: address, tls: tls, proxy: proxy, timeout: timeout + .seconds(1),
            owner: self)
    }

    /// Gives the call up: `completed` is not called any more.
    package func cancel() {
        if let timer { loop.cancel(timer) }
        timer = nil
        link?.close()
        link = nil
    }

    /// Sends the request.
    package func linkOpened(_ link: Link) {
        wasSent = true
        link.send(request)
    }

    /// Reads the answer.
    package func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        do throws(HTTPError) {
            if let response = try parser.next() { end(.success(response)) }
        } catch {
            end(.failure(.malformed(error.message)))
        }
    }

    /// Tells what is known once the connection has ended.
    package func linkEnded(_ link: Link, _ end: LinkEnd) {
        guard end == .closedByPeer else { return self.end(.failure(failure("\(end)"))) }
        do throws(HTTPError) {
            // An answer without a length ends with its connection.
            if let response = try parser.closedByPeer() { return self.end(.success(response)) }
            self.end(.failure(failure("the server closed without an answer")))
        } catch .cutShort {
            self.end(.failure(failure("the server closed in the middle of its answer")))
        } catch {
            self.end(.failure(.malformed(error.message)))
        }
    }

    private func failure(_ words: String) -> HTTPCallError {
        wasSent ? .unanswered(words) : .unreachable(words)
    }

    private func end(_ result: Result<HTTPResponse, HTTPCallError>) {
        guard link != nil else { return }
        cancel()
        completed(result)
    }
}
