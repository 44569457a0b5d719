// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// One of the HTTP surfaces: its routes, and every connection that speaks it.
package final class HTTPService {
    /// Who is served.
    enum Audience {
        case readers
        /// Whoever operates the gateway.
        case operators
    }

    /// Connections that operators may have.
    static let operatorConnections = 64

    let desk: Desk
    private let audience: Audience
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private(set) var isDraining = false

    private let rules: OriginRules
    private let hasProxies: Bool
    /// The `Host` that was last found to be ours.
    private var lastHost: String?

    init(desk: Desk, for audience: Audience) {
        self.desk = desk
        self.audience = audience
        rules =
            audience == .readers
            ? desk.configuration.origins : .operators(desk.configuration.operatorHosts)
        hasProxies = !desk.configuration.proxies.isEmpty
    }

    /// Takes an accepted link.
    ///
    /// One too many is told so and ended.
    package func accepted(_ link: Link) {
        switch audience {
        case .readers:
            guard desk.quotas.admits(link) else {
                return desk.tally.refused("too-many-connections")
            }
        case .operators:
            // Not among the readers' connections: whoever looks why there are so many gets in.
            guard connections.count < Self.operatorConnections else { return link.close() }
        }
        let connection = HTTPConnection(link: link, service: self)
        connections[ObjectIdentifier(connection)] = connection
    }

    /// Connections that are open and no streams.
    package var connectionCount: Int { connections.count }
    /// Polls that wait for news.
    var waitingPolls: Int { connections.values.count(where: \.isPolling) }

    /// Closes what rests, and everything else after its answer.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    /// Counts a link no longer that was accepted here, and that no stream has taken over.
    func ended(_ link: Link) {
        if audience == .readers { desk.quotas.ended(link) }
    }

    func forget(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    /// Answers a request: by a response now or later, or by taking the link over for a stream.
    func serve(_ request: HTTPRequest, on connection: HTTPConnection) {
        do throws(Refusal) {
            try route(request, on: connection)
        } catch {
            connection.refuse(error)
        }
    }

    private func route(_ request: HTTPRequest, on connection: HTTPConnection) throws(Refusal) {
        connection.crossOrigin = nil
        if hasProxies {
            connection.client = desk.configuration.proxies.client(
                of: connection.link.peer, saying: request.fields)
        }
        if audience == .readers { try checkPace(of: request, on: connection) }
        try checkHost(of: request, on: connection)
        if request.target == "*" { return connection.answer(.options("GET, HEAD")) }
        guard audience == .readers else { return try serveOperator(request, on: connection) }
        let known: HTTPRoute? = connection.asksAgain(request) ? .poll : nil
        guard let route = known ?? HTTPRoute(path: request.path) else {
            let reply: (HTTPResponse) -> Void = { [weak connection] in connection?.answer($0) }
            guard !desk.services.otherRoutes(request, reply) else { return }
            throw .noSuchRoute
        }
        if route.isForReaders {
            connection.crossOrigin = try rules.crossOrigin(of: request)
        }
        if request.method == "OPTIONS" {
            return connection.answer(rules.options(request, allowed: route.allowed))
        }
        guard route.methods.contains(request.method) else {
            throw .method(allowed: route.allowed)
        }
        try serve(route, request, on: connection)
    }

    /// Refuses who asks too often; a page that may hear it is told.
    private func checkPace(
        of request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        do throws(Refusal) {
            try desk.quotas.checkPace(of: connection.from, through: connection.link.peer)
        } catch {
            connection.crossOrigin =
                (try? desk.configuration.origins.crossOrigin(of: request)) ?? nil
            throw error
        }
    }

    private func serveOperator(
        _ request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        // No page elsewhere has any business here, whatever it may do where readers are served.
        _ = try rules.crossOrigin(of: request)
        let segments = try? HTTPTarget.decodePath(request.path)
        guard let route = segments.flatMap(OperatorRoute.init) else { throw .noSuchRoute }
        let allowed = HTTPRoute.reading.joined(separator: ", ")
        if request.method == "OPTIONS" { return connection.answer(.options(allowed)) }
        guard HTTPRoute.reading.contains(request.method) else { throw .method(allowed: allowed) }
        if route.isForBrowsers, !connection.link.isUnix {
            let names = OriginRules.operators(desk.configuration.consoleHosts)
            try names.checkHost(of: request)
        }
        guard let answer = route.answer(request, desk.services) else {
            return try ConsoleRoute.serve(request, on: connection, desk: desk)
        }
        connection.answer(answer)
    }

    /// Refuses a name that is not ours; the one that was last found to be is not looked at again.
    private func checkHost(
        of request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        guard rules.hosts != .any else { return }
        // No browser speaks to a Unix socket, and a proxy that does passes its own names on.
        if connection.link.isUnix, rules.hosts == .loopback { return }
        if let lastHost, request.fields.first("Host", is: lastHost) { return }
        try rules.checkHost(of: request)
        lastHost = request.fields.first("Host")
    }

    private func serve(
        _ route: HTTPRoute, _ request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        switch route {
        case .events:
            guard !isDraining else { throw .draining }
            try EventStreamRoute.serve(request, on: connection, desk: desk)
        case .poll: try Poll.serve(request, on: connection, desk: desk)
        case .members(let channel): try serveMembers(of: channel, request, on: connection)
        case .send(let channel):
            try SendRoute.serve(request, channel: channel, on: connection, desk: desk)
        case .health: connection.answer(.text(200, "ok\n"))
        case .readiness:
            let (isReady, words) = desk.services.readiness()
            connection.answer(.text(isReady ? 200 : 503, words + "\n"))
        case .check:
            let isBelieved = desk.configuration.proxies.isTrusted(connection.link.peer)
            // For everybody else there is no such route.
            guard let echo = desk.services.checks.echo(request, isBelieved) else {
                throw .noSuchRoute
            }
            connection.answer(echo)
        }
    }

    private func serveMembers(
        of name: String, _ request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        let name = try ReadRequest.check(channel: name, allowed: desk.configuration.channels)
        let desk = desk
        try desk.admit(request, to: [name], on: connection) { [weak connection] _ in
            connection?.waits(
                for: desk.whenHeard([name]) { [weak connection] outcome in
                    do throws(Refusal) {
                        _ = try outcome.channels()
                        connection?.answer(.json(200, desk.memberState(of: name)))
                    } catch {
                        connection?.refuse(error)
                    }
                })
        }
    }
}

extension Link {
    /// Whether the peer is a process of this host at a Unix socket, as no browser is.
    fileprivate var isUnix: Bool { peer.userID != nil }
}
