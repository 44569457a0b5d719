// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// One of the HTTP surfaces: its routes and its connections.
package final class HTTPService {
    /// The kind of client that is served.
    enum Audience {
        case readers
        case operators
    }

    /// The maximum number of refused connections that wait for their request, so that the refusal
    /// has the form that its client understands.
    ///
    /// Beyond that, the oldest one is refused without its request.
    static let refusedConnections = 16

    let context: DownstreamContext
    private let audience: Audience
    private(set) var connections: [ObjectIdentifier: HTTPConnection] = [:]
    /// Connections over a limit that wait for their request, the oldest first.
    private(set) var refusedWaiting: [HTTPConnection] = []
    private(set) var isDraining = false
    private var lastNumber: UInt64 = 0

    let rules: OriginRules
    /// The values of `Vary` of answers and of event streams; `nil` for operators.
    private let vary: (answer: String, stream: String)?
    private let hasProxies: Bool
    /// The last `Host` that was accepted.
    private var lastHost: String?

    init(context: DownstreamContext, for audience: Audience) {
        self.context = context
        self.audience = audience
        rules =
            audience == .readers
            ? context.configuration.origins
            : .operators(
                context.configuration.operatorHosts, context.configuration.settingNames)
        let names = context.configuration.vary
        vary =
            audience == .readers
            ? (names, names + ", Accept, Last-Event-ID, Passerelle-Refusals") : nil
        hasProxies = !context.configuration.proxies.isEmpty
    }

    /// Takes over an accepted link; a connection over a limit is refused and closed.
    package func accepted(_ link: Link) {
        switch audience {
        case .readers:
            if let refusal = context.quotas.admit(link) { return refuse(link, refusal) }
        case .operators:
            // Not counted among the readers' connections, so that these cannot shut operators out.
            if connections.count >= context.quotas.limits.operatorConnections { closeIdlest() }
        }
        serve(link)
    }

    /// Continues a connection of another process, which must be one for readers.
    func tookOver(_ link: Link) -> HTTPConnection? {
        guard context.quotas.admit(link) == nil else {
            link.close()
            return nil
        }
        return serve(link)
    }

    @discardableResult
    private func serve(_ link: Link) -> HTTPConnection {
        let connection = HTTPConnection(link: link, service: self)
        lastNumber &+= 1
        connection.number = lastNumber
        connections[ObjectIdentifier(connection)] = connection
        return connection
    }

    /// Closes the operators' connection that has been idle longest; one with an answer in progress
    /// is closed only if all have one.
    private func closeIdlest() {
        let idlest = connections.values.min {
            ($0.isBusy ? 1 : 0, $0.lastRequest, $0.number)
                < ($1.isBusy ? 1 : 0, $1.lastRequest, $1.number)
        }
        guard let idlest else { return }
        context.quotas.reached(.operatorConnections, by: idlest.link.peer)
        idlest.abandon()
    }

    /// Answers all waiting polls with the entries that there are.
    func answerWaitingPolls() {
        for connection in connections.values { (connection.poll as? PollReader)?.answer() }
    }

    /// True if requests count against their client's rate.
    var isForReaders: Bool { audience == .readers }

    /// Refuses a connection over a limit once its request has arrived.
    private func refuse(_ link: Link, _ refusal: Refusal) {
        guard context.quotas.mayAnswerRefused(link) else {
            context.tally.refused(refusal.word)
            context.quotas.reached(refusal.limit, by: link.peer)
            context.services.refused(refusal.status, refusal.word, link.peer)
            return link.close()
        }
        refusedWaiting.append(HTTPConnection(link: link, service: self, refusing: refusal))
        if refusedWaiting.count > Self.refusedConnections {
            refusedWaiting[0].refuseWithoutRequest()
        }
    }

    /// Removes a refused connection that has its answer.
    func removeRefused(_ connection: HTTPConnection) {
        refusedWaiting.removeAll { $0 === connection }
    }

    /// Open connections, not counting streams.
    package var connectionCount: Int { connections.count }
    /// Polls that wait for new entries.
    var waitingPolls: Int { connections.values.count(where: \.isPolling) }

    /// Closes idle connections immediately, and others after their answer.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
        for connection in refusedWaiting { connection.refuseWithoutRequest() }
    }

    /// Stops counting a link that was accepted here and that no stream has taken over.
    func ended(_ link: Link) {
        if audience == .readers { context.quotas.ended(link) }
    }

    func forget(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = nil
        removeRefused(connection)
    }

    /// Answers a request: with a response now or later, or by passing the link to a stream.
    func serve(_ request: HTTPRequest, on connection: HTTPConnection) {
        do throws(Refusal) {
            try route(request, on: connection)
        } catch {
            connection.refuse(error)
        }
    }

    private func route(_ request: HTTPRequest, on connection: HTTPConnection) throws(Refusal) {
        connection.crossOrigin = nil
        // The console's page evaluates statuses and reconnects by itself.
        connection.takesStream = audience == .readers && request.takesRefusalAsStream
        connection.vary = connection.takesStream ? vary?.stream : vary?.answer
        if let refusal = connection.refusal { throw allowing(request, on: connection, refusal) }
        if hasProxies {
            connection.client = context.configuration.proxies.client(
                of: connection.link.peer, with: request.fields)
        }
        if audience == .readers { try checkRequestRate(of: request, on: connection) }
        try checkHost(of: request, on: connection)
        if request.target == "*" { return connection.answer(.options("GET, HEAD")) }
        guard audience == .readers else { return try serveOperator(request, on: connection) }
        let known: HTTPRoute? = connection.repeatsLastPoll(request) ? .poll : nil
        guard let route = known ?? HTTPRoute(path: request.path) else {
            return try serveOther(request, on: connection)
        }
        if !route.isForReaders {
            connection.vary = nil
        } else {
            if route == .events { connection.vary = vary?.stream }
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

    /// Answers a request for a path without a route: a file, or a route of the demo.
    private func serveOther(
        _ request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        let segments = try? HTTPTarget.decodePath(request.path)
        if let file = segments.flatMap({ context.services.file($0, request.fields) }) {
            connection.vary = nil
            return connection.answer(try FileRoute.answer(request, with: file))
        }
        let reply: (HTTPResponse) -> Void = { [weak connection] in connection?.answer($0) }
        guard context.services.otherRoutes(request, reply) else { throw .noSuchRoute }
    }

    /// Exposes a refusal to the requesting page if its origin is allowed.
    private func allowing(
        _ request: HTTPRequest, on connection: HTTPConnection, _ refusal: Refusal
    ) -> Refusal {
        connection.crossOrigin = (try? rules.crossOrigin(of: request)) ?? nil
        return refusal
    }

    /// Refuses a request over the client's rate; the refusal is exposed to allowed origins.
    private func checkRequestRate(
        of request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        do throws(Refusal) {
            try context.quotas.checkRequestRate(of: connection.from, through: connection.link.peer)
        } catch {
            throw allowing(request, on: connection, error)
        }
    }

    private func serveOperator(
        _ request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        // Pages of other origins are refused here, even if they are allowed on the readers'
        // surface.
        _ = try rules.crossOrigin(of: request)
        let segments = try? HTTPTarget.decodePath(request.path)
        let found = segments.flatMap { OperatorRoute($0, console: context.console) }
        guard let route = found else { throw .noSuchRoute }
        let allowed = HTTPRoute.reading.joined(separator: ", ")
        if request.method == "OPTIONS" { return connection.answer(.options(allowed)) }
        guard HTTPRoute.reading.contains(request.method) else { throw .method(allowed: allowed) }
        if route.isForBrowsers, !connection.link.isUnix {
            let names = OriginRules.operators(
                context.configuration.consoleHosts, context.configuration.settingNames)
            try names.checkHost(of: request)
        }
        guard let answer = route.answer(request, context.services) else {
            return try ConsoleRoute.serve(request, on: connection, context: context)
        }
        connection.answer(answer)
    }

    /// Refuses a host name that the gateway does not serve; the last accepted name is cached.
    private func checkHost(
        of request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        guard rules.hosts != .any else { return }
        // Browsers do not connect to Unix sockets, and a proxy that does passes its own names on.
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
            try EventStreamRoute.serve(request, on: connection, context: context)
        case .poll: try Poll.serve(request, on: connection, context: context)
        case .members(let channel): try serveMembers(of: channel, request, on: connection)
        case .send(let channel):
            try SendRoute.serve(request, channel: channel, on: connection, context: context)
        case .health: connection.answer(.text(200, "ok\n"))
        case .readiness:
            let (isReady, words) = context.services.readiness()
            connection.answer(.text(isReady ? 200 : 503, words + "\n"))
        case .check:
            let isTrustedProxy = context.configuration.proxies.isTrusted(connection.link.peer)
            // Without a valid pass the route does not exist.
            guard let echo = context.services.checks.echo(request, isTrustedProxy) else {
                throw .noSuchRoute
            }
            connection.answer(echo)
        case .diagnose(let test):
            guard context.configuration.servesDiagnose else { throw .noSuchRoute }
            try DiagnoseRoute.serve(test, request, on: connection, context: context)
        }
    }

    private func serveMembers(
        of name: String, _ request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        let name = try ReadRequest.check(channel: name, context.configuration)
        let context = context
        try context.admit(request, to: [name], on: connection) { [weak connection] grant in
            guard let connection else { return }
            let requester = connection.requester(context, user: grant.identity?.userID)
            connection.waits(
                for: context.whenSubscribed([name], for: grant.userIDs, by: requester) {
                    [weak connection] outcome in
                    do throws(Refusal) {
                        _ = try outcome.channels()
                        connection?.answer(.json(200, context.memberState(of: name)))
                    } catch {
                        connection?.refuse(error)
                    }
                })
        }
    }
}

extension Link {
    /// True if the peer is a local process at a Unix socket, which a browser never is.
    fileprivate var isUnix: Bool { peer.userID != nil }
}
