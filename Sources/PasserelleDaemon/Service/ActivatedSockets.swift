// SPDX-License-Identifier: MIT

import PasserelleConfiguration
import PasserelleLog
package import PasserelleNet

/// The sockets passed by systemd, by service.
///
/// They are identified by name (`FileDescriptorName=`), not by order, which differs from one start
/// to the next. Several sockets may have the same name.
package struct ActivatedSockets: Equatable, Sendable {
    /// A descriptor as passed by systemd.
    package struct Passed: Equatable, Sendable {
        package var descriptor: Int32
        package var name: String
        package var kind: DescriptorKind
        /// True if the process before this one handed it over, and not systemd.
        package var isHandedOver = false
        /// The file that its listener removes at the end, if that process had bound one.
        package var file: String?
    }

    /// A listening socket.
    package struct Socket: Equatable, Sendable {
        package var descriptor: Int32
        package var address: ListenAddress
        /// See `Passed`.
        package var isHandedOver = false
        package var file: String?
    }

    /// Listeners for readers; they replace the configured ones.
    package private(set) var http: [Socket] = []
    /// Listeners for operators; they replace the configured ones.
    package private(set) var admin: [Socket] = []
    /// Listeners for the line protocol; they replace the configured one.
    package private(set) var ipc: [Socket] = []

    /// No sockets.
    package init() {}

    /// Sorts the descriptors passed, or throws at the first one that must not be served.
    ///
    /// If `isUnchecked`, a socket for readers must not be reachable from other hosts. A socket
    /// for operators must not be either, unless `isAdminOpen`.
    package init(
        _ passed: [Passed], isUnchecked: Bool = false, isAdminOpen: Bool = false
    ) throws(Refusal) {
        for each in passed {
            guard case .listener(let address) = each.kind else {
                throw Refusal(each, .notListening)
            }
            let socket = Socket(
                descriptor: each.descriptor, address: address, isHandedOver: each.isHandedOver,
                file: each.file)
            switch each.name {
            case "http":
                guard !isUnchecked || address.isLoopback else {
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
    /// Why a descriptor is refused, as a sentence with the remedy.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        /// The reason of a refusal.
        package enum Reason: Equatable {
            case notListening, notUnix, adminOpen, unknownName, openToAll
        }

        package let passed: Passed
        package let reason: Reason

        package init(_ passed: Passed, _ reason: Reason) {
            self.passed = passed
            self.reason = reason
        }

        package var description: String {
            let name = QuotedText.quoted(passed.name, limit: 60)
            return "systemd passed descriptor \(passed.descriptor), named \(name), which "
                + words
        }

        private var words: String {
            switch reason {
            case .notListening:
                "is \(kind), not a listening stream socket: use ListenStream= and Accept=no in the"
                    + " socket unit"
            case .notUnix:
                "is not a Unix socket: the line protocol is for this host only; set ListenStream="
                    + " to a path"
            case .adminOpen:
                "other hosts can reach without authentication: set ListenStream= to a loopback"
                    + " address or a path, or set \(VariableName.adminOpen)=yes"
            case .unknownName:
                "is not a known name: set FileDescriptorName=http, admin or ipc in the socket"
                    + " unit"
            case .openToAll:
                "other hosts can reach, and with \(VariableName.auth)=none they can read every"
                    + " channel: set ListenStream= to a loopback address or a path"
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
