// SPDX-License-Identifier: MIT

extension Link {
    /// Begins TLS on an open plain link, as after a proxy's answer.
    ///
    /// `linkOpened` or `linkEnded` follows once more, never before this returns; `host` is the name
    /// to be verified. How long the handshake may take is the owner's to decide.
    package func secure(as client: TLSClient, host: String) {
        guard stage == .open, tls == nil, queuedBytes == 0 else { return }
        guard client.verifies || ListenAddress.isLoopbackHost(host) else {
            return fail(.tls(TLSClient.refusal(host: host)))
        }
        do {
            beginHandshake(try TLSSession(client: client, host: host, descriptor: descriptor))
        } catch {
            fail(.tls("\(error)"))
        }
    }

    /// A dialled link is connected: the handshake begins.
    func beginHandshake(_ session: TLSSession) {
        tls = session
        stage = .handshaking
        advanceHandshake()
    }

    /// Goes on with the handshake as far as the socket lets it.
    func advanceHandshake() {
        guard let tls else { return }
        if tls.pending > 0, let end = tls.flush() { return fail(end) }
        switch tls.shakeHands() {
        case .done: opened()
        case .again: updateInterest()
        case .closed: fail(.closedByPeer)
        case .failed(let end): handshakeFailed(end)
        }
    }

    /// Ends a link that never opened.
    ///
    /// An accepted one ends in an orderly way, so that what its peer has sent, whatever that was, does
    /// not become a reset that overtakes the alert.
    private func handshakeFailed(_ end: LinkEnd) {
        guard case .tls = end, let tls, tls.isServer else { return fail(end) }
        tls.sayRefusal()
        linger(end)
    }

    /// The way is open: the owner is told, then what waited for it goes out.
    func opened() {
        dial?.cancel()
        dial = nil
        stage = .open
        updateInterest()
        if !flags.contains(.finishing) { owner?.linkOpened(self) }
        if stage == .open, output != nil || flags.contains(.finishing) { flush() }
    }

    /// Reads records until none is whole or the turn's share is used.
    ///
    /// The buffer has room for a full record each time, so that OpenSSL keeps nothing back that
    /// the poller would not know of.
    func receive(from tls: TLSSession) {
        var share = EventLoop.receiveBytes
        while share > 0, isReading {
            switch tls.read(into: loop.receiveBuffer) {
            case .done(let count):
                share -= count
                tell(received: count)
            case .again: return updateInterest()
            case .closed: return peerFinished()
            case .failed(let end): return fail(end)
            }
        }
        updateInterest()
    }

    /// Encrypts and hands over bytes until the socket is full; `nil` when that ended the link.
    func transmit(_ bytes: UnsafeRawBufferPointer, through tls: TLSSession) -> Int? {
        var taken = 0
        while taken < bytes.count, tls.pending == 0 {
            switch tls.write(UnsafeRawBufferPointer(rebasing: bytes[taken...])) {
            case .done(let count): taken += count
            case .again: return taken
            case .closed:
                fail(.closedByPeer)
                return nil
            case .failed(let end):
                fail(end)
                return nil
            }
        }
        return taken
    }

    /// Gives the socket the records that wait; whether none waits any more.
    func flush(_ tls: TLSSession) -> Bool {
        if let end = tls.flush() {
            fail(end)
            return false
        }
        guard tls.pending == 0 else {
            updateInterest()
            return false
        }
        return true
    }
}
