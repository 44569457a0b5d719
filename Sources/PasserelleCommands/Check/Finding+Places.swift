// SPDX-License-Identifier: MIT

import PasserelleConfiguration
package import PasserelleHTTP
import PasserelleDaemon
import Glibc
package import PasserelleNet
package import PasserelleUpstream
package import PasserelleWire

/// Findings on this machine and on the application's auth route.
extension Finding {
    /// With a lower limit, a gateway can run out of descriptors in normal operation.
    package static let fewDescriptors = 4_096

    /// The finding on the state directory; locks the directory for a moment if it exists.
    package static func stateDirectory(_ path: String?) -> Finding {
        let check = "state"
        guard let path else {
            return .ok(check, VariableName.stateDir.rawValue, "not set: logs are lost on restart")
        }
        guard access(path, F_OK) == 0 else {
            return place(check, path, missing: "does not exist yet; the gateway creates it")
        }
        do throws(DirectoryError) {
            let directory = try OwnedDirectory(path: path)
            if let words = StateDirectory.fault(in: directory) {
                return .failed(check, path, words, do: "fix this, or the gateway does not start")
            }
            return .ok(check, path, "can be written")
        } catch .inUse {
            return .ok(check, path, "in use by a running gateway")
        } catch {
            return .failed(
                check, path, "\(error)",
                do: "run this check as the gateway's user: if it still fails, choose another"
                    + " directory")
        }
    }

    /// The finding on the Unix socket: whether a gateway could listen on it, or already does.
    package static func unixSocket(_ path: String) -> Finding {
        let check = "socket"
        do throws(GatewayUnreachable) {
            _ = try LineProtocolClient(path: path)
            return .ok(check, path, "in use by a running gateway")
        } catch {
            guard case .connect(_, let code) = error else {
                return .failed(check, path, error.message, do: "choose another \(VariableName.ipc)")
            }
            switch code {
            case ENOENT: return place(check, path, missing: "free; the gateway creates it")
            case ECONNREFUSED:
                if UnixSocketFile.isBound(path) {
                    return .failed(
                        check, path,
                        "bound by a process that does not listen: the gateway would not start",
                        do: "end that process, or choose another path with \(VariableName.ipc)")
                }
                return place(check, path, missing: "left by a stopped gateway; it is replaced")
            default:
                return .failed(
                    check, path, FileFailure.refused(code).reason,
                    do: "run this check as the gateway's user, or choose another path with"
                        + " \(VariableName.ipc)")
            }
        }
    }

    /// The finding on an admin address: whether a gateway could listen there, or already does; if
    /// `isExplicit`, the address was set explicitly, and the gateway does not start without it.
    package static func admin(
        _ result: Result<HTTPResponse, HTTPCallError>, at address: ListenAddress, isExplicit: Bool
    ) -> Finding {
        let (check, tried) = ("admin", "\(address)")
        switch result {
        case .failure(.unreachable): return .ok(check, tried, "free; the gateway will listen there")
        case .success(let response)
        where response.body.firstRange(of: Array("passerelle_upstream_".utf8)) != nil:
            return .ok(check, tried, "a running gateway serves metrics")
        default:
            let remedy = "choose another address with \(VariableName.admin), or none"
            let words = "in use by another process: "
            return isExplicit
                ? .failed(check, tried, words + "the gateway would not start", do: remedy)
                : .warning(
                    check, tried, words + "neither console nor metrics would be served", do: remedy)
        }
    }

    /// The finding on the limit of open descriptors.
    package static func descriptors(limit: Int) -> Finding {
        let tried = "open descriptors"
        guard limit < fewDescriptors else {
            return .ok("descriptors", tried, "at most \(limit), one per reader")
        }
        return .warning(
            "descriptors", tried, "at most \(limit), one per reader",
            do: "set LimitNOFILE=65536 in the unit, or ulimit -n 65536 before the start")
    }

