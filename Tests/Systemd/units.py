# SPDX-License-Identifier: MIT
"""The units of deploy/, installed where an operator puts them, and their state in systemd."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import waiting
from channels import KEY, PORT, SECRET, Sandbox

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNITS = pathlib.Path("/etc/systemd/system")
CONFIGURATION = pathlib.Path("/etc/passerelle")
SERVICE = "passerelle.service"
SOCKETS = ["passerelle.socket", "passerelle-ipc.socket", "passerelle-admin.socket"]
IPC = "/run/passerelle.sock"
CHANNEL = "presence-bail-1"

SETTINGS = {
    "PUSHER_APP_ID": "1001",
    "PUSHER_KEY": KEY,
    "PUSHER_HOST": "127.0.0.1",
    "PUSHER_PORT": str(PORT),
    "PUSHER_SCHEME": "http",
    "PASSERELLE_AUTH": "none",
    "PASSERELLE_PIN": CHANNEL,
}


def install():
    """Installs everything as deploy/README.md describes, once per container."""
    shutil.copy(os.environ["PASSERELLE_TEST_BINARY"], "/usr/bin/passerelle")
    os.chmod("/usr/bin/passerelle", 0o755)
    for unit in [SERVICE, *SOCKETS]:
        shutil.copy(ROOT / "deploy" / unit, UNITS / unit)
    CONFIGURATION.mkdir(exist_ok=True)
    systemctl("daemon-reload")


def run(*words, check=True, timeout=waiting.HANG_LIMIT):
    """Runs a command to its end and returns its output."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def systemctl(*words, check=True, timeout=waiting.HANG_LIMIT):
    return run("systemctl", *words, check=check, timeout=timeout)


def show(name, unit=SERVICE):
    """Returns one property of a unit."""
    return systemctl("show", "--value", f"--property={name}", unit).strip()


def journal(unit=SERVICE, since=None):
    """Returns the unit's records, oldest first; `since` is a record's cursor."""
    run("journalctl", "--sync")
    words = ["journalctl", "--output=json", "--all", f"--unit={unit}", "--no-pager"]
    words += [f"--after-cursor={since}"] if since else []
    return [json.loads(line) for line in run(*words).splitlines()]


def cursor():
    """Returns the cursor of the journal's end."""
    run("journalctl", "--sync")
    lines = run("journalctl", "--show-cursor", "--lines=0", "--no-pager").splitlines()
    return lines[-1].removeprefix("-- cursor: ")


def said():
    """Returns the last output of the service and its manager, for a failure's message."""
    return run("journalctl", "--lines=25", "--no-pager", "--output=short-precise", check=False)


until = functools.partial(waiting.until, said=said)


class UnitTest(unittest.TestCase):
    """A test that starts and ends with only a Channels server running."""

    sandbox_runs = True

    def setUp(self):
        self.addCleanup(self.clean)
        self.clean()
        self.configure()
        (CONFIGURATION / "pusher-secret").write_text(SECRET + "\n")
        (CONFIGURATION / "pusher-secret").chmod(0o600)
        # No test counts against the start limit of another. A program with dynamic Swift libraries
        # needs the toolchain's, in /opt for example.
        self.drop_in(
            "[Unit]\nStartLimitIntervalSec=0\n"
            "[Service]\nBindReadOnlyPaths=-/opt\n"
        )
        self.since = cursor()
        if self.sandbox_runs:
            self.sandbox = Sandbox()
            self.addCleanup(self.sandbox.stop)

    def clean(self):
        systemctl("stop", *SOCKETS, SERVICE, check=False)
        systemctl("reset-failed", check=False)
        for unit in [SERVICE, *SOCKETS]:
            shutil.rmtree(UNITS / f"{unit}.d", ignore_errors=True)
        for folder in ["/var/lib/passerelle", "/var/lib/private/passerelle"]:
            if os.path.islink(folder):
                os.unlink(folder)
            shutil.rmtree(folder, ignore_errors=True)
        systemctl("daemon-reload")

    def configure(self, **changes):
        """Writes the environment file; None removes a variable."""
        settings = {k: v for k, v in (SETTINGS | changes).items() if v is not None}
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (CONFIGURATION / "passerelle.env").write_text(text)

    def drop_in(self, text, unit=SERVICE, name="test"):
        folder = UNITS / f"{unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.conf").write_text(text)
        systemctl("daemon-reload")

    def messages(self):
        """Returns the records that the gateway itself has logged since the start of the test."""
        return [
            record["MESSAGE"]
            for record in journal(since=self.since)
            if record.get("SYSLOG_IDENTIFIER") == "passerelle"
        ]

    def fails_with(self, code):
        """Waits until the service has failed with an exit code, and returns its last error."""
        until(lambda: show("ActiveState") == "failed", f"the end with {code}")
        self.assertEqual(show("ExecMainStatus"), str(code), said())
        records = journal(since=self.since)
        errors = [r for r in records if r.get("PRIORITY") == "3" and r.get("_COMM") == "passerelle"]
        return errors[-1]["MESSAGE"] if errors else ""
