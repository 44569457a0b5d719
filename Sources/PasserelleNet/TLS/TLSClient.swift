// SPDX-License-Identifier: MIT
package final class TLSClient {
    package init(caFile: String? = nil, verifies: Bool = true) throws(TLSError) {}
}
