// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleWire
import Testing

struct EntityTagsTests {
    private let epochs = EpochLine(1).continued(by: 2, after: 10).continued(by: 3, after: 20)

    @Test(arguments: [
        ([(3, 25), (3, 22)], (3, 25)), ([(3, 22), (3, 31)], (3, 22)),
        ([(3, 31), (3, 30)], (3, 30)),
        ([(9, 5), (2, 15)], (2, 15)), ([(1, 7), (2, 21), (1, 9)], (1, 9)),
        ([(2, 21), (9, 1)], (2, 21)), ([(9, 1)], (9, 1)),
    ])
    func `the newest that was told leads on, whichever life of the log told it`(
        tags: [(Int, Int)], newest: (Int, Int)
    ) {
        let text = tags.map { "\"\(position($0).text)\"" }.joined(separator: ", ")
        let held = EntityTags(["If-None-Match": text])
        #expect(held.newest(told: epochs, through: 30) == position(newest))
    }

    @Test func `without a tag there is none`() {
        #expect(EntityTags(["If-None-Match": "*"]).newest(told: epochs, through: 30) == nil)
    }

    private func position(_ place: (Int, Int)) -> Position {
        Position(epoch: UInt64(place.0), sequence: UInt64(place.1))
    }
}
