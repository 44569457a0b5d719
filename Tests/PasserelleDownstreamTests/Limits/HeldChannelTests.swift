// SPDX-License-Identifier: MIT

import Glibc
import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream
@testable import PasserelleNet

/// Limits on held channels, and which channels are evicted.
struct HeldChannelTests {
    private func fixture(_ change: (inout ClientLimits) -> Void) throws -> DownstreamFixture {
        let everything = try ChannelPatterns("*")
        return try DownstreamFixture { configuration, _ in
            change(&configuration.limits)
            configuration.channels = everything
            configuration.proxies.ranges = ["10.0.0.0/8"].compactMap(AddressRange.init)
            configuration.lineRights = [getuid(): .read]
        }
    }

    private func client(_ fixture: DownstreamFixture, from host: String) throws -> Client {
        let pair = try SocketPair(loop: fixture.loop)
        pair.link.peer = try #require(PeerAddress(numericHost: host, port: 9))
        fixture.downstream.http.accepted(pair.link)
        return Client(pair, fixture)
    }

    private func query(_ names: some Sequence<String>) -> String {
        names.map { "channel=\($0)" }.joined(separator: "&")
    }

    @Test func `channels without readers make room for a chat, public ones first`() throws {
        let fixture = try fixture { $0.heldChannels = 40 }
        let poller = try fixture.http()
        #expect(try poller.get("/poll?channel=private-kept").status == 200)
        for round in 0..<20 {
            let names = (0..<10).map { "invented-\(round)-\($0)" }
            #expect(try poller.get("/poll?\(query(names))").status == 200)
        }
        #expect(fixture.hub.channels.count <= 40 && fixture.hub.publicChannelCount <= 30)
        #expect(try fixture.http().get("/poll?channel=presence-chat").status == 200)
        #expect(fixture.hub.channel("private-kept") != nil)
        #expect(fixture.downstream.refusalCounts[.heldChannels] == 0)
        #expect(fixture.hub.counters.channelsEvicted > 150)
    }

    /// A quarter of eight is reserved: six public channels may be held, and eight in total.
    @Test(arguments: [(5, 200), (6, 200), (7, 503)])
    func `public channels with readers leave room for a chat`(count: Int, status: Int) throws {
        let fixture = try fixture { $0.heldChannels = 8 }
        var last = 0
        let streams = try (0..<count).map { number in
            let stream = try fixture.stream("channel=public-\(number)")
            _ = try stream.messages()
            last = stream.head?.status ?? 0
            return stream
        }
        #expect(last == status && streams.count == count)
        let chat = try fixture.http()
        #expect(try chat.get("/poll?channel=presence-chat").status == 200)
        #expect(fixture.downstream.refusalCounts[.heldChannels] == (status == 503 ? 1 : 0))
    }

    @Test(arguments: [(2, 200), (3, 200), (4, 429)])
    func `the channels first requested by one client are limited`(count: Int, status: Int) throws {
        let fixture = try fixture { $0.clientChannels = 3 }
        let proxied = "X-Forwarded-For: 192.0.2.7\r\n"
        let first = try client(fixture, from: "10.0.0.1")
        first.send("GET /events?channel=a HTTP/1.1\r\nHost: h\r\n\(proxied)\r\n")
        #expect(try first.text().hasPrefix("HTTP/1.1 200"))
        let response = try client(fixture, from: "192.0.2.7")
            .get("/poll?\(query((1..<count).map { "a\($0)" }))")
        #expect(response.status == status)
        if status == 429 {
            #expect(
                String(decoding: response.body, as: UTF8.self)
                    == #"{"error":"too-many-channels","message":"Too many channels for one client;"#
                    + #" close a stream first."}"# + "\n")
            #expect(response.fields.first("Retry-After") != nil)
            #expect(fixture.limits == ["held_channels_per_client 192.0.2.7"])
        }
        // Channels of other clients do not count, and other clients have their own share.
        #expect(try client(fixture, from: "192.0.2.8").get("/poll?channel=b").status == 200)
        #expect(try client(fixture, from: "192.0.2.7").get("/poll?channel=b").status == 200)
        #expect(try fixture.http().get("/poll?\(query((0..<9).map { "h\($0)" }))").status == 200)
    }

