// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

/// Answers to a subscription that was given up in the same turn.
struct LateAnswerTests {
    /// A scene whose channel has just been given up, and the demand for that taken.
    private func givenUp() -> Scene {
        var scene = Scene { $0.linger = .seconds(10) }
        let reader = scene.attach("c")
        scene.subscribe("c", "ana")
        scene.hub.detach(reader, at: scene.now)
        scene.now = moment(10)
        scene.hub.expire(at: scene.now)
        #expect(scene.hub.takeDemands() == [.subscribe("c"), .unsubscribe("c")])
        return scene
    }

    @Test func `a refusal that comes too late does not make a channel wanted again`() {
        let scene = givenUp()
        scene.hub.refused("c", status: 408, message: "no answer", at: scene.now)
        #expect(scene.hub.wanted == [])
        _ = scene.attach("c")
        #expect(scene.hub.takeDemands() == [.subscribe("c")])
    }

    @Test func `a success that comes too late does not either`() {
        let scene = givenUp()
        scene.subscribe("c", "ana", "ben")
        #expect(scene.hub.wanted == [] && scene.hub.channel("c")?.isLive == false)
        let reader = scene.attach("c")
        #expect(scene.hub.takeDemands() == [.subscribe("c")])
        scene.subscribe("c", "ana")
        #expect(reader.take() == ["snapshot(c: ana)"])
    }
}
