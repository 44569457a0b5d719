# SPDX-License-Identifier: MIT
"""The running service: reload, restart, watchdog, log, sandbox, end."""

import json
import os
import signal
import socket
import time

from channels import SECRET, Reader, get
from load import Knocker, Writer, gaps_of
from units import (
    CHANNEL,
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


class Reload(UnitTest):
    def test_the_environment_file_is_read_again_and_no_stream_is_dropped(self):
        systemctl("start", SERVICE)
        pid = show("MainPID")
        reader = Reader(CHANNEL)
        self.addCleanup(reader.close)
        until(lambda: reader.position, "the stream")
        self.configure(PASSERELLE_LOG="debug", PASSERELLE_LINGER="1m")
        systemctl("reload", SERVICE)
        until(lambda: "reloaded changed=PASSERELLE_LOG" in self.messages(), "the reload")
        self.assertIn(
            "changed, but requires a restart variables=PASSERELLE_LINGER", self.messages()
        )
        self.assertEqual(get(f"/poll?channel=presence-bail-2")[0], 200)
        until(lambda: "subscribed channel=presence-bail-2" in self.messages(), "a debug line")
        self.configure(PASSERELLE_LOG="loud")
        systemctl("reload", SERVICE)
        until(lambda: any("not reloaded" in each for each in self.messages()), "the refusal")
        self.sandbox.publish(CHANNEL, "new-message", {"n": 1})
        until(lambda: reader.numbers() == [1], "the event")
        self.assertEqual((show("ActiveState"), show("MainPID")), ("active", pid))
        self.assertEqual(reader.connections, 1)


class Restart(UnitTest):
    def test_under_load_no_request_is_refused_and_every_stream_continues(self):
        systemctl("start", *SOCKETS)
        readers = [Reader(CHANNEL) for _ in range(20)]
        for reader in readers:
            self.addCleanup(reader.close)
        until(lambda: all(reader.position for reader in readers), "the streams")
        knocker = Knocker()
        self.addCleanup(knocker.stop)
        writer = Writer(self.sandbox, CHANNEL)
        self.addCleanup(writer.stop)
        for round in range(3):
            begin = writer.number
            until(lambda: writer.number > begin + 30, "more events")
            systemctl("restart", SERVICE)
        begin = writer.number
        until(lambda: writer.number > begin + 30, "the last events")
        writer.stop()
        for reader in readers:
            until(lambda: reader.numbers()[-1:] == [writer.number], "the last event")
            gaps = gaps_of(reader.told)
            self.assertIn("restart", gaps)
            self.assertNotIn("unknown-position", gaps)
            self.assertGreaterEqual(reader.connections, 4)
            self.assertEqual(reader.refused, 0)
        self.assertEqual(knocker.refused, 0)
        self.assertGreater(knocker.answered, 30)


class Upgrade(UnitTest):
    def upgraded(self, *words):
        """Upgrades with a command, and waits until another process is the service's."""
        pid = show("MainPID")
        run(*words)
        until(lambda: show("MainPID") not in ["0", pid], "another main process")
        until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the former process")

    def test_under_load_no_stream_ends_and_there_is_no_gap(self):
        systemctl("start", *SOCKETS)
        systemctl("start", SERVICE)
        readers = [Reader(CHANNEL) for _ in range(20)]
        for reader in readers:
            self.addCleanup(reader.close)
        until(lambda: all(reader.position for reader in readers), "the streams")
        knocker = Knocker()
        self.addCleanup(knocker.stop)
        writer = Writer(self.sandbox, CHANNEL)
        self.addCleanup(writer.stop)
        for words in [
            ["passerelle", "upgrade", "--ipc", IPC],
            ["systemctl", "kill", "--signal=SIGUSR2", "--kill-who=main", SERVICE],
            ["passerelle", "upgrade"],
        ]:
            begin = writer.number
            until(lambda: writer.number > begin + 30, "more events")
            self.upgraded(*words)
            self.assertEqual(show("ActiveState"), "active")
        begin = writer.number
        until(lambda: writer.number > begin + 30, "the last events")
        writer.stop()
        for reader in readers:
            until(lambda: reader.numbers()[-1:] == [writer.number], "the last event")
            self.assertEqual(gaps_of(reader.told), [])
            self.assertEqual(reader.numbers(), list(range(reader.numbers()[0], writer.number + 1)))
            self.assertEqual((reader.connections, reader.refused), (1, 0))
        self.assertEqual(knocker.refused, 0)
        self.assertEqual(show("NRestarts"), "0")
        # The service is the same for systemd: it reloads, reports and stops as before.
        self.configure(PASSERELLE_LOG="debug")
        systemctl("reload", SERVICE)
        until(lambda: "reloaded changed=PASSERELLE_LOG" in self.messages(), "the reload")
        until(lambda: "20 readers" in show("StatusText"), "the status of the new process")
        systemctl("stop", SERVICE)
        self.assertEqual((show("Result"), show("ExecMainStatus")), ("success", "0"), said())

    def test_a_new_process_that_fails_changes_nothing(self):
        systemctl("start", *SOCKETS)
        systemctl("start", SERVICE)
        reader = Reader(CHANNEL)
        self.addCleanup(reader.close)
        until(lambda: reader.position, "the stream")
        pid = show("MainPID")
        self.configure(PASSERELLE_LINGER="never")
        with self.assertRaises(AssertionError):
            run("passerelle", "upgrade", "--ipc", IPC)
        self.assertTrue(any("this one continues" in each for each in self.messages()), said())
        self.sandbox.publish(CHANNEL, "new-message", {"n": 1})
        until(lambda: reader.numbers() == [1], "the event")
        self.assertEqual((show("MainPID"), show("ActiveState")), (pid, "active"))
        self.assertEqual(reader.connections, 1)

    def test_the_watchdog_observes_the_new_process(self):
        self.drop_in("[Service]\nWatchdogSec=5s\n", name="zz")
        systemctl("start", *SOCKETS)
        systemctl("start", SERVICE)
        self.upgraded("passerelle", "upgrade", "--ipc", IPC)
        time.sleep(7)
        self.assertEqual(show("NRestarts"), "0", said())
        os.kill(int(show("MainPID")), signal.SIGSTOP)
        until(lambda: show("NRestarts") == "1", "the restart")


class Watchdog(UnitTest):
    def test_a_blocked_loop_is_killed_and_restarted(self):
        self.drop_in("[Service]\nWatchdogSec=5s\n", name="zz")
        systemctl("start", *SOCKETS)
        systemctl("start", SERVICE)
        reader = Reader(CHANNEL)
        self.addCleanup(reader.close)
        until(lambda: reader.position, "the stream")
        # A live, idle gateway must outlive the watchdog's limit.
        time.sleep(7)
        self.assertEqual(show("NRestarts"), "0", said())
        os.kill(int(show("MainPID")), signal.SIGSTOP)
        until(lambda: show("NRestarts") == "1", "the restart")
        until(lambda: show("ActiveState") == "active", "the service is up again")
        self.assertTrue(any("watchdog" in r["MESSAGE"].lower() for r in journal(since=self.since)))
        until(lambda: reader.connections == 2, "the stream again")
        self.sandbox.publish(CHANNEL, "new-message", {"n": 1})
        until(lambda: reader.numbers() == [1], "the event")


class Journal(UnitTest):
    def test_records_have_fields_and_neither_contents_nor_secrets(self):
        self.configure(PASSERELLE_LOG="debug")
        systemctl("start", SERVICE)
        reader = Reader(CHANNEL)
        self.addCleanup(reader.close)
        until(lambda: reader.position, "the stream")
        self.sandbox.publish(CHANNEL, "new-message", {"n": 1, "content": "Chut-rien-a-voir"})
        until(lambda: reader.numbers() == [1], "the event")
        records = [r for r in journal(since=self.since) if r["_COMM"] == "passerelle"]
        subscribed = [r for r in records if r.get("PASSERELLE_CHANNEL") == CHANNEL]
        self.assertTrue(subscribed, records)
        record = subscribed[0]
        self.assertEqual(record["MESSAGE"], f"subscribed channel={CHANNEL}")
        self.assertEqual(record["PRIORITY"], "7")
        self.assertEqual(record["SYSLOG_IDENTIFIER"], "passerelle")
        self.assertEqual(record["_SYSTEMD_UNIT"], SERVICE)
        self.assertEqual(record["_TRANSPORT"], "journal")
        listening = [r for r in records if r["MESSAGE"].startswith("listening")]
        self.assertEqual({r["PRIORITY"] for r in listening}, {"6"})
        self.assertIn("127.0.0.1:8080", [r["PASSERELLE_ON"] for r in listening])
        everything = json.dumps(journal(since=self.since))
        for hidden in ["Chut-rien-a-voir", SECRET]:
            self.assertNotIn(hidden, everything)


class Ending(UnitTest):
    def test_a_reader_that_receives_nothing_does_not_delay_the_stop(self):
        # The stall time is longer than systemd's limit for the stop.
        self.configure(PASSERELLE_STALL="1h")
        systemctl("start", SERVICE)
        stuck = socket.create_connection(("127.0.0.1", 8080))
        self.addCleanup(stuck.close)
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(f"GET /events?channel={CHANNEL} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        reader = Reader(CHANNEL)
        self.addCleanup(reader.close)
        until(lambda: reader.position, "the stream")
        for number in range(1, 200):
            self.sandbox.publish(CHANNEL, "new-message", {"n": number, "x": "x" * 9000})
        systemctl("stop", SERVICE)
        self.assertEqual((show("Result"), show("ExecMainStatus")), ("success", "0"), said())
        self.assertIn("stopping signal=SIGTERM", self.messages())


PROBE = """
import ctypes, errno, json, mmap, os, socket
def attempt(body):
    try:
        body()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
libc = ctypes.CDLL(None, use_errno=True)
def unshare():
    if libc.unshare(0x10000000): raise OSError(ctypes.get_errno(), "")
def reachable(path): open(path, "rb").close()
state = os.environ["STATE_DIRECTORY"]
print(json.dumps({
    "write /etc": attempt(lambda: open("/etc/probe", "w")),
    "write /usr": attempt(lambda: open("/usr/probe", "w")),
    "write /": attempt(lambda: open("/probe", "w")),
    "write state": attempt(lambda: open(state + "/probe", "w")),
    "list /root": attempt(lambda: os.listdir("/root")),
    "secret file": attempt(lambda: reachable("/etc/passerelle/pusher-secret")),
    "credential": attempt(lambda: reachable(os.environ["CREDENTIALS_DIRECTORY"] + "/pusher-secret")),
    "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    "packet": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "inet": attempt(lambda: socket.socket(socket.AF_INET)),
    "namespace": attempt(unshare),
    "write and run": attempt(lambda: mmap.mmap(-1, 4096, prot=7)),
    "low port": attempt(lambda: socket.create_server(("127.0.0.1", 79))),
    "system": sorted(set(os.listdir("/")) - {"bin", "dev", "etc", "lib", "lib64", "opt", "proc",
        "root", "run", "sbin", "sys", "tmp", "usr", "var"}),
    "runtime": sorted(os.listdir("/run")),
    "disk": attempt(lambda: os.listdir("/dev/disk")),
    "other processes": sum(name.isdigit() for name in os.listdir("/proc")),
    "root": os.getuid() == 0,
    "capabilities": [l.split()[1] for l in open("/proc/self/status") if l.startswith("CapBnd")],
}))
"""


class Sandboxed(UnitTest):
    def test_the_service_can_access_only_what_it_needs(self):
        self.drop_in(
            "[Service]\nType=oneshot\nWatchdogSec=0\nExecStart=\n"
            f"ExecStart=/usr/bin/python3 -c '{PROBE_LINE}'\n",
            name="zz",
        )
        systemctl("start", SERVICE)
        lines = [r["MESSAGE"] for r in journal(since=self.since) if r["MESSAGE"][:1] == "{"]
        found = json.loads(lines[-1])
        self.assertLessEqual(found.pop("other processes"), 2)
        self.assertEqual(
            found,
            {
                "write /etc": "EROFS",
                "write /usr": "EROFS",
                "write /": "EROFS",
                "write state": "done",
                "list /root": "EACCES",
                "secret file": "EACCES",
                "credential": "done",
                "netlink": "EAFNOSUPPORT",
                "packet": "EAFNOSUPPORT",
                "inet": "done",
                "namespace": "EPERM",
                "write and run": "EPERM",
                "low port": "EACCES",
                "system": [],
                "runtime": ["credentials", "passerelle", "passerelle-root", "systemd"],
                "disk": "ENOENT",
                "root": False,
                "capabilities": ["0000000000000000"],
            },
        )


# One word of a unit file, without escapes, quotes and specifiers of its own.
PROBE_LINE = (
    "exec(bytes.fromhex(\"" + PROBE.encode().hex() + "\"))"
)
