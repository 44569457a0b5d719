// SPDX-License-Identifier: MIT

import PasserelleDownstream
@testable import PasserelleHub
import PasserelleWire
import Testing

struct EntityTagsTests {
    private let epochs = EpochHistory(1).continued(by: 2, after: 10).continued(by: 3, after: 20)

    @Test(arguments: [
        ([(3, 25), (3, 22)], (3, 25)), ([(3, 22), (3, 31)], (3, 22)),
        ([(3, 31), (3, 30)], (3, 30)),
        ([(9, 5), (2, 15)], (2, 15)), ([(1, 7), (2, 21), (1, 9)], (2, 21)),
        ([(1, 99), (2, 11)], (2, 11)), ([(2, 99), (3, 20)], (2, 99)),
        ([(2, 99), (3, 21)], (3, 21)),
        ([(2, 21), (9, 1)], (2, 21)), ([(9, 1)], (9, 1)),
    ])
    func `the newest position that the log has issued is used, in any epoch`(
        tags: [(Int, Int)], newest: (Int, Int)
    ) {
        let text = tags.map { "\"\(position($0).text)\"" }.joined(separator: ", ")
        let held = EntityTags(["If-None-Match": text])
        #expect(held.newest(delivered: epochs, through: 30) == position(newest))
    }

    @Test func `without a tag there is no newest position`() {
        #expect(EntityTags(["If-None-Match": "*"]).newest(delivered: epochs, through: 30) == nil)
    }

    @Test(
        arguments: [
            nil, .now, .earliest, .after(Position(epoch: 3, sequence: 22)),
            .after(Position(epoch: 9, sequence: 1)), .unknown,
        ] as [Start?])
    func `a tag sets the start, unless the request's position is newer or unknown`(
        asked: Start?
    ) {
        func start(_ tags: String?) -> Start? {
            let fields = tags.map { ["If-None-Match": $0] as HTTPFields } ?? [:]
            return EntityTags(fields).start(orRequested: asked, delivered: epochs, through: 30)
        }
        let isPosition = if case .after = asked { true } else { false }
        #expect(start(nil) == asked && start(" , ") == asked)
        for tags in ["\"abc\"", "*", "\"\"", "\"abc\", W/\"3-2x\""] {
            #expect(start(tags) == (isPosition ? asked : .unknown), "\(tags)")
        }
        // An epoch that the log never had, and a sequence number that it has not issued.
        for tag in [position((9, 7)), position((3, 31))] {
            #expect(start("\"\(tag.text)\"") == (isPosition ? asked : .after(tag)))
        }
        let newer = position((3, 23))
        let isUnknown = asked == .after(Position(epoch: 9, sequence: 1))
        #expect(start("\"\(newer.text)-gzip\"") == (isUnknown ? asked : .after(newer)))
    }

    @Test(arguments: [
        ((2, 15), (2, 99), true), ((1, 99), (2, 11), true), ((2, 99), (3, 21), true),
        ((3, 21), (2, 99), false), ((2, 99), (1, 99), false), ((2, 99), (2, 21), false),
    ])
    func `positions ahead of their epochs are compared by the epochs' ends`(
        asked: (Int, Int), tag: (Int, Int), countsTag: Bool
    ) {
        let start = Start.after(position(asked))
        let tags = EntityTags(["If-None-Match": "W/\"\(position(tag).text)-gzip\""])
        #expect(
            tags.start(orRequested: start, delivered: epochs, through: 30)
                == (countsTag ? .after(position(tag)) : start))
    }

    private func position(_ place: (Int, Int)) -> Position {
        Position(epoch: UInt64(place.0), sequence: UInt64(place.1))
    }
}
