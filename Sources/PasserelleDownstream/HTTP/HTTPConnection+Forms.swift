// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

extension HTTPConnection {
    /// The client's address: from a trusted proxy's header, otherwise the peer's.
    var from: PeerAddress { client ?? link.peer }
    /// True once no further request is accepted.
    var isDraining: Bool { service.isDraining }

    /// Adds the fields that depend on the request's origin and route.
    func addFields(to fields: inout HTTPFields) {
        if let crossOrigin { OriginRules.allow(crossOrigin, in: &fields) }
        if let vary { fields.set("Vary", vary) }
    }

    /// Answers the request with a refusal and continues with the next.
    func refuse(_ refusal: Refusal) {
        guard isAnswering else { return }
        context.tally.refused(refusal.word)
        context.quotas.reached(refusal.limit, by: from)
        context.services.refused(refusal.status, refusal.word, from)
        answer(
            takesStream && refusal.isTemporary ? refusal.streamResponse() : refusal.response)
    }
}

extension Refusal {
    /// The refusal of input that is not a valid request.
    init(_ error: HTTPError) {
        let limits: [Int: Limit] = [413: .bodyBytes, 431: .headerBytes]
        self.init(error.status, error.word, error.message, limit: limits[error.status])
    }
}

extension HTTPRequest {
    /// Refuses any type but JSON; a page of another origin cannot send that without a preflight.
    func requireJSON() throws(Refusal) {
        guard fields.hasContentType("application/json") else {
            throw Refusal(
                415, "bad-content-type", "This route takes Content-Type: application/json.")
        }
    }

    /// Refuses a request that a page of another site makes a browser send, for example for an
    /// image: it could not read the answer, but would count against a limit.
    func requireOwnPage(orRefuse message: String) throws(Refusal) {
        guard let site = fields.first("Sec-Fetch-Site")?.lowercased() else { return }
        guard ["same-origin", "none"].contains(site) else {
            throw Refusal(403, "forbidden", message)
        }
    }
}

extension HTTPError {
    /// The machine-readable code.
    fileprivate var word: String {
        switch status {
        case 413: "too-large"
        case 431: "head-too-large"
        case 501, 505: "not-supported"
        default: "bad-request"
        }
    }
}
