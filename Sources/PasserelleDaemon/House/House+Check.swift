// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleWire

extension CheckServices {
    /// What `passerelle check --public` is given: echoes of its requests, and the one channel that is
    /// its own; each by a pass that only a holder of the application's secret can make.
    init(_ configuration: Configuration, loop: EventLoop, log: Log) {
        self.init()
        let secret = configuration.application.secret.bytes
        let channel = CheckChannel.own(configuration.channels)
        let pass: (String) -> CheckPass? = { text in
            CheckPass(text, secret: secret, at: loop.wallMilliseconds / 1000)
        }
        echo = { request, isBelieved in
            let items = (try? HTTPTarget.decodeQuery(request.query ?? "")) ?? []
            let shown = items.filter { $0.name == CheckEcho.passItem }.map(\.value)
            guard shown.count == 1, let pass = pass(shown[0]) else { return nil }
            log.info("passerelle check looks in from outside")
            return .json(200, CheckEcho(request, pass: pass, isBelieved: isBelieved).json)
        }
        opens = { text, channels in
            channel.map { [$0] } == channels && pass(text) != nil
        }
    }
}
