// SPDX-License-Identifier: MIT

extension HelpText {
    /// What a command does, in a paragraph.
    static func about(_ command: Command) -> String {
        switch command {
        case .serve:
            """
            Runs the gateway: subscribes to Channels with the application's server credentials, and \
            serves
            what it hears at /events (Server-Sent Events), at /poll and on a Unix socket. Runs until
            SIGTERM or SIGINT.

            Every option is an environment variable with a flag. A flag wins over the environment, \
            which
            wins over the files of --env-file. Secrets have no flag: they come from the environment, \
            a file,
            or $CREDENTIALS_DIRECTORY/pusher-secret (systemd's LoadCredential=).
            Exit codes: 64 usage, 69 Channels refuses for good, 78 configuration.
            """
        case .sandbox:
            """
            Runs a server that speaks Channels' WebSocket protocol and REST interface, on this host \
            only
            and without an account: for development and tests.
            """
        case .demo:
            """
            Runs the sandbox, a gateway that is connected to it, and a page with two sides of a \
            chat, all in
            one process, and prints the addresses to open. Nothing leaves this host.
            """
        case .tail:
            """
            Prints the events of one or more channels, one JSON object a line, as the gateway hears \
            them.
            When the connection to the gateway is lost it connects again and goes on where it was; a \
            hole
            is told as a passerelle:gap event. Ends quietly on Ctrl-C, or when nobody reads its output.
            """
        case .members: "Prints who is in a presence channel."
        case .publish:
            """
            Sends an event to a channel through the gateway, as the application's server would: once, \
            to
            everybody who listens. JSON is the event's data, or - to read it from standard input. \
            Prints
            nothing when all is well.
            Exit codes: 1 the gateway refused, and says why; 69 there is no gateway.
            """
        case .typing:
            """
            Says on a channel that a user types, or no longer does, as a client event. Everybody who \
            listens
            hears it but the user's own readers. Prints nothing when all is well.
            """
        case .status: "Prints how the gateway is: its connection to Channels, channels and readers."
        case .token:
            """
            Signs an access token with PASSERELLE_TOKEN_KEY, or with a private key, and prints it. It
            opens the channels named, in each of which one * may stand for any characters. For tests \
            and
            scripts: an application signs its own, with any JWT library.
            """
        case .check:
            """
            Reads the configuration as serve does and tries, one after another: the names, the way \
            and TLS to
            Channels, the clocks, id, key and secret, a subscription, a client event, the \
            application's auth
            route, and what this machine has. Each line says what was tried, what came back, and \
            what to do.
            It is on a channel for a moment, as a member, and says nothing that readers would hear. \
            Run it as
            the user that the gateway runs as.

            With --public it looks at the running gateway through whatever stands in front of it too: \
            whether a
            gateway of this application answers there, whether cookies and other fields arrive, whether \
            events
            come when they are said, and whether something cuts silent streams and polls. It shows \
            nobody's
            credentials but those of --as: what it may do it shows by PUSHER_SECRET, on a channel of \
            its own.
            Exit codes: 0 all is well, 1 something failed, 2 nothing did and there are warnings, 64 \
            usage, 78
            configuration.
            """
        case .help: "Explains a command, or lists the variables ('passerelle help variables')."
        }
    }

    /// Command lines to begin with.
    static func examples(_ command: Command) -> [String] {
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
                "passerelle tail presence-bail-42 | jq -c 'select(.event == \"new-message\") | .data'",
            ]
        case .members: ["passerelle members presence-bail-42"]
        case .publish:
            [
                "passerelle publish presence-bail-42 request-updated '{\"status\":\"signed\"}'",
                "passerelle publish presence-bail-42 request-updated - < update.json",
            ]
        case .typing: ["passerelle typing presence-bail-42 usr_7 on"]
        case .status: ["passerelle status", "passerelle status --json | jq .upstream"]
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
