// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Services for `passerelle check`, which uses passes; by default there are no passes.
package struct CheckServices {
    /// Returns the answer to an echo request, or `nil` without a valid pass; `isBelieved` is true
    /// if the peer is a trusted proxy.
    package var echo: (_ request: HTTPRequest, _ isBelieved: Bool) -> HTTPResponse? = { _, _ in nil
    }
    /// Returns true if a pass allows an anonymous reader to read these channels.
    package var opens: (_ pass: String, _ channels: [String]) -> Bool = { _, _ in false }

    /// Creates services without passes.
    package init() {}
}
