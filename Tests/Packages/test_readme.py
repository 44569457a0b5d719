# SPDX-License-Identifier: MIT
"""The deployment of deploy/README.md, from a pristine Debian to a gateway behind nginx, word for word."""

import http.client
import json
import pathlib
import re
import unittest

from channels import PORT, Sandbox
from machine import PROGRAM, SOCKETS, package, path, put, run, script, show, systemctl, until
from waiting import HANG_LIMIT

README = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "README.md"
CHANNEL = "presence-bail-42"


def commands():
    """Returns the commands of the section Deployment, as they are written there."""
    section = re.search(r"^## Deployment\n(.*?)^## ", README.read_text(), re.DOTALL | re.MULTILINE)[1]
    return re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def setting(name, text):
    return re.search(rf"^{name}=(\S+)$", text, re.MULTILINE)[1]


class Followed(unittest.TestCase):
    maxDiff = None

    def test_the_commands_lead_to_a_running_gateway_behind_nginx(self):
        blocks = commands()
        self.assertEqual(len(blocks), 5)
        text = "".join(blocks)
        # The sandbox stands in for the hosted Channels, with the credentials of the README; its
        # address is the only setting that the README does not have.
        sandbox = Sandbox(
            PROGRAM,
            {
                "PUSHER_APP_ID": setting("PUSHER_APP_ID", text),
                "PUSHER_KEY": setting("PUSHER_KEY", text),
                "PUSHER_SECRET": re.search(r"echo (\S+) >/etc/passerelle/pusher-secret", text)[1],
            },
        )
        self.addCleanup(sandbox.stop)
        elsewhere = ["PUSHER_HOST=127.0.0.1", f"PUSHER_PORT={PORT}", "PUSHER_SCHEME=http"]
        folder = path("/etc/systemd/system/passerelle.service.d")
        folder.mkdir()
        (folder / "sandbox.conf").write_text(f"[Service]\nEnvironment={' '.join(elsewhere)}\n")
        put(package(1), "/root")

        script(blocks[0])
        for unit in [*SOCKETS, "passerelle.service"]:
            self.assertEqual(show("ActiveState", unit), "inactive")
            self.assertEqual(systemctl("is-enabled", unit, check=False).strip(), "disabled")

        checked, _, said = script("".join(blocks[1:]), elsewhere).partition("ready: ")
        self.assertRegex(checked, r"(?m)^ok +subscription ")
        self.assertNotIn("FAILED", checked)
        self.assertTrue(said.startswith("upstream connected\n"), said)
        poll = json.loads(said.splitlines()[1])
        self.assertEqual(poll["members"], {CHANNEL: {"count": 0, "ids": [], "hash": {}}})
        self.assertRegex(said, r"(?m)^upstream\.state +connected$")
        self.assertEqual(show("ActiveState"), "active")
        for unit in SOCKETS:
            self.assertEqual(systemctl("is-enabled", unit).strip(), "enabled")
        for secret in ["pusher-secret", "token-key"]:
            self.assertEqual(path(f"/etc/passerelle/{secret}").stat().st_mode & 0o777, 0o600)
        self.reads()
        self.comes_back_after_a_boot()

    def reads(self):
        """Checks that a stream through nginx delivers an event that was published on the machine.
        """
        key = path("/etc/passerelle/token-key").read_text().strip()
        token = script(f"PASSERELLE_TOKEN_KEY={key} passerelle token {CHANNEL}").strip()
        link = http.client.HTTPConnection("127.0.0.1", 80, timeout=HANG_LIMIT)
        self.addCleanup(link.close)
        link.request("GET", f"/events?channel={CHANNEL}",
                     headers={"Authorization": f"Bearer {token}"})
        answer = link.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream; charset=utf-8")
        while answer.readline() != b"event: pusher:subscription_succeeded\n":
            pass
        run("passerelle", "publish", CHANNEL, "new-message", '{"n":1}')
        while (line := answer.readline()) != b"event: new-message\n":
            self.assertTrue(line)
        refused = http.client.HTTPConnection("127.0.0.1", 80, timeout=HANG_LIMIT)
        self.addCleanup(refused.close)
        refused.request("GET", f"/poll?channel={CHANNEL}")
        self.assertEqual(refused.getresponse().status, 401)

    def comes_back_after_a_boot(self):
        """Checks that a boot starts the enabled units: the listeners, and the gateway on demand."""
        systemctl("stop", *SOCKETS, "passerelle.service")
        systemctl("start", "sockets.target")
        for unit in SOCKETS:
            self.assertEqual(show("ActiveState", unit), "active")
        self.assertEqual(show("ActiveState"), "inactive")
        link = http.client.HTTPConnection("127.0.0.1", 80, timeout=HANG_LIMIT)
        self.addCleanup(link.close)
        link.request("GET", "/healthz")
        self.assertEqual(link.getresponse().status, 200)
        until(lambda: show("ActiveState") == "active", "the gateway")
