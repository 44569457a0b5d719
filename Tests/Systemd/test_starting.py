# SPDX-License-Identifier: MIT
"""The start of the service, and the cases in which it refuses to start."""

import os
import socket
import subprocess

from channels import KEY, SECRET, Blackhole, ask, get
from units import (
    CHANNEL,
    CONFIGURATION,
    IPC,
    ROOT,
    SERVICE,
    SOCKETS,
    UnitTest,
    journal,
    run,
    said,
    show,
    systemctl,
    until,
)


class Activation(UnitTest):
    def start_by(self, connect):
        systemctl("start", *SOCKETS)
        self.assertEqual(show("ActiveState"), "inactive")
        connect()
        until(lambda: show("ActiveState") == "active", "the service is up")
        systemctl("stop", *SOCKETS, SERVICE)

    def test_the_first_connection_on_each_socket_starts_it_and_is_answered(self):
        for host in ["127.0.0.1", "::1"]:
            with self.subTest(host):
                self.start_by(lambda: self.assertEqual(get("/healthz", host), (200, "ok\n")))
        with self.subTest("admin"):
            self.start_by(self.scrape)
        with self.subTest("unix"):
            self.start_by(lambda: self.assertEqual(ask(IPC, "PING"), "OK PING"))

    def scrape(self):
        status, text = get("/metrics", port=8081)
        self.assertEqual(status, 200)
        self.assertIn("passerelle_readers", text)
        self.assertEqual(get("/poll", port=8081)[0], 404)

    def test_it_listens_on_every_passed_descriptor_of_a_name_only(self):
        self.drop_in("[Socket]\nListenStream=/run/more.sock\n", SOCKETS[0])
        # Variables that the descriptors replace are not even parsed.
        self.configure(PASSERELLE_HTTP="127.0.0.1:6001")
        systemctl("start", *SOCKETS)
        systemctl("start", SERVICE)
        self.assertEqual(get("/healthz")[0], 200)
        self.assertEqual(get("/healthz", "::1")[0], 200)
        with socket.socket(socket.AF_UNIX) as link:
            link.connect("/run/more.sock")
            link.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(link.recv(100).startswith(b"HTTP/1.1 200"))
        self.assertFalse(os.path.exists("/run/passerelle/passerelle.sock"))
        names = [record["PASSERELLE_SYSTEMD"] for record in journal(since=self.since)
                 if record["MESSAGE"].startswith("listening")]
        self.assertEqual(sorted(names), ["admin", "http", "http", "http", "ipc"])

    def test_without_activation_it_listens_itself(self):
        systemctl("start", SERVICE)
        self.assertEqual(get("/healthz"), (200, "ok\n"))
        self.assertEqual(ask("/run/passerelle/passerelle.sock", "PING"), "OK PING")
        self.assertIn("upstream", run("/usr/bin/passerelle", "status"))
        systemctl("stop", SERVICE)
        self.assertFalse(os.path.exists("/run/passerelle"))

    def test_sockets_of_a_wrong_kind_or_name_are_refused_in_one_line(self):
        cases = [
            ("ListenStream=\nListenDatagram=127.0.0.1:8080\n", "is a datagram socket"),
            ("FileDescriptorName=web\n", "is not a known name"),
            (
                "FileDescriptorName=admin\nListenStream=\nListenStream=0.0.0.0:8080\n",
                "without authentication",
            ),
            ("FileDescriptorName=ipc\n", "is not a Unix socket"),
            ("ListenStream=\nListenStream=0.0.0.0:8080\n", "other hosts can reach"),
        ]
        for settings, words in cases:
            with self.subTest(words):
                self.drop_in(f"[Socket]\n{settings}", SOCKETS[0])
                systemctl("start", SOCKETS[0])
                systemctl("start", SERVICE, check=False)
                line = self.fails_with(78)
                self.assertIn("systemd passed descriptor 3", line)
                self.assertIn(words, line)
                self.assertIn(words, show("StatusText"))
                systemctl("stop", SOCKETS[0])
                systemctl("reset-failed", SERVICE)


