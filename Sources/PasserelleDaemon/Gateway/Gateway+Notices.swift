// SPDX-License-Identifier: MIT

import PasserelleHTTP
package import PasserelleNotices
package import PasserelleConfiguration
package import PasserelleLog
package import PasserelleHub
package import PasserelleNet
package import PasserelleUpstream

extension Gateway {
    /// The name of the notice file in the state directory.
    package static let noticesFile = "notices.jsonl"

    /// Creates offline notices, if there is a key for Inngest.
    package static func notices(
        _ configuration: Configuration, loop: EventLoop, hub: Hub, rest: ChannelsREST, log: Log,
        reads: @escaping (ChannelUser) -> Bool
    ) throws(StartError) -> Notices? {
        guard let key = configuration.notices.key else { return nil }
        let inngest = try Inngest(configuration, key: key)
        var rules = configuration.notices.rules
        rules.channels = configuration.channels
        rules.memberID = configuration.memberID
        var file: RecordFile?
        var kept: [NoticeRecord] = []
        if let directory = configuration.stateDirectory {
            let path = "\(directory)/\(noticesFile)"
            kept = try StoredRecords.load(path, log: log, NoticeRecord.read).records
            file = RecordFile(path: path, loop: loop)
            file?.failed = { failure in
                log.error(
                    "notices cannot be stored: a restart resets the throttle",
                    ["file": path, "cause": "\(failure)"])
            }
        } else {
            log.warning("\(VariableName.stateDir) is not set: pending notices are lost on restart")
        }
        let notices = Notices(
            loop: loop, hub: hub, configuration: rules, inngest: inngest,
            store: file.map(NoticeStore.init),
            kept: kept, reads: reads
        ) { channel, done in
            rest.users(of: channel) { result in
                if case .failure(let error) = result {
                    log.debug("cannot list users", ["channel": channel, "cause": "\(error)"])
                }
                done(try? result.get())
            }
        }
        notices.onLog = { note, alike in Self.log(note, alike: alike, to: log) }
        return notices
    }

    private static func log(_ note: NoticeLogRecord, alike: UInt64, to log: Log) {
        let more = "\(alike)"
        switch note {
        case .givenUp(let id, let channel, let cause):
            log.error(
                "a notice is given up" + Self.remedy(cause),
                ["notice": id, "channel": channel, "cause": "\(cause)", "more": more])
        case .failing(let cause):
            log.warning(
                "Inngest does not accept notices; retrying" + Self.remedy(cause),
                ["cause": "\(cause)"])
        case .recovered: log.info("Inngest accepts notices again")
        case .unchecked(let channel):
            log.warning(
                "Channels does not list members; the gateway's list decides while subscribed",
                ["channel": channel, "more": more])
        case .overflow(let limit):
            log.error("too many pending notices: new ones are dropped", ["limit": "\(limit)"])
        case .badRecipients(let channel):
            log.warning(
                "\(VariableName.noticeRecipients) does not point to an id or a list of ids:"
                    + " no notice is sent",
                ["channel": channel, "more": more])
        case .noRecipients(let channel):
            log.warning(
                "\(VariableName.noticeRecipients) points to nothing in a message: all users"
                    + " seen on the channel are notified",
                ["channel": channel, "more": more])
        }
    }

    /// The remedy as the end of a sentence; empty if a retry is enough.
    private static func remedy(_ cause: NoticeCause) -> String {
        guard case .status(let status) = cause else { return "" }
        return switch status {
        case 401, 403, 404: ": check \(VariableName.inngestKey) and \(VariableName.inngestURL)"
        case 300..<400: ": \(VariableName.inngestURL) redirects; set it to the new URL"
        case 400, 406: ": Inngest refuses the event"
        case 413: ": the event is larger than Inngest's plan allows"
        default: ""
        }
    }
}

extension Inngest {
    /// Creates the client for a key; reads the file of authorities, if one is set.
    fileprivate init(_ configuration: Configuration, key: Secret) throws(StartError) {
        let address = configuration.notices.address
        self.init(
            url: address, key: key.revealed, tls: try configuration.tlsClient(isTLS: address.isTLS),
            proxy: configuration.proxy(
                for: address.host, port: address.port, isTLS: address.isTLS))
    }
}

extension NoticeStore {
    /// Creates a store in a file.
    package init(_ file: RecordFile) {
        self.init(
            append: { bytes, done in file.append(bytes) { _ in done() } },
            replace: { bytes in file.replace(bytes) { _ in } })
        wait = { file.wait(atMost: .seconds(1)) }
    }
}
