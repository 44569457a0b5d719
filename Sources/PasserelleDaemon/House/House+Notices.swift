// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

extension House {
    /// The name of the notices' file in the state directory.
    static let noticesFile = "notices.jsonl"

    /// Builds offline notices, where there is a key for them.
    static func notices(
        _ configuration: Configuration, loop: EventLoop, hub: Hub, rest: ChannelsREST, log: Log,
        reads: @escaping (Attendee) -> Bool
    ) throws(StartError) -> Notices? {
        guard let key = configuration.notices.key else { return nil }
        let inngest = try Inngest(configuration, key: key)
        var rules = configuration.notices.rules
        rules.channels = configuration.channels
        rules.memberID = configuration.memberID
        var file: NoticeFile?
        var kept: [NoticeRecord] = []
        if let directory = configuration.stateDirectory {
            let path = "\(directory)/\(noticesFile)"
            kept = try records(path, log: log)
            file = NoticeFile(path: path, loop: loop)
            file?.failed = { failure in
                log.error(
                    "notices cannot be kept: after a restart the throttle begins anew",
                    ["file": path, "cause": "\(failure)"])
            }
        } else {
            log.warning("without PASSERELLE_STATE_DIR a restart forgets the notices that wait")
        }
        let notices = Notices(
            loop: loop, hub: hub, configuration: rules, inngest: inngest, store: file?.store,
            kept: kept, reads: reads
        ) { channel, done in
            rest.users(of: channel) { result in
                if case .failure(let error) = result {
                    log.debug("no users", ["channel": channel, "cause": "\(error)"])
                }
                done(try? result.get())
            }
        }
        notices.noted = { note, alike in Self.log(note, alike: alike, to: log) }
        return notices
    }

    private static func records(_ path: String, log: Log) throws(StartError) -> [NoticeRecord] {
        switch NoticeFile.read(path) {
        case .success(let (records, bad)):
            // A torn last line is what a loss of power leaves.
            if bad > 0 { log.warning("passed over damaged lines", ["file": path, "n": "\(bad)"]) }
            return records
        case .failure(let failure):
            throw StartError(
                description: "PASSERELLE_STATE_DIR: \(path) cannot be read (\(failure.reason))")
        }
    }

    private static func log(_ note: NoticeNote, alike: UInt64, to log: Log) {
        let more = "\(alike)"
        switch note {
        case .givenUp(let id, let channel, let cause):
            log.error(
                "a notice is given up" + Self.remedy(cause),
                ["notice": id, "channel": channel, "cause": "\(cause)", "more": more])
        case .failing(let cause):
            log.warning(
                "Inngest takes no notice now; tried again" + Self.remedy(cause),
                ["cause": "\(cause)"])
        case .recovered: log.info("Inngest takes notices again")
        case .unchecked(let channel):
            log.warning(
                "Channels does not say who is present; our own members decide while heard",
                ["channel": channel, "more": more])
        case .overflow(let limit):
            log.error("too many notices wait: new ones are dropped", ["limit": "\(limit)"])
        case .badRecipients(let channel):
            log.warning(
                "PASSERELLE_NOTICE_RECIPIENTS leads to no id and no list of ids: nobody is told",
                ["channel": channel, "more": more])
        case .noRecipients(let channel):
            log.warning(
                "PASSERELLE_NOTICE_RECIPIENTS leads nowhere in a message: all seen there are told",
                ["channel": channel, "more": more])
        }
    }

    /// What to do about it, as the end of a sentence; nothing where waiting is all there is.
    private static func remedy(_ cause: NoticeCause) -> String {
        guard case .status(let status) = cause else { return "" }
        return switch status {
        case 401, 403, 404: ": check PASSERELLE_INNGEST_KEY and PASSERELLE_INNGEST_URL"
        case 300..<400: ": PASSERELLE_INNGEST_URL leads elsewhere; set it to where that is"
        case 400, 406: ": Inngest refuses the event"
        case 413: ": the event is larger than Inngest's plan allows"
        default: ""
        }
    }
}

extension Inngest {
    /// What a key and the address need; reads the file of authorities, if one is named.
    fileprivate init(_ configuration: Configuration, key: Secret) throws(House.StartError) {
        let address = configuration.notices.address
        var tls: TLSClient?
        if address.isTLS {
            do {
                tls = try TLSClient(caFile: configuration.caFile)
            } catch {
                throw House.StartError(setting: "PASSERELLE_CA_FILE: \(error)")
            }
        }
        self.init(
            host: address.host, port: address.port, base: address.target, key: key.revealed,
            tls: tls,
            proxy: configuration.proxy(
                for: address.host, port: address.port, isTLS: address.isTLS))
    }
}
