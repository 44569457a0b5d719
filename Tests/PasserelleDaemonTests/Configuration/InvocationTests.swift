// SPDX-License-Identifier: MIT
import PasserelleDaemon
import Testing

struct InvocationTests {
    @Test func `flags set variables, by word or by equals sign`() throws {
        let read = try Invocation.parse([
            "serve", "--http", "127.0.0.1:1", "--linger=5m", "--env-file", "a", "--env-file=b",
            "--pusher-key", "-k", "--linger=6m",
        ])
        var told = Invocation(.serve)
        told.environmentFiles = ["a", "b"]
        told.settings = [
            "PASSERELLE_HTTP": "127.0.0.1:1", "PASSERELLE_LINGER": "6m", "PUSHER_KEY": "-k",
        ]
        #expect(read == told)
    }

    @Test func `words that are no flags are operands`() throws {
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

    @Test func `help is asked for in every way`() throws {
        #expect(try Invocation.parse(["--help"]) == Invocation(.help))
        #expect(try Invocation.parse(["-h"]) == Invocation(.help))
        for command in Command.allCases {
            #expect(try Invocation.parse([command.rawValue, "--help", "--nonsense"]).wantsHelp)
            #expect(try Invocation.parse([command.rawValue, "-h"]).command == command)
        }
    }

    @Test(arguments: [
        ([], "no command given; 'passerelle help' lists them"),
        (["srve"], "there is no command \"srve\"; did you mean 'serve'?"),
        (
            ["xyzzy\u{1B}[2J"],
            "there is no command \"xyzzy\\u{1b}[2J\"; 'passerelle help' lists them"
        ),
        (
            ["token", "c", "--sub", "x"],
            "'token' has no flag \"--sub\"; see 'passerelle token --help'"
        ),
        (["serve", "--htpp", "x"], "'serve' has no flag \"--htpp\"; did you mean --http?"),
        (["tail", "--http", "x"], "'tail' has no flag \"--http\"; see 'passerelle tail --help'"),
        (["serve", "-x=secret"], "'serve' has no flag \"-x\"; see 'passerelle serve --help'"),
        (
            ["serve", "--http"],
            "--http needs a value, --http ADDRESS,…; see 'passerelle serve --help'"
        ),
        (
            ["serve", "--env-file"],
            "--env-file needs a value, --env-file PATH; see 'passerelle serve --help'"
        ),
        (
            ["tail", "--after"],
            "--after needs a value, --after POSITION; see 'passerelle tail --help'"
        ),
        (["tail", "--json=1", "c"], "--json takes no value; see 'passerelle tail --help'"),
        (["tail", "--help=1"], "--help takes no value; see 'passerelle tail --help'"),
        (["tail"], "'tail' needs CHANNEL; see 'passerelle tail --help'"),
        (["publish", "c"], "'publish' needs EVENT; see 'passerelle publish --help'"),
        (["members", "a", "b"], "'members' does not take \"b\"; see 'passerelle members --help'"),
        (["serve", "now"], "'serve' does not take \"now\"; see 'passerelle serve --help'"),
        (
            ["tail", "c", "--json", "--pretty"],
            "--json and --pretty cannot go together; see 'passerelle tail --help'"
        ),
        (
            ["tail", "c", "--last", "0"],
            "--last does not take \"0\"; it takes a number from 1 to 1000000; see 'passerelle tail --help'"
        ),
    ])
    func `a bad command line is told in one line`(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try Invocation.parse(arguments) }
        #expect(error?.message == message)
        #expect(UsageError.exitCode == 64)
    }

    @Test(arguments: [
        ("--pusher-secret", "PUSHER_SECRET", "pusher-secret"),
        ("--pusher-secret=7ad37731", "PUSHER_SECRET", "pusher-secret"),
        ("--token-key=7ad37731", "PASSERELLE_TOKEN_KEY", "token-key"),
    ])
    func `a secret is not taken as a flag, and not shown`(
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
