# SPDX-License-Identifier: MIT
"""The sandbox, the gateway and the application's server, as real processes and with real
credentials; and a publisher of numbered events."""

import asyncio
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

from application import KEY, SECRET, TOKEN_KEY, Application, signature
from http1 import Request, pieces, read_response
from proxy import Route
from waiting import HANG_LIMIT

APP = "1001"
# A publisher sends what is due this often.
TICK = 0.1
# Channels takes that many events in one batch.
BATCH = 10


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Stage:
    def __init__(self, program, files, module=None):
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="passerelle-networks-")
        self.channels, self.gateway = free_port(), free_port()
        self.settings = {
            "PUSHER_APP_ID": APP,
            "PUSHER_KEY": KEY,
            "PUSHER_SECRET": SECRET,
            "PUSHER_HOST": "127.0.0.1",
            "PUSHER_PORT": str(self.channels),
            "PUSHER_SCHEME": "http",
            "PASSERELLE_HTTP": f"127.0.0.1:{self.gateway}",
            "PASSERELLE_IPC": os.path.join(self.folder.name, "line.sock"),
            "PASSERELLE_AUTH": "token",
            "PASSERELLE_TOKEN_KEY": TOKEN_KEY,
            "PASSERELLE_ADMIN": "none",
            "PASSERELLE_HISTORY": "8000 events, 16 MiB, 1h",
        }
        self.application = Application(files, module)
        self.processes = []

    async def start(self):
        await self.application.start()
        sandbox = {"PASSERELLE_SANDBOX": f"127.0.0.1:{self.channels}"}
        await self.run("sandbox", self.channels, sandbox)
        await self.run("serve", self.gateway, self.settings)
        self.route = Route(self.gateway, self.channels, self.application.port)
        return self

    async def run(self, command, port, variables):
        """Starts a command of the program and waits until it listens."""
        self.log = pathlib.Path(self.folder.name, command)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [self.program, command], env={"PATH": os.environ["PATH"], **variables},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        end = time.monotonic() + HANG_LIMIT
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                return
            except OSError:
                await asyncio.sleep(0.05)
        raise AssertionError(f"{command} does not listen: {self.log.read_text(errors='replace')}")

    def close(self):
        self.application.close()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.folder.cleanup()


class Publisher:
    """Publishes through the REST API of Channels, as an application's server does."""

    def __init__(self, port, channel):
        self.port = port
        self.channel = channel

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *error):
        self.writer.close()

    async def post(self, name, payloads):
        """Publishes events of one name, in order, in one batch."""
        events = [{"channel": self.channel, "name": name, "data": json.dumps(each)} for each in payloads]
        body = json.dumps({"batch": events}).encode()
        path = f"/apps/{APP}/batch_events"
        query = (f"auth_key={KEY}&auth_timestamp={int(time.time())}&auth_version=1.0"
                 f"&body_md5={hashlib.md5(body).hexdigest()}")
        signed = signature(f"POST\n{path}\n{query}").hexdigest()
        request = Request(
            ["POST", f"{path}?{query}&auth_signature={signed}", "HTTP/1.1"],
            [("Host", "127.0.0.1"), ("Content-Type", "application/json"),
             ("Content-Length", str(len(body)))])
        self.writer.write(request.head() + body)
        response = await read_response(self.reader)
        answer = b"".join([piece async for piece in pieces(self.reader, response)])
        if response.status != 200:
            raise AssertionError(f"Channels refuses events: {response.status} {answer}")

    async def probe(self):
        """Publishes an event without a number, to find out who receives events already."""
        await self.post("probe", [{"at": now()}])

    async def number(self, first, count, rate):
        """Publishes so many numbered events, and so many a second."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        sent = 0
        while sent < count:
            due = min(count, int((loop.time() - began) * rate) + 1)
            while sent < due:
                batch = range(first + sent, first + min(due, sent + BATCH))
                await self.post("new-message", [message(each) for each in batch])
                sent += len(batch)
            await asyncio.sleep(TICK)


def now():
    """Returns the time as JavaScript's Date.now() does; page and test share one clock."""
    return int(time.time() * 1000)


def message(number):
    text = "Bonjour, l'état des lieux est prêt à être signé."
    return {"n": number, "at": now(), "message": {"id": f"m{number}", "content": text}}
