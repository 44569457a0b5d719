// SPDX-License-Identifier: MIT
import CLinux
import COpenSSL
import Glibc

/// One link's TLS: OpenSSL's state, reading the socket and writing to it by itself.
///
/// OpenSSL's own buffers stay empty: a record that the socket does not take whole waits in
/// `unsent`, so that what TLS has encrypted counts as written and the caller may go on with any
/// other bytes. Belongs to its link; the socket is the link's.
final class TLSSession {
    /// What a read or a handshake step came to.
    enum Outcome {
        /// So many plain bytes, or a handshake that is done.
        case done(Int)
        /// Nothing until the socket is ready again.
        case again
        /// The peer ended the stream as TLS says it should, or a client just left.
        case closed
        /// The link is over.
        case failed(LinkEnd)
    }

    /// Bytes of records that may wait for the socket: one full record and what a handshake adds.
    ///
    /// A peer that provokes answers and never reads them ends its link here.
    static let unsentLimit = 65_536

    private let ssl: OpaquePointer
    private let descriptor: Int32
    private let host: String?
    private let server: TLSServer?
    private var unsent: [UInt8] = []
    private var trouble: LinkEnd?
    private var sawEnd = false
    private var isReady = false
    private var sawPlainHTTP = false

    /// The client's side, which verifies that the peer is `host`.
    convenience init(client: TLSClient, host: String, descriptor: Int32) throws(TLSError) {
        try self.init(
            context: client.context, host: host, server: nil, descriptor: descriptor)
        SSL_set_connect_state(ssl)
        let isAddress = PeerAddress(numericHost: host, port: 0) != nil
        // RFC 6066 section 3: an address is no server name.
        var isSet = isAddress || COpenSSL_set_server_name(ssl, host) == 1
        if client.verifies {
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            let verified =
                isAddress
                ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                : SSL_set1_host(ssl, host)
            isSet = isSet && verified == 1
        }
        guard isSet else { throw .library("\(host) cannot be a server's name") }
    }

    /// The server's side.
    convenience init(server: TLSServer, descriptor: Int32) throws(TLSError) {
        try self.init(
            context: server.context, host: nil, server: server, descriptor: descriptor)
        SSL_set_accept_state(ssl)
    }

    private init(
        context: OpaquePointer, host: String?, server: TLSServer?, descriptor: Int32
    ) throws(TLSError) {
        ERR_clear_error()
        guard let ssl = SSL_new(context) else { throw .library(TLSError.lastWords()) }
        self.ssl = ssl
        self.host = host
        self.server = server
        self.descriptor = descriptor
        guard let method = SocketStream.method, let stream = BIO_new(method) else {
            throw .library(TLSError.lastWords())
        }
        BIO_set_data(stream, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(stream, 1)
        SSL_set_bio(ssl, stream, stream)
    }

    deinit { SSL_free(ssl) }

    /// Bytes of finished records that the socket has not taken yet.
    var pending: Int { unsent.count }

    /// Whether this is the side that was called.
    var isServer: Bool { server != nil }

    /// Tells a peer whose handshake failed what there is to tell it, as far as the socket takes it.
    func sayRefusal() {
        guard flush() == nil, unsent.isEmpty, sawPlainHTTP, let server else { return }
        _ = server.plainAnswer.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, sendFlags)
        }
    }

    /// Does the next step of the handshake.
    func shakeHands() -> Outcome {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result == 1 else { return outcome(of: result) }
        isReady = true
        return .done(0)
    }

    /// Reads at most one record's bytes; `buffer` must have room for a full one.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        ERR_clear_error()
        let count = SSL_read(ssl, buffer.baseAddress, Int32(buffer.count))
        return count > 0 ? .done(Int(count)) : outcome(of: count)
    }

    /// Encrypts at most one record's bytes; call it only while nothing is `pending`.
    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        ERR_clear_error()
        let count = SSL_write(ssl, bytes.baseAddress, Int32(min(bytes.count, Self.unsentLimit)))
        return count > 0 ? .done(Int(count)) : outcome(of: count)
    }

    /// Gives the socket what is pending; `nil`, or why the link is over.
    func flush() -> LinkEnd? {
        guard !unsent.isEmpty else { return nil }
        let sent = unsent.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, sendFlags) }
        if sent < 0 {
            let error = SystemError.last("send")
            return error.code == EAGAIN || error.code == EINTR ? nil : .failed(error)
        }
        unsent.removeFirst(sent)
        if unsent.isEmpty { unsent = [] }
        return nil
    }

    /// Tells the peer that no more comes (`close_notify`), as far as the socket takes it now.
    func sayGoodbye() {
        guard isReady, trouble == nil, unsent.isEmpty else { return }
        ERR_clear_error()
        _ = SSL_shutdown(ssl)
    }

    private func outcome(of result: Int32) -> Outcome {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .again
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: break
        }
        if let trouble { return .failed(trouble) }
        if sawEnd {
            // A browser leaves without a word; of a server that would hide a cut answer.
            if isReady, host == nil { return .closed }
            let moment = isReady ? "without saying so (close_notify)" : "during the TLS handshake"
            return .failed(.tls("the peer ended the connection \(moment)"))
        }
        let end = LinkEnd.tls(words())
        trouble = end
        return .failed(end)
    }

    private func words() -> String {
        let code = Int32(truncatingIfNeeded: SSL_get_verify_result(ssl))
        if let host, code != X509_V_OK { return TLSVerification.words(code: code, host: host) }
        sawPlainHTTP = TLSError.lastIsPlainHTTP()
        let reason = TLSError.lastWords()
        return isReady ? "TLS failed: \(reason)" : "the TLS handshake failed: \(reason)"
    }
}

