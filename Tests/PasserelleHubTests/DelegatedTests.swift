// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct DelegatedTests {
    private let channel = "presence-a"

    /// A hub in which anne is a member by our doing, and one who listens.
    private func scene() -> (scene: Scene, listener: Listener) {
        let scene = Scene()
        let listener = scene.attach(channel)
        scene.subscribe(channel, "bob")
        scene.hub.delegates(channel, userID: "anne", at: scene.now)
        scene.join(channel, "anne")
        _ = listener.take()
        return (scene, listener)
    }

    private func users(_ scene: Scene) -> [String]? {
        scene.hub.channel(channel)?.members.list.map(\.userID)
    }

    @Test func `a removal is held back while the user reads here, and their return is no news`() {
        let (scene, listener) = scene()
        scene.leave(channel, "anne")
        #expect(users(scene) == ["bob", "anne"])
        scene.join(channel, "anne")
        #expect(listener.take() == [])
    }

    @Test func `others' removals are told as ever`() {
        let (scene, listener) = scene()
        scene.leave(channel, "bob")
        #expect(listener.take() == ["presence-a: -bob"])
    }

    @Test func `a removal that was held back is told when the user reads here no longer`() {
        let (scene, listener) = scene()
        scene.leave(channel, "anne")
        scene.hub.delegatesNoLonger(channel, userID: "anne", at: scene.now)
        scene.hub.tellNews()
        #expect(listener.take() == ["presence-a: -anne"])
        #expect(users(scene) == ["bob"])
    }

    @Test func `without a removal, the end of our doing changes nothing`() {
        let (scene, listener) = scene()
        scene.hub.delegatesNoLonger(channel, userID: "anne", at: scene.now)
        scene.hub.tellNews()
        #expect(listener.take() == [])
        scene.leave(channel, "anne")
        #expect(listener.take() == ["presence-a: -anne"])
    }

    @Test func `a removal is held back for thirty seconds at the most`() {
        var (scene, listener) = scene()
        scene.leave(channel, "anne")
        scene.now = moment(29)
        scene.hub.expire(at: scene.now)
        scene.leave(channel, "anne")
        #expect(listener.take() == [])
        scene.now = moment(30)
        scene.hub.expire(at: scene.now)
        scene.hub.tellNews()
        #expect(listener.take() == ["presence-a: -anne"])
        scene.join(channel, "anne")
        #expect(listener.take() == ["presence-a: +anne"])
    }

    @Test func `a list without the user, behind a loss, holds their removal back too`() {
        let (scene, listener) = scene()
        scene.hub.lost(at: scene.now)
        scene.subscribe(channel, "carl")
        #expect(
            listener.take() == [
                "presence-a: gap upstream", "presence-a: -bob", "presence-a: +carl",
            ])
        #expect(users(scene) == ["carl", "anne"])
        scene.join(channel, "anne")
        #expect(listener.take() == [])
        scene.hub.lost(at: scene.now)
        scene.subscribe(channel, "carl", "anne")
        #expect(listener.take() == ["presence-a: gap upstream"])
    }

    @Test func `who was there before is known to be there by another way, until a removal`() {
        let scene = Scene()
        _ = scene.attach(channel)
        scene.subscribe(channel, "anne")
        func isKnownElsewhere() -> Bool? {
            scene.hub.channel(channel)?.delegated["anne"]?.isKnownElsewhere
        }
        scene.hub.delegates(channel, userID: "anne", at: scene.now)
        #expect(isKnownElsewhere() == true)
        scene.leave(channel, "anne")
        #expect(isKnownElsewhere() == false)
        scene.hub.delegatesNoLonger(channel, userID: "anne", at: scene.now)
        #expect(isKnownElsewhere() == nil)
        scene.hub.delegates(channel, userID: "anne", at: scene.now)
        #expect(isKnownElsewhere() == false)
    }

    @Test func `a channel object with users of ours is kept`() {
        var (scene, _) = scene()
        scene.hub.delegates("presence-b", userID: "anne", at: scene.now)
        scene.now = moment(100_000)
        scene.hub.expire(at: scene.now)
        #expect(scene.hub.channel("presence-b") != nil)
        scene.hub.delegatesNoLonger("presence-b", userID: "anne", at: scene.now)
        scene.hub.expire(at: scene.now)
        #expect(scene.hub.channel("presence-b") == nil)
    }

    @Test func `a client event is told to everybody but the readers of its sender`() {
        let scene = Scene()
        let anne = [Listener(scene.hub), Listener(scene.hub)]
        let others = [Listener(scene.hub), Listener(scene.hub)]
        for (listener, user) in zip(anne + others, ["anne", "anne", "bob", nil]) {
            scene.hub.attach(
                listener, to: [channel], from: .now, wantsSnapshot: false, as: user, at: scene.now)
        }
        scene.subscribe(channel, "anne", "bob")
        scene.hub.heard(
            channel, event: "client-typing", data: [], userID: "anne", at: scene.now)
        scene.hub.heard(channel, event: "new-message", data: [], userID: "anne", at: scene.now)
        scene.hub.tellNews()
        let all = ["presence-a: client-typing", "presence-a: new-message"]
        #expect(anne.map(\.heard) == [[all[1]], [all[1]]])
        #expect(others.map(\.heard) == [all, all])
    }

    @Test func `news with a client event is no batch for its sender, and one for all others`() {
        let scene = Scene()
        let users = ["anne", "bob", nil]
        let taken = users.map { _ in Taker() }
        for (taker, user) in zip(taken, users) {
            scene.hub.attach(
                taker, to: [channel], from: .now, wantsSnapshot: false, as: user, at: scene.now)
        }
        scene.subscribe(channel, "anne", "bob")
        for taker in taken { taker.takes = [] }
        scene.hub.heard(
            channel, event: "client-typing", data: [], userID: "anne", at: scene.now)
        scene.hub.tellNews()
        #expect(taken.map(\.takes) == [[false], [true], [true]])
        for taker in taken { taker.cursor.advance(to: scene.hub.sequence) }
        scene.hub.heard(channel, event: "new-message", data: [], userID: "anne", at: scene.now)
        scene.hub.tellNews()
        #expect(taken.map(\.takes) == [[false, true], [true, true], [true, true]])
    }
}

/// A reader that writes down whether the turn's batch would do.
private final class Taker: Reader {
    var cursor = Cursor()
    var takes: [Bool] = []

    func newsCame(on channel: Channel) {
        if let news = channel.news { takes.append(cursor.takes(news)) }
    }
}
