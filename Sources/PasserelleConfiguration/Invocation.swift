// SPDX-License-Identifier: MIT

package import PasserelleHTTP

/// A parsed command line.
package struct Invocation: Equatable, Sendable {
    /// The command.
    package var command: Command
    /// True if the help of the command is requested.
    package var wantsHelp = false
    /// The files given with `--env-file`, in order.
    package var environmentFiles: [String] = []
    /// The values of flags that set variables, by variable name.
    package var settings: [String: String] = [:]
    /// The values of the command's own options, by flag; empty for options without a value.
    package var options: [String: String] = [:]
    /// The operands.
    package var operands: [String] = []

    /// An invocation of `command` without arguments.
    package init(_ command: Command) {
        self.command = command
    }

    /// Parses the arguments that follow the program's name.
    ///
    /// The value of a flag is the next argument or follows a `=`. If a flag is repeated, the last
    /// one counts. After `--`, every argument is an operand.
    package static func parse(_ arguments: [String]) throws(UsageError) -> Invocation {
        guard let first = arguments.first else { throw .noCommand }
        if ["--help", "-h"].contains(first) { return Invocation(.help) }
        guard let command = Command(rawValue: first) else { throw unknown(first) }
        var invocation = Invocation(command)
        var words = arguments.dropFirst()
        var takesFlags = true
        while let word = words.popFirst() {
            if takesFlags, word == "--" {
                takesFlags = false
            } else if takesFlags, isFlag(word) {
                try invocation.take(flag: word, &words)
            } else {
                invocation.operands.append(word)
            }
            if invocation.wantsHelp { return invocation }
        }
        try invocation.check()
        return invocation
    }

    /// True if the argument begins with a dash and is not `-` or a negative number, which is JSON.
    private static func isFlag(_ word: String) -> Bool {
        let bytes = word.utf8
        guard bytes.first == 0x2D, let second = bytes.dropFirst().first else { return false }
        return !(second >= 0x30 && second <= 0x39)
    }

    private static func unknown(_ word: String) -> UsageError {
        let names = Command.allCases.map(\.rawValue) + ["--help", "--version"]
        return .unknownCommand(word, suggestion: Spelling.nearest(to: word, among: names))
    }

    private mutating func take(
        flag word: String, _ words: inout ArraySlice<String>
    ) throws(UsageError) {
        let equals = word.firstIndex(of: "=")
        let flag = String(word[..<(equals ?? word.endIndex)])
        let attached = equals.map { String(word[word.index(after: $0)...]) }
        if flag == "--help" || flag == "-h" {
            guard attached == nil else { throw .unexpectedValue(flag: flag, command: command) }
            wantsHelp = true
            return
        }
        if let option = command.options.first(where: { $0.flag == flag }) {
            try take(option, attached, &words)
            return
        }
        if let variable = Variables.flagged(flag), variable.isSecret {
            throw .secretFlag(variable.name)
        }
        guard let target = target(flag) else {
            throw .unknownFlag(flag, command: command, suggestion: suggestion(flag))
        }
        guard let value = attached ?? words.popFirst() else {
            throw .noValue(flag: flag, placeholder: target.placeholder, command: command)
        }
        if let variable = target.variable {
            settings[variable.name] = value
        } else {
            environmentFiles.append(value)
        }
    }

    private mutating func take(
        _ option: CommandOption, _ attached: String?, _ words: inout ArraySlice<String>
    ) throws(UsageError) {
        guard let placeholder = option.placeholder else {
            guard attached == nil else {
                throw .unexpectedValue(flag: option.flag, command: command)
            }
            options[option.flag] = ""
            return
        }
        guard let value = attached ?? words.popFirst() else {
            throw .noValue(flag: option.flag, placeholder: placeholder, command: command)
        }
        options[option.flag] = value
    }

    /// Returns the target of a flag that is not the command's own: a variable, or `nil` for the
    /// list of files; returns `nil` if the flag is unknown.
    private func target(_ flag: String) -> (variable: Variable?, placeholder: String)? {
        if flag == "--env-file", command != .help { return (nil, "PATH") }
        guard let variable = Variables.flagged(flag), variable.commands.contains(command) else {
            return nil
        }
        return (variable, variable.placeholder)
    }

    private func suggestion(_ flag: String) -> String? {
        let variables = Variables.all.filter {
            $0.commands.contains(command) && !$0.isSecret
        }
        let flags = command.options.map(\.flag) + variables.map(\.flag) + ["--env-file", "--help"]
        let words = flags.map { String($0.dropFirst(2)) }
        return Spelling.nearest(to: String(flag.drop { $0 == "-" }), among: words).map { "--" + $0 }
    }

    private func check() throws(UsageError) {
        let needed = command.operands.filter { !$0.isOptional }
        if operands.count < needed.count {
            throw .missingOperand(needed[operands.count].name, command: command)
        }
        let isOpen = command.operands.contains(where: \.isRepeated)
        if !isOpen, operands.count > command.operands.count {
            throw .unexpectedOperand(operands[command.operands.count], command: command)
        }
        if options["--json"] != nil, options["--pretty"] != nil {
            throw .mutuallyExclusive("--json", "--pretty", command: command)
        }
        if let last = options["--last"], Int(last).map({ (1...1_000_000).contains($0) }) != true {
            throw .badValue(
                flag: "--last", value: last, expected: "a number from 1 to 1000000",
                command: command)
        }
        if command == .check { try checkPublic() }
    }

    private func checkPublic() throws(UsageError) {
        if let url = options["--public"], CheckOptions.site(url) == nil {
            throw .badValue(
                flag: "--public", value: url,
                expected: "a URL such as https://chat.example/ without a ?",
                command: command)
        }
        if let time = options["--for"], CheckOptions.watchTime(time) == nil {
            throw .badValue(
                flag: "--for", value: time, expected: "a duration from 1s to 1h, such as 90s",
                command: command)
        }
    }
}

/// The values of the options of `passerelle check`.
package enum CheckOptions {
    /// How long `--public` watches a silent stream if `--for` is not given.
    package static let defaultWatchTime: Duration = .seconds(60)
    /// The values that `--for` accepts.
    package static let watchTimes: ClosedRange<Duration> = .seconds(1) ... .seconds(3_600)

    /// Returns the URL of `--public`, or `nil` if it is not given, has a query or is not a URL.
    package static func site(_ text: String?) -> WebAddress? {
        guard let text, !text.contains("?") else { return nil }
        return try? WebAddress(setting: text)
    }

    /// Returns the duration of `--for`, or `nil` if it is not a duration or is out of range.
    package static func watchTime(_ text: String?) -> Duration? {
        guard let text else { return defaultWatchTime }
        return (try? Duration(setting: text)).flatMap { watchTimes.contains($0) ? $0 : nil }
    }
}
