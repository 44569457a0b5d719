// SPDX-License-Identifier: MIT

/// Sorts answers, which may become ready at any time, into the order of their commands.
///
/// An `ERR` names no command, so a client can identify the failed one only by the order.
struct ReplyOrder<Answer> {
    /// One command's place in the order.
    struct Ticket: Hashable {
        fileprivate let number: UInt64

        /// A place of no command.
        static var none: Ticket { Ticket(number: 0) }
    }

    private var waiting: [(ticket: Ticket, answer: Answer?)] = []
    private var last: UInt64 = 0

    /// The number of commands that are unanswered or wait behind an unanswered one.
    var count: Int { waiting.count }
    var isEmpty: Bool { waiting.isEmpty }

    /// Reserves the next place for a command.
    mutating func reserve() -> Ticket {
        last += 1
        let ticket = Ticket(number: last)
        waiting.append((ticket, nil))
        return ticket
    }

    /// Stores the answer to a command; later answers to the same command are ignored.
    mutating func answered(_ ticket: Ticket, _ answer: Answer) {
        guard let index = waiting.firstIndex(where: { $0.ticket == ticket }),
            waiting[index].answer == nil
        else { return }
        waiting[index].answer = answer
    }

    /// The commands without an answer.
    var unanswered: [Ticket] { waiting.filter { $0.answer == nil }.map(\.ticket) }

    /// Removes and returns the next answer that may be sent, or `nil` if it is not ready.
    mutating func next() -> Answer? {
        guard let answer = waiting.first?.answer else { return nil }
        waiting.removeFirst()
        return answer
    }
}
