# SPDX-License-Identifier: MIT
"""The work of an operator: install, configure wrongly, check, fix, restart under load, upgrade, remove.
"""

import socket
import unittest

from channels import KEY, PORT, SECRET, Reader, Sandbox, get
from load import Knocker, Writer, gaps_of
from machine import (
    PROGRAM,
    SERVICE,
    SOCKETS,
    package,
    path,
    put,
    run,
    script,
    show,
    systemctl,
    until,
)

CHANNEL = "presence-bail-1"
CONFIGURATION = f"""\
PUSHER_APP_ID=1001
PUSHER_KEY={KEY}
PUSHER_HOST=127.0.0.1
PUSHER_PORT={PORT}
PUSHER_SCHEME=http
PASSERELLE_AUTH=none
PASSERELLE_PIN={CHANNEL}
"""
READERS = 20


class Operation(unittest.TestCase):
    def test_the_package_from_installation_to_purge(self):
        self.sandbox = Sandbox(PROGRAM)
        self.addCleanup(self.sandbox.stop)
        for each in [
            self.install, self.start_unconfigured, self.configure_wrongly, self.fix,
            self.restart_and_upgrade_under_load, self.remove, self.install_again, self.purge,
        ]:
            with self.subTest(each.__name__):
                each()
                continue
            # After a failed step, all later ones would fail too.
            return

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", 8080)).close()
            return True
        except ConnectionRefusedError:
            return False

    def install(self):
        put(package(1), "/root/first.deb")
        put(package(2), "/root/second.deb")
        self.before = self.files()
        run("apt-get", "install", "-y", "./first.deb")
        self.assertIn("passerelle", run("passerelle", "--version"))
        for unit in [*SOCKETS, SERVICE]:
            self.assertEqual(systemctl("is-enabled", unit, check=False).strip(), "disabled")
            self.assertEqual(show("ActiveState", unit), "inactive")
        self.assertFalse(self.listens())

    def start_unconfigured(self):
        systemctl("start", SERVICE, check=False)
        self.assertEqual(show("ExecMainStatus"), "78")
        self.assertIn("PUSHER_APP_ID", show("StatusText"))
        code, said = self.check()
        self.assertEqual(code, 78, said)
        self.assertIn("PUSHER_APP_ID", said)
        systemctl("reset-failed", SERVICE)

    def configure(self, secret):
        path("/etc/passerelle/passerelle.env").write_text(CONFIGURATION)
        script(f"install -m 600 /dev/stdin /etc/passerelle/pusher-secret <<<{secret}")

    def check(self):
        """Returns the exit code of the check in deploy/README.md, and its output."""
        said = run(
            "bash", "-c", "CREDENTIALS_DIRECTORY=/etc/passerelle passerelle check"
            " --env-file /etc/passerelle/passerelle.env 2>&1; echo $?",
        )
        return int(said.splitlines()[-1]), said

    def configure_wrongly(self):
        self.configure("not-the-secret")
        code, said = self.check()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"FAILED +(rest|subscription) .*\n +=> .*PUSHER_SECRET")
        systemctl("enable", "--now", *SOCKETS)
        self.assertEqual(get("/healthz"), (200, "ok\n"))
        # Without a match, journalctl prints "-- No entries --".
        def refusal():
            log = run("journalctl", "--unit", SERVICE, "--grep", "subscription refused",
                      "--no-pager", check=False)
            return log if "subscription refused" in log else None

        log = until(refusal, "the refusal of Channels in the log")
        self.assertIn(f"channel={CHANNEL}", log)
        self.assertIn("status=401", log)

    def fix(self):
        self.configure(SECRET)
        code, said = self.check()
        self.assertEqual(code, 0, said)
        systemctl("restart", SERVICE)
        # It is answered once the channel is subscribed.
        self.assertEqual(get(f"/poll?channel={CHANNEL}")[0], 200)
        self.sandbox.publish(CHANNEL, "new-message", {"n": 0})
        until(lambda: '"data":{"n": 0}' in get(f"/poll?channel={CHANNEL}&after=earliest")[1], "an event")

    def restart_and_upgrade_under_load(self):
        readers = [Reader(CHANNEL) for _ in range(READERS)]
        for reader in readers:
            self.addCleanup(reader.close)
        until(lambda: all(reader.position for reader in readers), "the streams")
        knocker = Knocker()
        self.addCleanup(knocker.stop)
        writer = Writer(self.sandbox, CHANNEL)
        self.addCleanup(writer.stop)
        pids = {show("MainPID")}
        for step in [
            ["systemctl", "restart", SERVICE],
            ["apt-get", "install", "-y", "./second.deb"],
        ]:
            self.hear_more(writer)
            run(*step)
            pids.add(show("MainPID"))
        self.hear_more(writer)
        writer.stop()
        self.assertEqual(len(pids), 3)
        for reader in readers:
            until(lambda: reader.numbers()[-1:] == [writer.number], "the last event")
            gaps = gaps_of(reader.told)
            self.assertIn("restart", gaps)
            self.assertNotIn("unknown-position", gaps)
            # The restart ends the streams; the upgrade hands them over.
            self.assertEqual((reader.connections, reader.refused), (2, 0))
            reader.close()
        knocker.stop()
        self.assertEqual(knocker.refused, 0)
        self.assertGreater(knocker.answered, 30)
        self.is_upgraded()

    def hear_more(self, writer):
        begin = writer.number
        until(lambda: writer.number > begin + 30, "more events")

    def is_upgraded(self):
        version = run("dpkg-query", "--show", "--showformat=${Version}", "passerelle")
        self.assertTrue(version.endswith("-2"), version)
        # The process runs the installed file, and the operator's configuration is unchanged.
        program = run("readlink", f"/proc/{show('MainPID')}/exe").strip()
        self.assertTrue(program.endswith("/usr/bin/passerelle"), program)
        self.assertEqual(path("/etc/passerelle/passerelle.env").read_text(), CONFIGURATION)
        self.assertEqual(show("NRestarts"), "0")

    def remove(self):
        run("apt-get", "remove", "-y", "passerelle")
        self.assertFalse(self.listens())
        self.assertFalse(path("/usr/bin/passerelle").exists())
        self.assertFalse(path("/run/passerelle.sock").exists())
        self.assertEqual(path("/etc/passerelle/passerelle.env").read_text(), CONFIGURATION)
        self.assertTrue(path("/etc/passerelle/pusher-secret").exists())
        self.assertTrue(list(path("/var/lib/private/passerelle").iterdir()))

    def install_again(self):
        """The configuration, the enabled units and the positions are still in use."""
        run("apt-get", "install", "-y", "./second.deb")
        self.assertEqual(systemctl("is-enabled", SOCKETS[0]).strip(), "enabled")
        systemctl("start", *SOCKETS)
        poll = get(f"/poll?channel={CHANNEL}&after=earliest")[1]
        self.assertIn('"event":"new-message"', poll)
        self.assertIn('"reason":"restart"', poll)

    def purge(self):
        run("apt-get", "purge", "-y", "passerelle")
        self.assertFalse(self.listens())
        self.assertEqual(self.files() - self.before, set())
        self.assertEqual(systemctl("list-units", "--all", "--plain", "--no-legend", "passerelle*"), "")
        self.assertNotIn("passerelle", run("dpkg-query", "--list"))

    def files(self):
        """Returns every file with the project's name, apart from the packages under test."""
        places = "/bin /etc /lib /opt /root /run /srv /usr /var"
        return set(run(
            "bash", "-c", f"find {places} -xdev -name '*passerelle*' 2>/dev/null | sort").split())
