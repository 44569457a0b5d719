// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

struct HelpTextTests {
    @Test func `the overview lists every command`() {
        let text = HelpText.overview()
        for command in Command.allCases {
            #expect(text.contains("\n  \(command.rawValue) "))
        }
    }

    @Test(arguments: Command.allCases)
    func `the help of a command lists its operands, options and variables`(command: Command) {
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
    func `help lines have at most 100 columns`(command: Command) {
        let texts = [
            HelpText.command(command), HelpText.overview(), HelpText.variables(markdown: false),
        ]
        for line in texts.joined().split(separator: "\n") {
            #expect(line.count <= 100, "\(line)")
        }
    }

    @Test(arguments: Command.allCases)
    func `every example is a valid command line`(command: Command) throws {
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

    @Test func `the Markdown table has a row for every variable`() {
        let lines = HelpText.variables(markdown: true).split(separator: "\n")
        #expect(lines[0] == "| variable | flag | default | meaning |")
        #expect(lines.count == Variables.all.count + 2)
        #expect(
            lines.contains(
                "| `PASSERELLE_LINGER` | `--linger` | `10m` |"
                    + " How long a channel without readers stays subscribed |"))
        #expect(lines.allSatisfy { $0.split(separator: "|").count == 4 })
    }

    @Test func `the operators' README contains the printed table`() throws {
        let path = Fixture.path("../../../deploy/README.md")
        let readme = String(
            decoding: try ProcessEnvironment.process().readFile(path).get(), as: UTF8.self)
        #expect(readme.contains("\n" + HelpText.variables(markdown: true)))
    }

    @Test
    func `help and manual page describe start failures and the format of environment files`()
        throws
    {
        let help = HelpText.command(.serve)
        #expect(help.contains("1 it cannot start now (an address is in use or not available)"))
        #expect(help.contains("78 configuration error, which includes"))
        #expect(
            help.contains("from a file as Next.js reads .env.local") && !help.contains("or Env"))
        let page = String(
            decoding: try ProcessEnvironment.process().readFile(
                Fixture.path("../../../deploy/passerelle.1")
            ).get(), as: UTF8.self)
        #expect(page.contains("an address is in use"))
        #expect(page.contains("a state directory that cannot be read") && page.contains("Next.js"))
    }

    @Test func `help prints its topic`() throws {
        #expect(try HelpText.topic(Invocation.parse(["help"])) == HelpText.overview())
        #expect(try HelpText.topic(Invocation.parse(["help", "tail"])) == HelpText.command(.tail))
        #expect(
            try HelpText.topic(Invocation.parse(["help", "variables", "--markdown"]))
                == HelpText.variables(markdown: true))
        #expect(throws: UsageError.unknownTopic("x")) {
            try HelpText.topic(Invocation.parse(["help", "x"]))
        }
    }

    @Test func `each flag maps to one variable and back`() {
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
