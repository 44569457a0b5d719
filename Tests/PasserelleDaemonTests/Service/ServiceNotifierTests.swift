// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

@testable import PasserelleDaemon

struct ServiceNotifierTests {
    private func facts(
        tried: Bool = true, _ upstream: String = "connected", readers: Int = 0, channels: Int = 0,
        lag: Duration = .zero
    ) -> ServiceNotifier.Facts {
        ServiceNotifier.Facts(
            wasTried: tried, upstream: upstream, readers: readers, channels: channels, lag: lag)
    }

    @Test func `ready is sent once, after the first attempt to reach Channels`() {
        var announcer = ServiceNotifier(watchdog: nil)
        #expect(
            announcer.turned(at: .zero) { facts(tried: false, "connecting") }
                == "STATUS=Listening; Channels is connecting")
        #expect(announcer.turned(at: .milliseconds(1)) { facts(tried: false, "connecting") } == nil)
        #expect(
            announcer.turned(at: .milliseconds(2)) { facts() }
                == "READY=1\nSTATUS=Channels connected; 0 readers on 0 channels")
        #expect(announcer.turned(at: .seconds(10)) { facts() } == nil)
    }

    @Test func `the status is updated at most once a second`() {
        var announcer = ServiceNotifier(watchdog: nil)
        _ = announcer.turned(at: .zero) { facts() }
        let busy = { facts(readers: 1, channels: 2, lag: .milliseconds(2_900)) }
        #expect(announcer.turned(at: .milliseconds(999), busy) == nil)
        #expect(
            announcer.turned(at: .seconds(1), busy)
                == "STATUS=Channels connected; 1 reader on 2 channels; the journal is 2 s behind")
        #expect(
            announcer.turned(at: .seconds(2)) { facts(readers: 1, channels: 2) }
                == "STATUS=Channels connected; 1 reader on 2 channels")
    }

    @Test func `the watchdog is notified twice per interval, only by turns`() {
        var announcer = ServiceNotifier(watchdog: .milliseconds(600))
        #expect(announcer.interval == .milliseconds(300))
        var fed: [Int] = []
        for time in stride(from: 0, through: 1_000, by: 50) {
            let text = announcer.turned(at: .milliseconds(time)) { facts() }
            if text?.split(separator: "\n").contains("WATCHDOG=1") == true { fed.append(time) }
        }
        #expect(fed == [0, 300, 600, 900])
        // A late turn notifies it at once; the next notification is due half an interval later.
        #expect(announcer.turned(at: .seconds(5)) { facts() } == "WATCHDOG=1")
        #expect(announcer.turned(at: .milliseconds(5_299)) { facts() } == nil)
        #expect(ServiceNotifier(watchdog: nil).interval == .seconds(1))
        #expect(ServiceNotifier(watchdog: .seconds(30)).interval == .seconds(1))
    }

    @Test func `a reload is announced with its time, and its end too`() {
        var announcer = ServiceNotifier(watchdog: nil)
        #expect(announcer.reloadBegan(at: .seconds(1)) == nil)
        #expect(announcer.reloadEnded() == nil)
        _ = announcer.turned(at: .zero) { facts() }
        #expect(
            announcer.reloadBegan(at: .microseconds(1_234_567))
                == "RELOADING=1\nMONOTONIC_USEC=1234567")
        #expect(announcer.reloadEnded() == "READY=1")
    }

    @Test func `during the stop only the watchdog is notified`() {
        var announcer = ServiceNotifier(watchdog: .seconds(2))
        _ = announcer.turned(at: .zero) { facts() }
        #expect(announcer.stopping().hasPrefix("STOPPING=1\nSTATUS="))
        #expect(announcer.turned(at: .seconds(1)) { facts(readers: 9) } == "WATCHDOG=1")
        #expect(announcer.reloadBegan(at: .seconds(1)) == nil)
    }
}
