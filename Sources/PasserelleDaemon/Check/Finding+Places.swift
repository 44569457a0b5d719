// SPDX-License-Identifier: MIT

import Glibc
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// What this machine has for a gateway.
extension Finding {
    /// Descriptors below which an ordinary day can run out of them.
    static let fewDescriptors = 4_096

    /// Whether a gateway could keep its logs; takes the directory for a moment, where it is there.
    static func stateDirectory(_ path: String?) -> Finding {
        let check = "state"
        guard let path else {
            return .ok(check, "PASSERELLE_STATE_DIR", "none: a restart forgets, and says so")
        }
        guard access(path, F_OK) == 0 else {
            return place(check, path, missing: "not there yet; the gateway makes it")
        }
        do throws(FolderError) {
            _ = try OwnedFolder(path: path)
            return .ok(check, path, "can be written")
        } catch .inUse {
            return .ok(check, path, "in use, by a gateway that runs")
        } catch {
            return .failed(
                check, path, "\(error)",
                do: "run this as the user that the gateway runs as: if"
                    + " it still fails, change the directory")
        }
    }

    /// Whether a gateway could listen on its Unix socket, or one does.
    static func unixSocket(_ path: String) -> Finding {
        let check = "socket"
        do throws(GatewayUnreachable) {
            _ = try GatewayConnection(path: path)
            return .ok(check, path, "somebody listens: a gateway that runs")
        } catch {
            guard case .connect(_, let code) = error else {
                return .failed(check, path, error.message, do: "name another with PASSERELLE_IPC")
            }
            switch code {
            case ENOENT: return place(check, path, missing: "free; the gateway makes it")
            case ECONNREFUSED:
                return place(check, path, missing: "left by a gateway that ended; it is replaced")
            default:
                return .failed(
                    check, path, FileFailure.refused(code).reason,
                    do: "run this as the user that the gateway runs as, or name another with"
                        + " PASSERELLE_IPC")
            }
        }
    }

    /// Whether a gateway could listen for operators, or one does; `isSaid` is whether somebody set
    /// the address, so that nothing starts without it.
    static func admin(
        _ result: Result<HTTPResponse, HTTPCallError>, at address: ListenAddress, isSaid: Bool
    ) -> Finding {
        let (check, tried) = ("admin", "\(address)")
        switch result {
        case .failure(.unreachable): return .ok(check, tried, "free; the gateway listens there")
        case .success(let response)
        where response.body.firstRange(of: Array("passerelle_upstream_".utf8)) != nil:
            return .ok(check, tried, "metrics are served: a gateway that runs")
        default:
            let remedy = "name another with PASSERELLE_ADMIN, or none"
            let words = "somebody else is there: "
            return isSaid
                ? .failed(check, tried, words + "nothing would start", do: remedy)
                : .warning(
                    check, tried, words + "neither console nor metrics would be served", do: remedy)
        }
    }

    /// Whether there are descriptors enough for many readers.
    static func descriptors(limit: Int) -> Finding {
        let tried = "open descriptors"
        guard limit < fewDescriptors else {
            return .ok("descriptors", tried, "\(limit) at most, one a reader")
        }
        return .warning(
            "descriptors", tried, "\(limit) at most, one a reader",
            do: "LimitNOFILE=65536 in the unit, or ulimit -n 65536 before the start")
    }

    /// What the application's auth route said to somebody who shows nothing.
    static func authRoute(_ answer: AuthRouteAnswer, at url: String) -> Finding {
        let tried = "POST \(url) without a cookie"
        switch answer {
        case .refused(let status):
            return .ok("auth", tried, "refused (\(status)), as it must be")
        case .admitted:
            return .failed(
                "auth", tried, "admitted: everybody is",
                do: "have the route check who asks before it signs")
        case .failed(let words):
            return .failed(
                "auth", tried, words,
                do: "check PASSERELLE_AUTH_ENDPOINT: the application's Channels auth route answers"
                    + " 200 with a signature, 401 or 403")
        }
    }

    /// Whether something could be made at a path that is not there.
    private static func place(_ check: String, _ path: String, missing words: String) -> Finding {
        var parent = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
            .joined(separator: "/")
        parent = path.hasPrefix("/") ? "/" + parent : (parent.isEmpty ? "." : parent)
        guard access(parent, W_OK | X_OK) == 0 else {
            let reason = FileFailure.refused(errno).reason
            return .failed(
                check, path, "cannot be made in \(parent): \(reason)",
                do: "make that directory, or run this as the user that the gateway runs as")
        }
        return .ok(check, path, words)
    }
}