    /// The finding on the auth route's answer to a request without credentials.
    package static func authRoute(
        _ answer: AuthRouteAnswer, at url: String, redirectedTo location: String? = nil
    ) -> Finding {
        let tried = "POST \(withoutQuery(url)) without a cookie"
        switch answer {
        case .refused(let status):
            let isMoved = location.map { isSamePath(url, $0) } ?? false
            return refusal(status, tried, isMoved: isMoved)
        case .admitted:
            return .failed(
                "auth", tried, "admitted without credentials",
                do: "make the route check the user before it signs")
        case .failed(let words):
            return .failed(
                "auth", tried, words,
                do: "check \(VariableName.authEndpoint): the application's Channels auth route"
                    + " answers 200 with a signature, 401 or 403")
        }
    }

    /// The finding on a refusal; only 401, 403 and a redirect to a login page (302, 303, 307) are
    /// certainly about the user.
    private static func refusal(_ status: Int, _ tried: String, isMoved: Bool) -> Finding {
        let check = "auth"
        switch status {
        case 401, 403: return .ok(check, tried, "refused (\(status)), as expected")
        case 302 where !isMoved, 303 where !isMoved, 307 where !isMoved:
            return .ok(
                check, tried, "redirected (\(status)), which counts as a refusal: readers get 403")
        case 300..<400:
            return .failed(
                check, tried,
                "redirected (\(status)), which is not followed: no reader is admitted",
                do: "set \(VariableName.authEndpoint) to the URL that the route redirects to:"
                    + " compare the scheme, the host, and a trailing slash")
        case 419:
            return .warning(
                check, tried, "answered 419, which counts as a refusal: readers get 403",
                do: "exempt the route from the framework's CSRF check")
        default:
            return .warning(
                check, tried, "answered \(status), which counts as a refusal: readers get 403",
                do: "check whether the route answers this to every request: the body is a form"
                    + " with socket_id and channel_name; a refusal should be 401 or 403")
        }
    }

    /// The URL without its query, which may be secret.
    private static func withoutQuery(_ url: String) -> String {
        url.firstIndex(of: "?").map { String(url[...$0]) + "…" } ?? url
    }

    /// True if a redirect leads to the same path, apart from a trailing slash: to another scheme or
    /// host, but not to a login page.
    private static func isSamePath(_ url: String, _ location: String) -> Bool {
        func path(_ text: String) -> Substring {
            var rest = text.prefix { $0 != "?" && $0 != "#" }
            if let authority = rest.firstRange(of: "//") {
                rest = rest[authority.upperBound...].drop { $0 != "/" }
            }
            while rest.last == "/" { rest.removeLast() }
            return rest
        }
        return path(url) == path(location)
    }

    /// The finding if the auth route refused the call as forged by another site.
    ///
    /// A route that checks origins admits no reader. A route that requires a CSRF token may admit
    /// readers if their pages send it; a check has no token.
    package static func authRoute(
        at url: String, refusesAsForged refusal: ForgeryRefusal, from origin: String, _ status: Int
    ) -> Finding {
        let tried = "POST \(withoutQuery(url)) with Origin: \(origin)"
        switch refusal {
        case .origin:
            return .failed(
                "auth", tried, "refused (\(status)) because of its Origin: no reader is admitted",
                do: refusal.remedy)
        case .token:
            return .warning(
                "auth", tried,
                "refused (\(status)) for lack of a CSRF token or because of its Origin",
                do: refusal.remedy)
        }
    }

    /// The finding on a path that does not exist: whether it could be created.
    private static func place(_ check: String, _ path: String, missing words: String) -> Finding {
        var parent = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
            .joined(separator: "/")
        parent = path.hasPrefix("/") ? "/" + parent : (parent.isEmpty ? "." : parent)
        guard access(parent, W_OK | X_OK) == 0 else {
            let reason = FileFailure.refused(errno).reason
            return .failed(
                check, path, "cannot be created in \(parent): \(reason)",
                do: "create that directory, or run this check as the gateway's user")
        }
        return .ok(check, path, words)
    }
}
