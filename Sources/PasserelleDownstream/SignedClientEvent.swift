// SPDX-License-Identifier: MIT

/// A client event that is ready to be sent; its data names its user.
struct SignedClientEvent: Equatable {
    let name: String
    let data: [UInt8]
    let channel: String
    let userID: String
}
