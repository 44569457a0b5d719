// SPDX-License-Identifier: MIT

import PasserelleWire

/// The parameters of a control request, converted to their types.
struct ControlParameters {
    private let query: [(name: String, value: String)]

    /// Takes a decoded query; the last of repeated parameters counts.
    init(_ query: [(name: String, value: String)]) {
        self.query = query
    }

    /// Returns the text of a parameter.
    func text(_ name: String) -> String? {
        query.last { $0.name == name }?.value
    }

    /// Returns a whole number within the range.
    func number(_ name: String, in range: ClosedRange<Int>) throws(RESTError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .badValue(
                parameter: name, takes: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A code that is valid in a server's close frame.
    func closeCode(or standard: UInt16) throws(RESTError) -> UInt16 {
        UInt16(try number("code", in: 1000...4999) ?? Int(standard))
    }

    /// Returns one of the words of a type; `standard` if the parameter is absent.
    func word<Word: CaseIterable & RawRepresentable<String>>(
        _ name: String, or standard: Word
    ) throws(RESTError) -> Word {
        guard let text = text(name) else { return standard }
        guard let word = Word(rawValue: text) else {
            throw .badValue(
                parameter: name,
                takes: "one of " + Word.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return word
    }

    /// Returns the number of oldest connections that a command concerns; `nil`: all.
    func connections() throws(RESTError) -> Int? {
        try number("connections", in: 1...1_000_000)
    }

    /// Returns true for `yes` or an absent parameter, false for `no`.
    func bool(_ name: String) throws(RESTError) -> Bool {
        switch text(name) {
        case nil, "yes": return true
        case "no": return false
        default: throw .badValue(parameter: name, takes: "yes or no")
        }
    }

    /// Parses the pattern and status of subscriptions to refuse.
    func denial() throws(RESTError) -> Misbehaviour.Denial {
        guard let pattern = text("channel").flatMap({ try? ChannelPattern($0) }) else {
            throw .badValue(parameter: "channel", takes: "a channel name, or one with a *")
        }
        return Misbehaviour.Denial(pattern: pattern, status: try number("status", in: 0...9999))
    }

    /// Parses the handling of REST requests.
    func rest() throws(RESTError) -> Misbehaviour.REST {
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

/// The reasons why a control request is refused.
extension RESTError {
    static let notFromHere = RESTError("Commands are accepted from this host only.", 403)
    static let unknownCommand = RESTError("Unknown command; see GET /sandbox.", 404)
    static func wrongCommandMethod(allowed: String) -> RESTError {
        RESTError("This command requires \(allowed).", 405, allowed: allowed)
    }
    static func badValue(parameter: String, takes: String) -> RESTError {
        RESTError("The parameter \(parameter) must be \(takes).")
    }
}
