// SPDX-License-Identifier: MIT

import PasserelleNet

/// The open test streams of `/diagnose`, and what test streams and polls share.
final class Diagnoses {
    let loop: EventLoop
    let stalls: StallWatch
    let quotas: Quotas
    private var streams: [ObjectIdentifier: DiagnoseStream] = [:]

    init(loop: EventLoop, stalls: StallWatch, quotas: Quotas) {
        self.loop = loop
        self.stalls = stalls
        self.quotas = quotas
    }

    /// The number of open streams.
    var streamCount: Int { streams.count }

    /// Opens a stream on a link; `account` is the address that it is counted for.
    func open(
        _ link: Link, head: [UInt8], isChunked: Bool, frames: DiagnoseFrames, account: PeerAddress?
    ) {
        let stream = DiagnoseStream(
            link: link, account: account, isChunked: isChunked, frames: frames, diagnoses: self)
        streams[ObjectIdentifier(stream)] = stream
        stream.begin(head: head)
    }

    func closed(_ stream: DiagnoseStream, _ account: PeerAddress?) {
        streams[ObjectIdentifier(stream)] = nil
        quotas.endedDiagnosis(of: account)
    }

    /// Ends every stream.
    func drain() {
        for stream in streams.values { stream.end() }
    }
}

/// A test of the page `/diagnose` that needs an answer of the gateway; the raw value is the last
/// segment of its path.
enum DiagnoseTest: String {
    /// An event stream of numbered frames.
    case stream
    /// An answer after some seconds.
    case poll
    /// The text in a POST's body.
    case echo
    /// An answer that sets a cookie.
    case cookie
    /// The cookie and the token that arrived.
    case fields
    /// The time, and a text that differs in each answer.
    case time

    /// The methods that the test accepts.
    var methods: [String] { self == .echo ? ["POST"] : HTTPRoute.reading }
}

/// A text of a client that an answer may repeat: lower-case letters and digits only, so that it
/// cannot be anything else to a browser or a proxy.
struct DiagnoseWord: Equatable {
    /// The longest text, in bytes.
    static let bytes = 256

    let text: String

    /// Returns `nil` for any other text.
    init?(_ text: some StringProtocol) {
        guard (1...Self.bytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        else { return nil }
        self.text = String(text)
    }
}

extension DiagnoseWord? {
    /// The text in JSON, or `null`.
    var json: String { map { "\"\($0.text)\"" } ?? "null" }
}
