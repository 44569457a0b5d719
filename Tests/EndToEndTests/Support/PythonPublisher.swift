// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleWire

/// PyPI `pusher`, which publishes the events that it receives as lines.
final class PythonPublisher {
    private let process: Subprocess
    private let fixture: EndToEndFixture
    private var count = 0

    init(_ fixture: EndToEndFixture, port: Int) throws {
        self.fixture = fixture
        process = try Subprocess(
            Subprocess.python(),
            [
                Subprocess.client("publish.py"), "127.0.0.1", "\(port)", SandboxProcess.appID,
                SandboxProcess.key, SandboxProcess.secret,
            ])
    }

    /// Publishes and waits until Channels has accepted the event.
    func publish(_ channel: String, _ event: String, _ data: String) throws {
        var line = Array("[".utf8)
        JSONWriter.string(channel, into: &line)
        line += Array(",".utf8)
        JSONWriter.string(event, into: &line)
        line += Array(",".utf8)
        JSONWriter.string(data, into: &line)
        line += Array("]\n".utf8)
        process.write(String(decoding: line, as: UTF8.self))
        count += 1
        try fixture.wait(for: "pusher's answer") { answers.count >= count || process.hasEnded }
        guard answers.count == count, answers.last == "ok" else {
            throw TestFailure("pusher answered \(answers.last ?? "nothing"): \(process.errors)")
        }
    }

    private var answers: [Substring] { process.output.split(separator: "\n") }
}
