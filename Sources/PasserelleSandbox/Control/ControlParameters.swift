// SPDX-License-Identifier: MIT
import PasserelleWire

/// The parameters of one control request, read as what they are to be.
struct ControlParameters {
    private let query: [(name: String, value: String)]

    /// Takes a decoded query; of a repeated parameter the last counts.
    init(_ query: [(name: String, value: String)]) {
        self.query = query
    }

    /// Gives a parameter as it stands.
    func text(_ name: String) -> String? {
        query.last { $0.name == name }?.value
    }

    /// Gives a whole number within the range.
    func number(_ name: String, in range: ClosedRange<Int>) throws(ControlError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .badValue(
                parameter: name, takes: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A code that a server may put in a close frame.
    func closeCode(or standard: UInt16) throws(ControlError) -> UInt16 {
        UInt16(try number("code", in: 1000...4999) ?? Int(standard))
    }

    /// Gives one of the words of a type, or the standard where there is none.
    func word<Word: CaseIterable & RawRepresentable<String>>(
        _ name: String, or standard: Word
    ) throws(ControlError) -> Word {
        guard let text = text(name) else { return standard }
        guard let word = Word(rawValue: text) else {
            throw .badValue(
                parameter: name,
                takes: Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    /// Gives what `yes` and `no` say; nothing is `yes`.
    func fact(_ name: String) throws(ControlError) -> Bool {
        switch text(name) {
        case nil, "yes": return true
        case "no": return false
        default: throw .badValue(parameter: name, takes: "yes or no")
        }
    }

    /// Reads which subscriptions are to be refused.
    func denial() throws(ControlError) -> Misbehaviour.Denial {
        guard let pattern = text("channel").flatMap({ try? ChannelPattern($0) }) else {
            throw .badValue(parameter: "channel", takes: "a channel name, or one with a *")
        }
        return Misbehaviour.Denial(pattern: pattern, status: try number("status", in: 0...9999))
    }

    /// Reads what is to become of REST requests.
    func rest() throws(ControlError) -> Misbehaviour.REST {
        switch text("mode") {
        case "answer": return .answered
        case "ignore": return .ignored
        case let text:
            guard let status = text.flatMap({ Int($0) }), (400...599).contains(status) else {
                throw .badValue(
                    parameter: "mode", takes: "answer, ignore or a status from 400 to 599")
            }
            return .failing(status: status)
        }
    }
}