class Readiness(UnitTest):
    sandbox_runs = False

    def test_it_is_ready_once_it_listens_and_has_tried_channels(self):
        channels = Blackhole()
        self.addCleanup(channels.close)
        systemctl("start", "--no-block", SERVICE)
        until(lambda: "listening" in " ".join(self.messages()), "the listeners")
        until(lambda: channels.taken, "the attempt upstream")
        self.assertEqual(get("/healthz")[0], 200)
        self.assertEqual(get("/readyz")[0], 503)
        self.assertEqual(show("ActiveState"), "activating")
        self.assertEqual(show("StatusText"), "Listening; Channels is connecting")
        channels.close()
        until(lambda: show("ActiveState") == "active", "readiness")
        until(lambda: "0 readers on 1 channel" in show("StatusText"), "the status")
        self.assertEqual(get("/readyz")[0], 200)

    def test_an_unreachable_channels_does_not_delay_the_start(self):
        systemctl("start", SERVICE)
        self.assertTrue(show("StatusText").startswith("Channels waiting"), show("StatusText"))


class Refusals(UnitTest):
    def start_in_vain(self, code):
        systemctl("start", SERVICE, check=False)
        line = self.fails_with(code)
        # systemd must not restart it meanwhile.
        self.assertEqual((show("NRestarts"), show("ActiveState")), ("0", "failed"))
        systemctl("reset-failed", SERVICE)
        return line

    def test_a_wrong_configuration_is_not_retried(self):
        self.configure(PASSERELLE_LOG="loud")
        line = self.start_in_vain(78)
        self.assertIn("PASSERELLE_LOG", line)
        self.assertIn("/etc/passerelle/passerelle.env:8", line)

    def test_a_wrong_command_line_is_not_retried(self):
        self.drop_in("[Service]\nExecStart=\nExecStart=/usr/bin/passerelle serve --no\n", name="x")
        self.assertIn("--no", self.start_in_vain(64))

    def test_a_permanent_refusal_of_channels_is_not_retried(self):
        self.configure(PUSHER_KEY="no-such-key")
        self.assertIn("PUSHER_KEY", self.start_in_vain(69))

    def test_no_connection_restarts_a_wrong_configuration_forever(self):
        self.drop_in("[Unit]\nStartLimitIntervalSec=600s\n", name="zz")
        self.configure(PASSERELLE_LOG="loud")
        systemctl("start", *SOCKETS)
        waiting = socket.create_connection(("127.0.0.1", 8080))
        self.addCleanup(waiting.close)
        until(lambda: show("Result", SOCKETS[0]) == "service-start-limit-hit", "the limit")
        starts = [r for r in journal(since=self.since) if r["MESSAGE"].startswith("Starting")]
        self.assertLessEqual(len(starts), 6)

    def test_a_port_in_use_is_retried(self):
        other = socket.create_server(("127.0.0.1", 8080))
        systemctl("start", SERVICE, check=False)
        until(lambda: int(show("NRestarts")) >= 1, "a restart")
        other.close()
        until(lambda: show("ActiveState") == "active", "the service is up")


class Credentials(UnitTest):
    def test_a_secret_is_passed_as_a_credential_and_visible_nowhere_else(self):
        systemctl("start", SERVICE)
        until(lambda: show("StatusText").startswith("Channels connected"), "the connection")
        pid = show("MainPID")
        for file in ["environ", "cmdline"]:
            with open(f"/proc/{pid}/{file}", "rb") as opened:
                self.assertNotIn(SECRET.encode(), opened.read())
        self.assertNotIn(SECRET, systemctl("show", SERVICE))

    def test_if_a_file_is_missing_its_variable_is_named(self):
        (CONFIGURATION / "pusher-secret").unlink()
        systemctl("start", SERVICE, check=False)
        self.assertIn("PUSHER_SECRET is not set", self.fails_with(78))


class Files(UnitTest):
    """The unit files themselves."""

    def test_the_units_are_valid_and_the_exposure_is_low(self):
        names = [f"./{name}" for name in [*SOCKETS, SERVICE]]
        words = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", *names]
        done = subprocess.run(words, cwd=ROOT / "deploy", capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        run("systemd-analyze", "security", "--offline=true", "--threshold=10",
            str(ROOT / "deploy" / SERVICE))

    def test_the_user_units_are_valid_and_complete(self):
        names = [f"./{name}" for name in [*SOCKETS, SERVICE]]
        words = ["systemd-analyze", "--user", "verify", "--man=no", "--recursive-errors=yes", *names]
        done = subprocess.run(
            words, cwd=ROOT / "deploy" / "user", capture_output=True, text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": "/run"},
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
