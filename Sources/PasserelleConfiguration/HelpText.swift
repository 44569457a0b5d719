// SPDX-License-Identifier: MIT

/// The output of `--help` and `passerelle help`; each text ends with a line break.
package enum HelpText {
    /// The overview: a description of the program and its commands.
    package static func overview() -> String {
        let commands = Command.allCases.map { row($0.rawValue, $0.summary, width: 9) }
        return """
            Passerelle is a gateway between Pusher Channels and clients without a WebSocket. It
            serves events as Server-Sent Events, by polling, and as lines on a Unix socket.

            Usage: passerelle COMMAND [OPTION]...

            \(commands.joined(separator: "\n"))

            'passerelle help COMMAND' describes a command, and 'passerelle help variables' lists
            the configuration. 'passerelle --version' prints the version.
            To get started, run: passerelle demo
            """ + "\n"
    }

    /// Returns the help for the operand of `passerelle help`: a command, or `variables`.
    package static func topic(_ invocation: Invocation) throws(UsageError) -> String {
        let isMarkdown = invocation.options["--markdown"] != nil
        guard let word = invocation.operands.first else { return overview() }
        if word == "variables" { return variables(markdown: isMarkdown) }
        guard let topic = Command(rawValue: word) else { throw .unknownTopic(word) }
        return command(topic)
    }

    /// The help of one command.
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
                "Variables, with their flags:\n" + entries.joined(separator: "\n"))
        }
        sections.append("Examples:\n" + examples(command).map { "  " + $0 }.joined(separator: "\n"))
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// The list of variables, for a terminal or as the Markdown table of deploy/README.md.
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
        "--env-file PATH",
        "Read variables from a file as Next.js reads .env.local; repeatable, last wins")
    private static let helpRow = row("--help", "Print this help")

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

extension HelpText {
    /// The description of a command.
    package static func about(_ command: Command) -> String {
        switch command {
        case .serve:
            """
            Runs the gateway: subscribes to Channels with the application's credentials and
            serves the events at /events (Server-Sent Events), at /poll and on a Unix
            socket. Runs until SIGTERM or SIGINT.

            Each variable can be set in the environment or by its flag. Flags take precedence
            over the environment, which takes precedence over the files of --env-file.
            Secrets have no flag: set them in the environment, in a file, or as a credential
            of systemd (LoadCredential=), such as $CREDENTIALS_DIRECTORY/pusher-secret.

            Exit codes: 1 it cannot start now (an address is in use or not available),
            64 usage error, 69 Channels refused permanently, 71 the event loop failed,
            78 configuration error, which includes an address or a socket path that may
            not be bound and a state directory that cannot be read.
            """
        case .sandbox:
            """
            Runs a server that implements the WebSocket protocol and the REST API of
            Channels, for development and tests. It needs no account and listens on loopback
            addresses only.
            """
        case .demo:
            """
            Runs the sandbox, a gateway that is connected to it, and a page with both sides
            of a chat, in one process. Prints the addresses to open. No connection leaves
            this host.
            """
        case .tail:
            """
            Prints the events of one or more channels as the gateway receives them, one JSON
            object per line. If the connection to the gateway is lost, it reconnects and
            continues at its position; missing events are reported as a passerelle:gap
            event. Exits on Ctrl-C, or when its output is closed.
            """
        case .members: "Lists the members of a presence channel."
        case .publish:
            """
            Sends a server event to all subscribers of a channel, once, through the gateway.
            JSON is the data of the event, or - to read it from standard input. Prints
            nothing on success.
            Exit codes: 1 the gateway refused, for the reason printed; 69 no gateway is
            running.
            """
        case .typing:
            """
            Sends a client event that reports that a user started or stopped typing. All
            subscribers of the channel receive it, except the user's own readers. Prints
            nothing on success.
            """
        case .revoke:
            """
            Ends a user's event streams, waiting polls and membership, in one channel or,
            without CHANNEL, in all. The user's readers are refused until the application's
            auth route authorizes the user again, or until they present a token issued
            later (its iat). Prints the number of streams that ended.
            Exit codes: 1 the gateway refused, for the reason printed; 69 no gateway is
            running.
            """
        case .status:
            "Prints the state of the gateway: its connection to Channels, channels and readers."
        case .upgrade:
            """
            Starts the program that is now on disk next to the running gateway, which hands
            over to it: listeners, log, positions, streams, polls, connections to the Unix
            socket, and members. Readers notice nothing; over TLS they reconnect. If the new
            process does not take over, the running one continues. SIGUSR2 does the same.
            Prints the version that runs now.
            Exit codes: 1 the running process stays, for the reason printed; 69 no gateway
            is running.
            """
        case .token:
            """
            Signs an access token with PASSERELLE_TOKEN_KEY or with a private key, and
            prints it. The token grants access to the given channels; one * in each matches
            any characters. For tests and scripts: an application signs its own tokens with
            any JWT library.
            """
        case .check:
            """
            Reads the configuration as serve does and tests, in this order: name resolution,
            the network path and TLS to Channels, the clocks, the id, key and secret, a
            subscription, a client event, the application's auth route, and the resources of
            this machine. Each line shows the test, its result and the remedy. During the
            check, the gateway is briefly a member of a channel, but sends nothing that
            readers receive. Run it as the user that the gateway runs as.

            With --public, it also tests the running gateway through the proxies in front of
            it: whether a gateway of this application answers, whether cookies and other
            header fields arrive, whether events arrive without delay, and whether silent
            streams and polls are cut off. It sends no user's credentials except those of
            --as; it authenticates with PUSHER_SECRET, on a channel of its own.

            Exit codes: 0 success, 1 a test failed, 2 no test failed and there are warnings,
            64 usage error, 78 configuration error.
            """
        case .help: "Describes a command, or lists the variables ('passerelle help variables')."
        }
    }

