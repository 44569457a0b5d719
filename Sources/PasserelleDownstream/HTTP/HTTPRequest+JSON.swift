// SPDX-License-Identifier: MIT

package import PasserelleWire

extension HTTPRequest {
    /// True if the request has one Content-Type, `application/json` with any parameters; a page of
    /// another origin cannot send that without a preflight.
    package var isJSON: Bool {
        let types = fields.all("Content-Type")
        guard types.count == 1, var media = types.first?.prefix(while: { $0 != ";" }) else {
            return false
        }
        while media.last == " " || media.last == "\t" { media.removeLast() }
        return media.lowercased() == "application/json"
    }
}
