// SPDX-License-Identifier: MIT

import CLinux
import COpenSSL
import Glibc

/// The TLS state of one link: an OpenSSL session that reads and writes the socket directly.
///
/// OpenSSL's own buffers stay empty. If the socket does not take a whole record, the rest waits in
/// `unsent`. So encrypted bytes count as written, and the caller may continue with any other bytes.
/// The link owns the session and the socket.
final class TLSSession {
    /// The outcome of a read, a write or a handshake step.
    enum Outcome {
        /// The number of plain bytes, or a finished handshake.
        case done(Int)
        /// The socket is not ready; try again when it is.
        case again
        /// The peer ended the stream with `close_notify`, or a client just closed the connection.
        case closed
        /// The link has ended.
        case failed(LinkEnd)
    }

    /// Plain bytes of one full record (RFC 8446 section 5.1).
    static let recordBytes = 16_384

    /// Bytes of records that may wait for the socket: one full record and the handshake's messages.
    ///
    /// Ends the link of a peer that provokes answers and never reads them.
    static let unsentLimit = 65_536

    private let ssl: OpaquePointer
    private let descriptor: Int32
    private let host: String?
    private let server: TLSServer?
    private var unsent: [UInt8] = []
    private var failure: LinkEnd?
    private var sawEnd = false
    private var isReady = false
    private var sawPlainHTTP = false

    /// Creates the client's side, which verifies that the peer is `host`.
    convenience init(client: TLSClient, host: String, descriptor: Int32) throws(TLSError) {
        try self.init(
            context: client.context, host: host, server: nil, descriptor: descriptor)
        SSL_set_connect_state(ssl)
        let isAddress = PeerAddress(numericHost: host, port: 0) != nil
        // RFC 6066 section 3: SNI takes no IP addresses.
        var isSet = isAddress || COpenSSL_set_server_name(ssl, host) == 1
        if client.verifies {
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            let verified =
                isAddress
                ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
                : SSL_set1_host(ssl, host)
            isSet = isSet && verified == 1
        }
        guard isSet else { throw .library("\(host) is not a valid server name") }
    }

    /// Creates the server's side.
    convenience init(server: TLSServer, descriptor: Int32) throws(TLSError) {
        try self.init(
            context: server.context, host: nil, server: server, descriptor: descriptor)
        SSL_set_accept_state(ssl)
    }

    private init(
        context: OpaquePointer, host: String?, server: TLSServer?, descriptor: Int32
    ) throws(TLSError) {
        ERR_clear_error()
        guard let ssl = SSL_new(context) else { throw .library(TLSError.takeLastReason()) }
        self.ssl = ssl
        self.host = host
        self.server = server
        self.descriptor = descriptor
        guard let method = SocketStream.method, let stream = BIO_new(method) else {
            throw .library(TLSError.takeLastReason())
        }
        BIO_set_data(stream, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(stream, 1)
        SSL_set_bio(ssl, stream, stream)
    }

    deinit { SSL_free(ssl) }

    /// Bytes of finished records that the socket has not taken yet.
    var pending: Int { unsent.count }

    /// True if this is the accepting side.
    var isServer: Bool { server != nil }

    /// Sends the plain answer to a peer that sent plain HTTP, as far as the socket takes it.
    func sendRefusal() {
        guard flush() == nil, unsent.isEmpty, sawPlainHTTP, let server else { return }
        _ = server.plainAnswer.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, sendFlags)
        }
    }

    /// Performs the next step of the handshake.
    func doHandshake() -> Outcome {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result == 1 else { return outcome(of: result) }
        isReady = true
        return .done(0)
    }

    /// Reads at most one record; `buffer` must have room for a full one.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        ERR_clear_error()
        let count = SSL_read(ssl, buffer.baseAddress, Int32(buffer.count))
        return count > 0 ? .done(Int(count)) : outcome(of: count)
    }

    /// Encrypts at most one record; must only be called while `pending` is 0.
    func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        ERR_clear_error()
        let count = SSL_write(ssl, bytes.baseAddress, Int32(min(bytes.count, Self.recordBytes)))
        return count > 0 ? .done(Int(count)) : outcome(of: count)
    }

    /// Sends pending records; returns an error if the link has ended, otherwise `nil`.
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

    /// Sends `close_notify`, as far as the socket takes it now.
    func sendCloseNotify() {
        guard isReady, failure == nil, unsent.isEmpty else { return }
        ERR_clear_error()
        _ = SSL_shutdown(ssl)
    }

    private func outcome(of result: Int32) -> Outcome {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .again
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: break
        }
        if let failure { return .failed(failure) }
        if sawEnd {
            // A browser may omit close_notify. From a server, that could hide a truncated answer.
            if isReady, host == nil { return .closed }
            let moment = isReady ? "without close_notify" : "during the TLS handshake"
            return .failed(.tls("the peer ended the connection \(moment)"))
        }
        let end = LinkEnd.tls(words())
        failure = end
        return .failed(end)
    }

    private func words() -> String {
        let code = Int32(truncatingIfNeeded: SSL_get_verify_result(ssl))
        if let host, code != X509_V_OK { return Self.refusal(code: code, host: host) }
        sawPlainHTTP = TLSError.lastIsPlainHTTP()
        let reason = TLSError.takeLastReason()
        return isReady ? "TLS failed: \(reason)" : "the TLS handshake failed: \(reason)"
    }
}

extension TLSSession {
    /// Takes all records from OpenSSL; those that the socket does not take now wait in `unsent`.
    fileprivate func sendRecords(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        var sent = 0
        if unsent.isEmpty {
            sent = send(descriptor, bytes.baseAddress, bytes.count, sendFlags)
            if sent < 0 {
                let error = SystemError.last("send")
                guard error.code == EAGAIN || error.code == EINTR else {
                    failure = .failed(error)
                    return -1
                }
                sent = 0
            }
        }
        if sent < bytes.count {
            guard unsent.count + bytes.count - sent <= Self.unsentLimit else {
                failure = .overflow
                return -1
            }
            unsent += bytes[sent...]
        }
        return Int32(bytes.count)
    }

    /// Reads for OpenSSL; returns the count (0: end, -1: error) and whether to retry.
    fileprivate func receiveRecords(
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
        failure = .failed(error)
        return (-1, false)
    }

    fileprivate var isAtEnd: Bool { sawEnd }
}

private let sendFlags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)

/// The BIO method by which OpenSSL calls the session that owns the socket (BIO_meth_new(3)).
private enum SocketStream {
    // Written once, at the first access (statics are made under a lock), then only read.
    nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "link") else {
            return nil
        }
        BIO_meth_set_write(method) { stream, bytes, count in
            guard let session = session(of: stream), count > 0 else { return -1 }
            BIO_clear_flags(stream, retryFlags)
            return session.sendRecords(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        }
        BIO_meth_set_read(method) { stream, buffer, count in
            guard let session = session(of: stream), count > 0 else { return -1 }
            BIO_clear_flags(stream, retryFlags)
            let (received, again) = session.receiveRecords(
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

extension TLSSession {
    /// Returns one clause for a verification result (X509_STORE_CTX_get_error(3)) other than OK.
    fileprivate static func refusal(code: Int32, host: String) -> String {
        switch code {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            "the server's certificate is for another name than \(host)"
        case X509_V_ERR_CERT_HAS_EXPIRED:
            "the server's certificate or one of its issuers has expired"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            "the server's certificate or one of its issuers is not valid yet"
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
            "the server's certificate is untrusted: it is not signed by a trusted authority"
        default:
            "the server's certificate is refused: "
                + String(cString: X509_verify_cert_error_string(Int(code)))
        }
    }
}
