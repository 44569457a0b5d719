// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// Runs a conformance suite's cases, one connection each, then requests the report.
final class EchoCases {
    private let base: String
    private let agent: String
    private let loop: EventLoop
    private var count = 0
    private var current: EchoConnection?
    private let onEnd: (String?) -> Void

    /// Prepares to run the cases at `base`; `onEnd` is called at the end, with the failure if any.
    init(base: String, agent: String, loop: EventLoop, onEnd: @escaping (String?) -> Void) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.agent = HTTPTarget.encode(agent)
        self.loop = loop
        self.onEnd = onEnd
    }

    /// Requests the number of cases, and runs them all.
    func start() {
        connect("/getCaseCount") { [weak self] failure in
            guard let self else { return }
            guard failure == nil, count > 0 else {
                return onEnd(failure ?? "the suite did not report the number of cases")
            }
            run(1)
        }
        current?.onText = { [weak self] text in
            self?.count = Int(String(decoding: text, as: UTF8.self)) ?? 0
        }
    }

    private func run(_ number: Int) {
        guard number <= count else {
            return connect("/updateReports?agent=\(agent)") { [weak self] in self?.onEnd($0) }
        }
        connect("/runCase?case=\(number)&agent=\(agent)") { [weak self] failure in
            if let failure { print("case \(number): \(failure)") }
            self?.run(number + 1)
        }
    }

    private func connect(_ path: String, then next: @escaping (String?) -> Void) {
        guard let target = EchoTarget(base + path) else { return onEnd("\(base) is not a URL") }
        do {
            current = try EchoConnection(connecting: target, loop: loop)
            current?.onEnd = next
        } catch {
            onEnd("\(error)")
        }
    }
}
