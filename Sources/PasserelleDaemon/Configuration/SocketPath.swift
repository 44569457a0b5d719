// SPDX-License-Identifier: MIT

/// Where the line protocol's socket is when nobody says it.
enum SocketPath {
    private static let file = "passerelle.sock"

    /// Where a gateway puts it: `$RUNTIME_DIRECTORY` (the first, where systemd gives several), else
    /// `$XDG_RUNTIME_DIR`, else `/run` for root; for the demo, at last, the temporary directory.
    static func ofGateway(_ surroundings: Surroundings, isDemo: Bool) -> String? {
        if let directories = surroundings.value("RUNTIME_DIRECTORY"),
            let first = directories.split(separator: ":").first
        {
            return "\(first)/\(file)"
        }
        if let directory = surroundings.value("XDG_RUNTIME_DIR") { return "\(directory)/\(file)" }
        if surroundings.ownUserID == 0 { return "/run/\(file)" }
        let temporary = surroundings.value("TMPDIR") ?? "/tmp"
        return isDemo ? "\(temporary)/passerelle-demo-\(surroundings.ownUserID).sock" : nil
    }

    /// Where a client looks: the first place of a gateway's that exists, else the likeliest.
    static func ofClient(_ surroundings: Surroundings) -> String {
        let likeliest = ofGateway(surroundings, isDemo: false)
        let places = [likeliest, "/run/passerelle/\(file)", "/run/\(file)"].compactMap(\.self)
        return places.first(where: surroundings.exists) ?? places[0]
    }
}
