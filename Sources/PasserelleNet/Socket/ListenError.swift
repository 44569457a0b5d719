// SPDX-License-Identifier: MIT

/// Why nothing listens at an address.
package enum ListenError: Error, Equatable, Sendable {
    /// The system refused.
    case system(ListenAddress, SystemError)
    /// The system refused a descriptor that was handed over.
    case descriptor(Int32, SystemError)
    /// The host's name has no address; the resolver's words.
    case resolve(ListenAddress, String)
    /// Another process answers on the Unix socket.
    case inUse(path: String)
    /// Something that is no socket stands at the path; it is left alone.
    case notASocket(path: String)
    /// The path is longer than a Unix socket's can be.
    case longPath(bytes: Int, limit: Int)
    /// The descriptor handed over is no listening stream socket.
    case notListening(descriptor: Int32)
}

extension ListenError: CustomStringConvertible {
    /// One sentence without its full stop.
    package var description: String {
        switch self {
        case .system(let address, let error): "cannot listen on \(address): \(error)"
        case .descriptor(let number, let error): "cannot listen on descriptor \(number): \(error)"
        case .resolve(let address, let words): "cannot listen on \(address): \(words)"
        case .inUse(let path): "cannot listen on unix:\(path): another process answers there"
        case .notASocket(let path): "cannot listen on unix:\(path): what stands there is no socket"
        case .longPath(let bytes, let limit):
            "cannot listen: the socket's path has \(bytes) bytes, at most \(limit) fit"
        case .notListening(let descriptor):
            "descriptor \(descriptor) is no listening stream socket"
        }
    }
}
