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
    /// What came back is no HTTP.
    case malformed(String)
}

/// One request on a connection of its own, and its answer.
///
/// Never sent twice: a call that fails says whether anything had gone out.
package final class HTTPCall: LinkOwner {
    private let request: [UInt8]
    private let completed: (Result<HTTPResponse, HTTPCallError>) -> Void
    private let loop: EventLoop
    private var link: Link?
    private var parser: HTTPResponseParser
    private var timer: TimerToken?
    private var wasSent = false
    /// Keeps the call alive until it is done.
    private var itself: HTTPCall?

    /// Starts a call; `completed` is called once, never from inside this initialiser.
    ///
    /// `timeout` covers everything from name resolution to the answer's last byte; `bodyBytes`
    /// bounds the answer.
    @discardableResult
    package init(
        loop: EventLoop, address: ListenAddress, tls: TLSClient?, request: HTTPRequest,
        timeout: Duration = .seconds(10), bodyBytes: Int = 1_048_576,
        completed: @escaping (Result<HTTPResponse, HTTPCallError>) -> Void
    ) {
        var request = request
        request.fields.set("Connection", "close")
        self.request = HTTPWriter.request(request)
        self.completed = completed
        self.loop = loop
        var limits = HTTPLimits()
        limits.bodyBytes = bodyBytes
        parser = HTTPResponseParser(limits: limits)
        if request.method == "HEAD" { parser.requestWasHEAD() }
        itself = self
        link = Dial.connect(loop: loop, to: address, tls: tls, timeout: timeout, owner: self)
        timer = loop.after(timeout) { [weak self] in
            guard let self else { return }
            self.end(.failure(self.failure("no answer within \(timeout)")))
        }
    }

    /// Gives the call up: `completed` is not called any more.
    package func cancel() {
        guard itself != nil else { return }
        release()
    }

    package func linkOpened(_ link: Link) {
        wasSent = true
        link.send(request)
    }

    package func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        do throws(HTTPError) {
            if let response = try parser.next() { end(.success(response)) }
        } catch {
            end(.failure(.malformed(error.message)))
        }
    }

    package func linkEnded(_ link: Link, _ end: LinkEnd) {
        if end == .closedByPeer {
            do throws(HTTPError) {
                if let response = try parser.closedByPeer() {
                    return self.end(.success(response))
                }
            } catch {
                return self.end(.failure(.malformed(error.message)))
            }
        }
        self.end(.failure(failure("\(end)")))
    }

    private func failure(_ words: String) -> HTTPCallError {
        wasSent ? .unanswered(words) : .unreachable(words)
    }

    private func end(_ result: Result<HTTPResponse, HTTPCallError>) {
        guard itself != nil else { return }
        release()
        completed(result)
    }

    private func release() {
        if let timer { loop.cancel(timer) }
        timer = nil
        link?.close()
        link = nil
        itself = nil
    }
}
