# SPDX-License-Identifier: MIT
"""The examples, each run as it stands beside the page's own demo."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest
import urllib.request

import shared
from demo import CHANNEL, until

EXAMPLES = pathlib.Path(__file__, "../../../examples").resolve()


class Running:
    """A program and the lines that it has said so far."""

    def __init__(self, test, *command):
        self.lines = []
        environment = {**os.environ, "PASSERELLE_URL": test.demo.url}
        self.process = subprocess.Popen(
            [str(EXAMPLES / command[0]), *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        test.addCleanup(self.stop)

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def waits_for(self, text):
        until(lambda: any(text in line for line in self.lines), f"{text} among {self.lines}")

    def events(self):
        """Gives the messages' ids, from lines that are events in JSON and nothing else."""
        events = [json.loads(line) for line in self.lines if line.startswith('{"id"')]
        messages = [each["data"].get("message") for each in events if each["event"] == "new-message"]
        return [message["id"] for message in messages if isinstance(message, dict)]

    def stop(self):
        try:
            os.killpg(self.process.pid, 15)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class ExampleTests(unittest.TestCase):
    def setUp(self):
        self.demo = shared.demo()
        # The gateway subscribes to a channel with its first reader.
        urllib.request.urlopen(f"{self.demo.url}/poll?channel={CHANNEL}").close()

    def say(self, id):
        self.demo.publish("new-message", {"message": {"id": id, "content": "Bonjour"}})

    def test_curl_follows_a_channel(self):
        self.say("curl-1")
        running = Running(self, "curl.sh")
        running.waits_for("event: pusher:subscription_succeeded")
        self.assertTrue(running.lines[0].startswith('Members: {"channel":"presence-bail-demo"'))
        self.assertIn('"id": "curl-1"', running.lines[1])
        self.say("curl-2")
        running.waits_for('"id": "curl-2"')

    def test_a_line_follows_a_channel(self):
        self.say("line-1")
        running = Running(self, "line.sh", self.demo.ipc)
        running.waits_for("SUBSCRIBE presence-bail-demo")
        running.waits_for("line-1")
        self.say("line-2")
        running.waits_for("line-2")
        self.assertEqual([id for id in running.events() if str(id).startswith("line-")], ["line-1", "line-2"])

    def test_a_refused_line_is_an_error(self):
        running = Running(self, "line.sh", self.demo.ipc, "private-other")
        running.waits_for("ERR ")

    def test_polling_resumes_at_its_position_after_a_pause(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "position")
            first = Running(self, "poll.py", CHANNEL, file)
            until(lambda: os.path.exists(file) and open(file).read(), "a position is kept")
            self.say("poll-1")
            first.waits_for("poll-1")
            position = open(file).read()
            until(lambda: open(file).read() == json.loads(first.lines[-1])["id"], position)
            first.stop()
            self.say("poll-2")
            second = Running(self, "poll.py", CHANNEL, file)
            second.waits_for("poll-2")
            self.say("poll-3")
            second.waits_for("poll-3")
            self.assertEqual(second.events(), ["poll-2", "poll-3"])
