// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// The reason that a call got no answer.
package enum HTTPCallError: Error, Equatable {
    /// No connection was established and no request was sent; the text states the reason.
    case unreachable(String)
    /// At least part of the request was sent, but no complete answer arrived. It is unknown whether
    /// the request took effect.
    case unanswered(String)
    /// The answer is not HTTP, or is too large.
    case malformed(String)
}

extension HTTPCallError: CustomStringConvertible {
    /// One clause with the reason.
    package var description: String {
        switch self {
        case .unreachable(let words), .unanswered(let words), .malformed(let words): words
        }
    }
}

/// One request and its answer on a separate connection, through a proxy if one is configured.
///
/// The request is never sent twice; the error of a failed call states whether any of it was sent.
/// The link retains the call until it completes, so no other reference is needed.
package final class HTTPCall: LinkOwner {
    private let request: [UInt8]
    private let completed: (Result<HTTPResponse, HTTPCallError>) -> Void
    private unowned let loop: EventLoop
    private var link: Link?
    private var parser: HTTPResponseParser
    private var timer: TimerToken?
    private var wasSent = false

    /// Starts a call.
    ///
    /// `completed` is called once, and never from within this initializer.
    ///
    /// `timeout` covers the call from name resolution to the last byte of the answer. `bodyBytes`
    /// limits the answer's body.
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
        // This timer fires before the link's, so that the error names the call's timeout.
        timer = loop.scheduleTask(in: timeout) { [weak self] in
            guard let self else { return }
            self.end(.failure(self.failure("no answer within \(timeout)")))
        }
        link = Outbound.connect(
            loop: loop, to: address, tls: tls, proxy: proxy, timeout: timeout + .seconds(1),
            owner: self)
    }

    /// Cancels the call; `completed` is not called.
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

    /// Parses the answer.
    package func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        do throws(HTTPError) {
            if let response = try parser.next() { end(.success(response)) }
        } catch {
            end(.failure(.malformed(error.message)))
        }
    }

    /// Completes the call when the connection ends.
    package func linkEnded(_ link: Link, _ end: LinkEnd) {
        guard end == .closedByPeer else { return self.end(.failure(failure("\(end)"))) }
        do throws(HTTPError) {
            // An answer without a length ends with the connection.
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
