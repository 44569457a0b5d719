// SPDX-License-Identifier: MIT

/// Puts answers that come at any time into the order of the commands that they answer.
///
/// An `ERR` names no command, so only its place in the order tells a client which one failed.
struct ReplyOrder<Answer> {
    /// One command's place in the order.
    struct Ticket: Hashable {
        fileprivate let number: UInt64
    }

    private var waiting: [(ticket: Ticket, answer: Answer?)] = []
    private var last: UInt64 = 0

    /// How many commands have no answer yet, or wait behind one that has none.
    var count: Int { waiting.count }
    var isEmpty: Bool { waiting.isEmpty }

    /// A command came.
    mutating func asked() -> Ticket {
        last += 1
        let ticket = Ticket(number: last)
        waiting.append((ticket, nil))
        return ticket
    }

    /// The answer to a command came; later ones to the same command are ignored.
    mutating func answered(_ ticket: Ticket, _ answer: Answer) {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }),
            waiting[index].answer == nil
        else { return }
        waiting[index].answer = answer
    }

    /// Takes the next answer that may go out.
    mutating func next() -> Answer? {
        guard let answer = waiting.first?.answer else { return nil }
        waiting.removeFirst()
        return answer
    }
}
