// SPDX-License-Identifier: MIT
package final class TLSServer {
    package init(certificateFile: String, keyFile: String) throws(TLSError) {}
}
