// SPDX-License-Identifier: MIT

/// What `--help` and `passerelle help` print; each text ends with a line break.
package enum HelpText {
    /// The program in a few lines, and its commands.
    package static func overview() -> String {
        let commands = Command.allCases.map { row($0.rawValue, $0.summary, width: 9) }
        return """
            Passerelle tells what is said on Pusher Channels again: as Server-Sent Events, as polls \
            and as
            lines on a Unix socket.

            Usage: passerelle COMMAND [OPTION]...

            \(commands.joined(separator: "\n"))

            'passerelle help COMMAND' explains a command, and 'passerelle help variables' lists \
            what can be
            configured. 'passerelle --version' prints the version. To begin with: passerelle demo
            """ + "\n"
    }

    /// What `passerelle help` and its operand ask for: a command, or `variables`.
    package static func topic(_ invocation: Invocation) throws(UsageError) -> String {
        let isMarkdown = invocation.options["--markdown"] != nil
        guard let word = invocation.operands.first else { return overview() }
        if word == "variables" { return variables(markdown: isMarkdown) }
        guard let topic = Command(rawValue: word) else { throw .unknownTopic(word) }
        return command(topic)
    }

    /// Everything about one command.
    package static func command(_ command: Command) -> String {
        var sections = [usage(command), about(command)]
        let options = command.options.map {
            row([$0.flag, $0.placeholder].compactMap(\.self).joined(separator: " "), $0.meaning)
        }
        let own = options + (command == .help ? [] : [environmentFileRow])
        sections.append("Options:\n" + (own + [helpRow]).joined(separator: "\n"))
        let variables = Variables.all.filter { $0.commands.contains(command) }
        if !variables.isEmpty {
            let entries = variables.map { entry($0, command) }
            sections.append(
                "Variables, each with its flag:\n" + entries.joined(separator: "\n"))
        }
        sections.append("Examples:\n" + examples(command).map { "  " + $0 }.joined(separator: "\n"))
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// The table of variables, for a terminal or as README has it.
    package static func variables(markdown: Bool) -> String {
        guard markdown else {
            return Variables.all.map { entry($0, nil) }.joined(separator: "\n") + "\n"
        }
        var lines = ["| variable | flag | default | meaning |", "|---|---|---|---|"]
        for variable in Variables.all {
            let flag = variable.isSecret ? "—" : "`\(variable.flag)`"
            lines.append(
                "| `\(variable.name)` | \(flag) | \(markdownPreset(variable)) | \(variable.meaning) |"
            )
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let environmentFileRow = row(
        "--env-file PATH", "Read variables from a .env or EnvironmentFile; repeatable, last wins")
    private static let helpRow = row("--help", "Print this text")

    private static func row(_ left: String, _ right: String, width: Int = 20) -> String {
        let gap = String(repeating: " ", count: max(1, width - left.count))
        return "  \(left)\(gap) \(right)"
    }

    private static func entry(_ variable: Variable, _ command: Command?) -> String {
        let flag = variable.isSecret ? "no flag" : "\(variable.flag) \(variable.placeholder)"
        let preset = command.map { variable.presets[$0] } ?? nil
        let text = preset ?? variable.presetText
        let start = "  \(variable.name), \(flag)\n      \(variable.meaning)"
        guard text != "—" else { return start }
        let isLong = variable.meaning.count + text.count > 76
        return start + (isLong ? "\n      " : " ") + "(default: \(text))"
    }

    private static func markdownPreset(_ variable: Variable) -> String {
        if let words = variable.presetWords { return words.contains("$") ? "`\(words)`" : words }
        return variable.preset.map { "`\($0)`" } ?? "—"
    }

    private static func usage(_ command: Command) -> String {
        let operands = command.operands.map { operand in
            let name = operand.isOptional ? "[\(operand.name)]" : operand.name
            return " " + name + (operand.isRepeated ? "..." : "")
        }
        return "Usage: passerelle \(command.rawValue) [OPTION]..." + operands.joined()
    }
}
