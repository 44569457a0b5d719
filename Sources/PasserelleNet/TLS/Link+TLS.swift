// SPDX-License-Identifier: MIT

extension Link {
    /// Starts TLS on an open plain link, for example after a proxy's answer.
    ///
    /// `linkOpened` or `linkEnded` follows once more, never before this returns. `host` is the name
    /// to verify. The owner must bound the handshake's time.
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

    /// Starts the handshake of a connected link.
    func beginHandshake(_ session: TLSSession) {
        tls = session
        stage = .handshaking
        advanceHandshake()
    }

    /// Continues the handshake as far as the socket allows.
    func advanceHandshake() {
        guard let tls else { return }
        if tls.pending > 0, let end = tls.flush() { return fail(end) }
        switch tls.doHandshake() {
        case .done: opened()
        case .again: updateInterest()
        case .closed: fail(.closedByPeer)
        case .failed(let end): handshakeFailed(end)
        }
    }

    /// Ends a link after a failed handshake.
    ///
    /// An accepted link ends in an orderly way. Otherwise unread bytes would cause a reset, which
    /// could overtake the alert.
    private func handshakeFailed(_ end: LinkEnd) {
        guard case .tls = end, let tls, tls.isServer else { return fail(end) }
        tls.sendRefusal()
        linger(end)
    }

    /// Opens the link: notifies the owner, then sends the queued bytes.
    func opened() {
        dial?.cancel()
        dial = nil
        stage = .open
        updateInterest()
        if !flags.contains(.finishing) { owner?.linkOpened(self) }
        if stage == .open, output != nil || flags.contains(.finishing) { flush() }
    }

    /// Reads records until no whole one is left or the turn's share is used.
    ///
    /// The buffer has room for a full record each time. If it had not, OpenSSL would keep bytes
    /// that the poller does not report.
    func receive(from tls: TLSSession) {
        var share = max(1, Int(receiveLimit))
        while share > 0, isReading {
            switch tls.read(into: loop.receiveBuffer) {
            case .done(let count):
                share -= count
                notifyOwner(received: count)
            case .again: return updateInterest()
            case .closed: return peerFinished()
            case .failed(let end): return fail(end)
            }
        }
        updateInterest()
    }

    /// Encrypts and sends bytes until the socket is full; returns `nil` if that ended the link.
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

    /// Sends pending records; returns `true` if the socket took them all.
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