extension TLSSession {
    /// OpenSSL has records to send: all are taken, whatever the socket takes now.
    fileprivate func sends(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        var sent = 0
        if unsent.isEmpty {
            sent = send(descriptor, bytes.baseAddress, bytes.count, sendFlags)
            if sent < 0 {
                let error = SystemError.last("send")
                guard error.code == EAGAIN || error.code == EINTR else {
                    trouble = .failed(error)
                    return -1
                }
                sent = 0
            }
        }
        if sent < bytes.count {
            guard unsent.count + bytes.count - sent <= Self.unsentLimit else {
                trouble = .overflow
                return -1
            }
            unsent += bytes[sent...]
        }
        return Int32(bytes.count)
    }

    /// OpenSSL wants bytes: how many came, 0 at the end, or -1 and whether to ask again.
    fileprivate func receives(
        _ buffer: UnsafeMutableRawBufferPointer
    ) -> (count: Int32, again: Bool) {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(0))
        if count > 0 { return (Int32(count), false) }
        if count == 0 {
            sawEnd = true
            return (0, false)
        }
        let error = SystemError.last("recv")
        if error.code == EAGAIN || error.code == EINTR { return (-1, true) }
        trouble = .failed(error)
        return (-1, false)
    }

    fileprivate var isAtEnd: Bool { sawEnd }
}

private let sendFlags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)

/// The way from OpenSSL back to the session that owns the socket (BIO_meth_new(3)).
private enum SocketStream {
    // Written once, by whoever asks first (a static is made under a lock), and only read afterwards.
    nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "link") else {
            return nil
        }
        BIO_meth_set_write(method) { stream, bytes, count in
            guard let session = session(of: stream), count > 0 else { return -1 }
            BIO_clear_flags(stream, retryFlags)
            return session.sends(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        }
        BIO_meth_set_read(method) { stream, buffer, count in
            guard let session = session(of: stream), count > 0 else { return -1 }
            BIO_clear_flags(stream, retryFlags)
            let (received, again) = session.receives(
                UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)))
            if again { BIO_set_flags(stream, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) }
            return received
        }
        BIO_meth_set_ctrl(method) { stream, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1
            case BIO_CTRL_EOF: session(of: stream)?.isAtEnd == true ? 1 : 0
            default: 0
            }
        }
        return method
    }()

    private static let retryFlags =
        BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY

    private static func session(of stream: OpaquePointer?) -> TLSSession? {
        BIO_get_data(stream).map { Unmanaged<TLSSession>.fromOpaque($0).takeUnretainedValue() }
    }
}