    @Test func `a client that keeps polling evicts channels of its own share`() throws {
        let fixture = try fixture { $0.clientChannels = 3 }
        let (one, other) = (
            try client(fixture, from: "192.0.2.7"), try client(fixture, from: "192.0.2.8")
        )
        #expect(try other.get("/poll?channel=theirs").status == 200)
        for number in 0..<9 { #expect(try one.get("/poll?channel=mine\(number)").status == 200) }
        #expect(
            fixture.hub.channels.keys.sorted() == ["mine6", "mine7", "mine8", "theirs"])
        #expect(try one.get("/poll?\(query((0..<4).map { "more\($0)" }))").status == 429)
        #expect(try one.get("/poll?\(query((0..<3).map { "more\($0)" }))").status == 200)
        #expect(fixture.hub.channel("theirs") != nil && fixture.hub.channels.count == 4)
    }

    @Test func `a refused request evicts no channel`() throws {
        let fixture = try fixture { $0.heldChannels = 8 }
        let open = try fixture.stream("\(query((0..<5).map { "read\($0)" }))")
        _ = try open.messages()
        #expect(try fixture.http().get("/poll?channel=left").status == 200)
        // Two of six public channels would have to be evicted, and one can.
        #expect(try fixture.http().get("/poll?channel=a&channel=b").status == 503)
        #expect(fixture.hub.channel("left") != nil && fixture.hub.counters.channelsEvicted == 0)
        // The failed search for two does not prevent finding one.
        #expect(try fixture.http().get("/poll?channel=a").status == 200)
        #expect(fixture.hub.channel("left") == nil)
        open.close()
    }

    @Test func `a failed search is remembered for a second, or shortly if a reader has left`() {
        let search = ChannelSearch(time: .seconds(9), channelsLeftWithoutReaders: 4, found: 2)
        #expect(!search.isKnownToFail(for: 2, at: .seconds(9), 4))
        #expect(search.isKnownToFail(for: 3, at: .milliseconds(9_999), 4))
        #expect(!search.isKnownToFail(for: 3, at: .seconds(10), 4))
        #expect(search.isKnownToFail(for: 3, at: .milliseconds(9_049), 5))
        #expect(!search.isKnownToFail(for: 3, at: .milliseconds(9_050), 5))
    }

    @Test func `failed searches are also remembered for public channels and for a client`() throws {
        let fixture = try fixture {
            $0.heldChannels = 8
            $0.clientChannels = 3
        }
        let reader = try fixture.stream("\(query((0..<6).map { "read\($0)" }))")
        _ = try reader.messages()
        #expect(try fixture.http().get("/poll?channel=a").status == 503)
        #expect(fixture.downstream.context.searches[.publicChannels]?.found == 0)
        let one = try client(fixture, from: "192.0.2.7")
        one.send("GET /events?channel=private-x&channel=private-y HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try one.text().hasPrefix("HTTP/1.1 200"))
        let two = try client(fixture, from: "192.0.2.7")
        #expect(try two.get("/poll?channel=private-v&channel=private-w").status == 429)
        #expect(fixture.downstream.context.searches.count == 2)
    }

    @Test func `a reader of the Unix socket has a share`() throws {
        let fixture = try fixture { $0.clientChannels = 2 }
        let pair = try SocketPair(loop: fixture.loop)
        pair.link.peer = PeerAddress(pid: 1, uid: getuid(), gid: 0)
        fixture.downstream.lines.accepted(pair.link)
        let line = Client(pair, fixture)
        line.send("SUBSCRIBE a\nSUBSCRIBE b\nSUBSCRIBE c\nMEMBERS a\n")
        let lines = try line.lines()
        #expect(
            lines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
                "OK SUBSCRIBE", "OK SUBSCRIBE", "ERR rate-limited", "OK MEMBERS",
            ])
    }

    @Test func `clients are forgotten with their channels`() {
        var held = HeldChannels()
        let (anne, bob) = (HeldChannels.Client.user("anne"), HeldChannels.Client.user("bob"))
        for name in ["a", "b"] { held.add(name, for: anne) }
        held.add("a", for: bob)
        #expect(held.count(of: anne) == 2 && held.count(of: bob) == 0)
        #expect(held.names(of: anne).sorted() == ["a", "b"])
        for name in ["a", "b", "nowhere"] { held.remove(name) }
        #expect(held.remembered == (0, 0))
    }
}
