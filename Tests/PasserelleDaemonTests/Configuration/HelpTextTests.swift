// SPDX-License-Identifier: MIT
import PasserelleDaemon
import Testing

struct HelpTextTests {
    @Test func `the overview lists every command of this version and no other`() {
        let text = HelpText.overview()
        for command in Command.allCases {
            #expect(text.contains("\n  \(command.rawValue) "))
        }
    }

    @Test(arguments: Command.allCases)
    func `a command's help names its operands, options and variables`(command: Command) {
        let text = HelpText.command(command)
        #expect(text.hasPrefix("Usage: passerelle \(command.rawValue) [OPTION]..."))
        #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
        for operand in command.operands { #expect(text.contains(operand.name)) }
        for option in command.options { #expect(text.contains("\n  \(option.flag)")) }
        for variable in Variables.all {
            let isThere = variable.commands.contains(command)
            #expect(text.contains("\n  \(variable.name), ") == isThere, "\(variable.name)")
        }
        #expect(text.contains("\nExamples:\n  "))
    }

    @Test(arguments: Command.allCases)
    func `help fits a terminal of a hundred columns`(command: Command) {
        let texts = [
            HelpText.command(command), HelpText.overview(), HelpText.variables(markdown: false),
        ]
        for line in texts.joined().split(separator: "\n") {
            #expect(line.count <= 100, "\(line)")
        }
    }

    @Test(arguments: Command.allCases)
    func `every example is a command line that is understood`(command: Command) throws {
        let lines = HelpText.command(command).split(separator: "\n")
        let examples = lines.filter {
            $0.hasPrefix("  ") && $0.contains("passerelle \(command.rawValue)")
        }
        #expect(!examples.isEmpty)
        for example in examples {
            let words = example.split(separator: " ").drop { $0 != "passerelle" }.dropFirst()
            let arguments = words.prefix { $0 != "|" && $0 != "<" }.map(String.init)
            #expect(throws: Never.self) { try Invocation.parse(arguments) }
        }
    }

    @Test func `the Markdown table has a row for every variable of this version`() {
        let lines = HelpText.variables(markdown: true).split(separator: "\n")
        #expect(lines[0] == "| variable | flag | default | meaning |")
        #expect(lines.count == Variables.all.count + 2)
        #expect(
            lines.contains(
                "| `PASSERELLE_LINGER` | `--linger` | `10m` |"
                    + " How long a channel without readers stays subscribed |"))
        #expect(lines.allSatisfy { $0.split(separator: "|").count == 4 })
    }

    @Test func `README has the table as it is printed`() throws {
        let path = Fixture.path("../../../README.md")
        let readme = String(
            decoding: try Surroundings.process().readFile(path).get(), as: UTF8.self)
        #expect(readme.contains("\n" + HelpText.variables(markdown: true)))
    }

    @Test func `help finds its topic`() throws {
        #expect(try HelpText.topic(Invocation.parse(["help"])) == HelpText.overview())
        #expect(try HelpText.topic(Invocation.parse(["help", "tail"])) == HelpText.command(.tail))
        #expect(
            try HelpText.topic(Invocation.parse(["help", "variables", "--markdown"]))
                == HelpText.variables(markdown: true))
        #expect(throws: UsageError.unknownTopic("x")) {
            try HelpText.topic(Invocation.parse(["help", "x"]))
        }
    }

    @Test func `flags and names are each other's`() {
        #expect(Variables.named("PASSERELLE_HTTP")?.flag == "--http")
        #expect(Variables.named("PASSERELLE_SANDBOX_WEBHOOK")?.flag == "--sandbox-webhook")
        #expect(Variables.named("PUSHER_APP_ID")?.flag == "--pusher-app-id")
        #expect(Variables.flagged("--linger")?.name == "PASSERELLE_LINGER")
        for variable in Variables.all {
            #expect(Variables.flagged(variable.flag)?.name == variable.name)
            for command in Command.allCases {
                #expect(!command.options.map(\.flag).contains(variable.flag))
            }
        }
    }
}
