// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

struct InvocationTests {
    @Test func `a flag takes its value as the next word or after an equals sign`() throws {
        let read = try Invocation.parse([
            "serve", "--http", "127.0.0.1:1", "--linger=5m", "--env-file", "a", "--env-file=b",
            "--pusher-key", "-k", "--linger=6m",
        ])
        var expected = Invocation(.serve)
        expected.environmentFiles = ["a", "b"]
        expected.settings = [
            "PASSERELLE_HTTP": "127.0.0.1:1", "PASSERELLE_LINGER": "6m", "PUSHER_KEY": "-k",
        ]
        #expect(read == expected)
    }

    @Test func `words that are not flags are operands`() throws {
        let read = try Invocation.parse(["publish", "c", "--ipc", "p", "e", "-1"])
        #expect(read.operands == ["c", "e", "-1"])
        #expect(read.settings == ["PASSERELLE_IPC": "p"])
        #expect(try Invocation.parse(["publish", "c", "e", "-"]).operands == ["c", "e", "-"])
        #expect(
            try Invocation.parse(["publish", "--", "c", "--e", "1"]).operands == ["c", "--e", "1"])
        #expect(try Invocation.parse(["tail", "a", "b", "c"]).operands == ["a", "b", "c"])
    }

    @Test func `a command has options of its own`() throws {
        let read = try Invocation.parse([
            "tail", "--after=k-1", "--last", "5", "--pretty", "--once", "c",
        ])
        #expect(
            read.options == ["--after": "k-1", "--last": "5", "--pretty": "", "--once": ""])
    }

    @Test func `every form of the help flag requests help`() throws {
        #expect(try Invocation.parse(["--help"]) == Invocation(.help))
        #expect(try Invocation.parse(["-h"]) == Invocation(.help))
        for command in Command.allCases {
            #expect(try Invocation.parse([command.rawValue, "--help", "--nonsense"]).wantsHelp)
            #expect(try Invocation.parse([command.rawValue, "-h"]).command == command)
        }
    }

    @Test(arguments: [
        ([], "no command given; 'passerelle help' lists them"),
        (["srve"], "unknown command \"srve\"; did you mean 'serve'?"),
        (
            ["xyzzy\u{1B}[2J"],
            "unknown command \"xyzzy\\u{1b}[2J\"; 'passerelle help' lists them"
        ),
        (
            ["token", "c", "--sub", "x"],
            "unknown flag \"--sub\" for 'token'; see 'passerelle token --help'"
        ),
        (["serve", "--htpp", "x"], "unknown flag \"--htpp\" for 'serve'; did you mean --http?"),
        (
            ["tail", "--http", "x"],
            "unknown flag \"--http\" for 'tail'; see 'passerelle tail --help'"
        ),
        (["serve", "-x=secret"], "unknown flag \"-x\" for 'serve'; see 'passerelle serve --help'"),
        (
            ["serve", "--http"],
            "--http requires a value: --http ADDRESS,…; see 'passerelle serve --help'"
        ),
        (
            ["serve", "--env-file"],
            "--env-file requires a value: --env-file PATH; see 'passerelle serve --help'"
        ),
        (
            ["tail", "--after"],
            "--after requires a value: --after POSITION; see 'passerelle tail --help'"
        ),
        (["tail", "--json=1", "c"], "--json takes no value; see 'passerelle tail --help'"),
        (["tail", "--help=1"], "--help takes no value; see 'passerelle tail --help'"),
        (["tail"], "'tail' requires CHANNEL; see 'passerelle tail --help'"),
        (["publish", "c"], "'publish' requires EVENT; see 'passerelle publish --help'"),
        (
            ["members", "a", "b"],
            "unexpected argument \"b\" for 'members'; see 'passerelle members --help'"
        ),
        (
            ["serve", "now"],
            "unexpected argument \"now\" for 'serve'; see 'passerelle serve --help'"
        ),
        (
            ["tail", "c", "--json", "--pretty"],
            "--json and --pretty cannot be combined; see 'passerelle tail --help'"
        ),
        (
            ["tail", "c", "--last", "0"],
            "invalid value \"0\" for --last; expected a number from 1 to 1000000; see 'passerelle tail --help'"
        ),
    ])
    func `an invalid command line has a one-line message`(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try Invocation.parse(arguments) }
        #expect(error?.message == message)
        #expect(UsageError.exitCode == 64)
    }

    @Test(arguments: [
        ("--pusher-secret", "PUSHER_SECRET", "pusher-secret"),
        ("--pusher-secret=7ad37731", "PUSHER_SECRET", "pusher-secret"),
        ("--token-key=7ad37731", "PASSERELLE_TOKEN_KEY", "token-key"),
    ])
    func `a secret is refused as a flag and is not shown`(
        flag: String, name: String, credential: String
    ) throws {
        for command in ["serve", "tail"] {
            let error = #expect(throws: UsageError.self) {
                try Invocation.parse([command, flag, "7ad37731"])
            }
            #expect(
                error?.message == flag.prefix { $0 != "=" }
                    + " is refused, since every user of this host can read a process's arguments; set "
                    + name + " in the environment or in a file given with --env-file, or give the"
                    + " credential " + credential)
        }
    }
}