    /// Example command lines.
    package static func examples(_ command: Command) -> [String] {
        switch command {
        case .serve:
            [
                "passerelle serve --env-file .env.local --auth none",
                "PASSERELLE_AUTH=none passerelle serve --http unix:/run/passerelle/http.sock",
            ]
        case .sandbox:
            [
                "passerelle sandbox",
                "passerelle sandbox --sandbox 127.0.0.1:6002 --sandbox-webhook"
                    + " http://127.0.0.1:3000/hooks",
            ]
        case .demo: ["passerelle demo", "passerelle demo --http 127.0.0.1:9000"]
        case .tail:
            [
                "passerelle tail presence-bail-42",
                "passerelle tail --pretty --last 20 presence-bail-42 presence-bail-43",
                "passerelle tail presence-bail-42"
                    + " | jq -c 'select(.event == \"new-message\") | .data'",
            ]
        case .members: ["passerelle members presence-bail-42"]
        case .publish:
            [
                "passerelle publish presence-bail-42 request-updated '{\"status\":\"signed\"}'",
                "passerelle publish presence-bail-42 request-updated - < update.json",
            ]
        case .typing: ["passerelle typing presence-bail-42 usr_7 on"]
        case .revoke: ["passerelle revoke usr_7", "passerelle revoke usr_7 presence-bail-42"]
        case .status: ["passerelle status", "passerelle status --json | jq .upstream"]
        case .upgrade: ["passerelle upgrade"]
        case .token:
            [
                "passerelle token presence-bail-42 --user usr_7 --info '{\"name\":\"Anne\"}'",
                "passerelle token 'presence-bail-*' --for 8h --key private.pem",
            ]
        case .check:
            [
                "passerelle check --env-file .env.local --auth none",
                "passerelle check --env-file .env.local --public https://chat.example/",
                "passerelle check --json | jq '.checks[] | select(.status == \"failed\")'",
            ]
        case .help: ["passerelle help serve", "passerelle help variables --markdown"]
        }
    }
}
