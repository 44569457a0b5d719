// SPDX-License-Identifier: MIT

import PasserelleNet

/// The sockets that systemd listens on for us, by what is served on them.
///
/// They are told apart by their names (`FileDescriptorName=`), never by their order, which
/// differs from one start to the next. Any number may have one name.
struct ActivatedSockets: Equatable, Sendable {
    /// One descriptor as systemd passes it.
    struct Passed: Equatable, Sendable {
        var descriptor: Int32
        var name: String
        var kind: DescriptorKind
    }

    /// One socket that listens.
    struct Socket: Equatable, Sendable {
        var descriptor: Int32
        var address: ListenAddress
    }

    /// Where readers are served; they stand in the place of `PASSERELLE_HTTP`.
    private(set) var http: [Socket] = []
    /// Where operators are served; they stand in the place of `PASSERELLE_ADMIN`.
    private(set) var admin: [Socket] = []
    /// Where the line protocol is spoken; they stand in the place of `PASSERELLE_IPC`.
    private(set) var ipc: [Socket] = []

    /// No sockets.
    init() {}

    /// Sorts what was passed, or throws at the first descriptor that we could not serve as meant.
    ///
    /// With `admitsAnybody`, a socket for readers that other hosts can reach is refused too; one for
    /// operators is, but with `isAdminOpen`.
    init(
        _ passed: [Passed], admitsAnybody: Bool = false, isAdminOpen: Bool = false
    ) throws(Refusal) {
        for each in passed {
            guard case .listener(let address) = each.kind else {
                throw Refusal(each, .notListening)
            }
            let socket = Socket(descriptor: each.descriptor, address: address)
            switch each.name {
            case "http":
                guard !admitsAnybody || address.isLoopback else {
                    throw Refusal(each, .openToAll)
                }
                http.append(socket)
            case "ipc":
                guard case .unix = address else { throw Refusal(each, .notUnix) }
                ipc.append(socket)
            case "admin":
                guard isAdminOpen || address.isLoopback else { throw Refusal(each, .adminOpen) }
                admin.append(socket)
            default: throw Refusal(each, .unknownName)
            }
        }
    }
}

extension ActivatedSockets {
    /// Why a descriptor is not served, in one sentence that says what to change.
    struct Refusal: Error, Equatable, CustomStringConvertible {
        /// What is wrong.
        enum Reason: Equatable { case notListening, notUnix, adminOpen, unknownName, openToAll }

        let passed: Passed
        let reason: Reason

        init(_ passed: Passed, _ reason: Reason) {
            self.passed = passed
            self.reason = reason
        }

        var description: String {
            let name = QuotedText.quoted(passed.name, limit: 60)
            return "systemd passed descriptor \(passed.descriptor), named \(name), which "
                + words
        }

        private var words: String {
            switch reason {
            case .notListening:
                "is \(kind), not a listening stream socket: the socket unit takes ListenStream="
                    + " and Accept=no"
            case .notUnix:
                "is no Unix socket: the line protocol is for this host alone, so its ListenStream="
                    + " is a path"
            case .adminOpen:
                "other hosts can reach, and nobody is asked who they are there: its ListenStream="
                    + " is a loopback address or a path, unless PASSERELLE_ADMIN_OPEN=yes"
            case .unknownName:
                "is no name of ours: set FileDescriptorName=http, admin or ipc in the socket"
                    + " unit"
            case .openToAll:
                "other hosts can reach, and PASSERELLE_AUTH=none would let everybody there read"
                    + " every channel: its ListenStream= is a loopback address or a path"
            }
        }

        private var kind: String {
            switch passed.kind {
            case .listener: "a listener"
            case .connection: "a connection"
            case .datagrams: "a datagram socket"
            case .otherFamily: "a socket of another family"
            case .noSocket: "no socket"
            }
        }
    }
}
