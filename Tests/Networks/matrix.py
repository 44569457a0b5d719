# SPDX-License-Identifier: MIT
"""One row of the matrix: three clients, each behind a box of its own of the same kind, receive the
events of one channel."""

import asyncio
import dataclasses
import time
import urllib.parse

from selenium.common.exceptions import SessionNotCreatedException

from application import token
from browser import Browser
from stage import Publisher

CLIENTS = ("module", "rescue", "eventsource")
# The seconds between two looks at the clients.
LOOK = 0.5
# The seconds for which a client that has everything is watched further, since duplicates may come
# later: `rescue` keeps the gateway's connection for up to 20 s.
SETTLES = {"module": 8, "rescue": 25, "eventsource": 8}
# The boxes behind which the order of `rescue` does not depend on the machine's speed: either pusher-js
# or the gateway delivers everything.
ORDERED = ("direct", "close-websockets")


@dataclasses.dataclass(frozen=True)
class Plan:
    """How many events, in which bursts, and how long the end may take."""

    events: int
    patience: float
    module: str
    clients: tuple = CLIENTS


@dataclasses.dataclass
class Result:
    """What one client received through one box, or why it could not be judged."""

    box: str
    client: str
    expected: str
    sending: str
    total: int
    report: dict
    requests: dict
    # Problems that were found elsewhere.
    more: list = dataclasses.field(default_factory=list)

    def problems(self):
        """Returns what is wrong, in words."""
        report = self.report
        found = [f"{word}: {report[key]}" for word, key in [
            ("duplicated", "duplicated"), ("errors in the page", "errors")] if report.get(key)]
        found += self.more
        if not report:
            return ["the page did not report"]
        # `rescue` waits six seconds for an older event, so its order depends on the machine's speed
        # if it changes between its sources.
        if report["disordered"] and (self.client != "rescue" or self.box in ORDERED):
            found.append(f"out of order: {report['disordered']}")
        if report["gaps"]:
            found.append(f"gaps although the gateway lost nothing: {report['gaps']}")
        if self.client.startswith("module") and report["sent"] != self.sending:
            found.append(f"sending: {report['sent']} instead of {self.sending}")
        received, unbroken = report["received"], report["unbroken"]
        if self.expected == "all" and received != self.total:
            found.append(f"lost {self.total - received}, the first is {unbroken}")
        if self.expected == "none" and received:
            found.append(f"received {received}, but nothing can pass")
        if self.expected in ("some", "dies") and received != unbroken:
            found.append(f"received {received}, of which only {unbroken} without a hole")
        if self.expected == "dies" and (received == self.total or report["states"][-1][1] != "closed"):
            found.append("this client cannot survive here, but did")
        return found


async def patiently(condition, seconds, look):
    """Checks a condition repeatedly until it holds, or the time is over; returns whether it holds."""
    end = time.monotonic() + seconds
    while not (held := await condition()) and time.monotonic() < end:
        await asyncio.sleep(look)
    return held


async def started():
    """Starts a browser; a busy machine may need several attempts."""
    for _ in range(4):
        try:
            return await asyncio.to_thread(Browser)
        except SessionNotCreatedException:
            continue
    return await asyncio.to_thread(Browser)


class Row:
    """Runs the clients of one kind of box."""

    def __init__(self, stage, plan, name, make):
        self.stage = stage
        self.plan = plan
        self.name = name
        self.channel = f"presence-bail-{name.replace('.', '-')}"
        self.boxes = {client: make() for client in plan.clients}
        self.reports = {}

    async def run(self):
        for box in self.boxes.values():
            await box.start(self.stage.route)
        self.browser = await started()
        try:
            await self.receive()
        finally:
            await asyncio.to_thread(self.browser.close)
            for box in self.boxes.values():
                await box.close()
        return [
            Result(self.name, client, self.expected(client), box.sending, self.plan.events,
                   self.reports.get(client, {}), dict(box.counts))
            for client, box in self.boxes.items()
        ]

    def expected(self, client):
        return self.boxes[client].event_source if client == "eventsource" else "all"

    async def receive(self):
        """Opens the pages, publishes when all can receive, and waits until all have received."""
        signed = token("usr_page", self.channel)
        frames = [
            f"{box.url}/site/static/client.html?" + urllib.parse.urlencode(
                {"client": client, "channel": self.channel, "token": signed, "module": self.plan.module})
            for client, box in self.boxes.items()
        ]
        origin = f"http://127.0.0.1:{self.stage.application.port}/site/static/harness.html"
        await self.driven("get", origin)
        await self.driven("execute_script", "open(arguments[0])", frames)
        async with Publisher(self.stage.channels, self.channel) as publisher:
            if not await self.opened(publisher):
                return
            for box in self.boxes.values():
                box.began()
            box = next(iter(self.boxes.values()))
            share = self.plan.events // box.bursts
            for burst in range(box.bursts):
                await publisher.number(burst * share, share, box.rate)
                await asyncio.sleep(box.rest if burst + 1 < box.bursts else 0)

        async def is_done():
            return all(self.is_done(client) for client in self.boxes)

        if await self.until(is_done):
            await asyncio.sleep(max(SETTLES[client] for client in self.boxes))
            self.reports = await self.driven("execute_script", "return reports") or {}

    async def opened(self, publisher):
        """Waits until each client that can receive an event has received one, and the requests of
        the others have arrived."""

        async def is_open():
            await publisher.probe()
            return all(self.is_ready(client) for client in self.boxes)

        return await self.until(is_open)

    def is_ready(self, client):
        if self.expected(client) == "all":
            return self.reports.get(client, {}).get("first") is not None
        return self.boxes[client].counts["answered"] > 0

    def is_done(self, client):
        """True if the client has received everything that it can receive for sure."""
        report = self.reports[client]
        if self.expected(client) != "all":
            return True
        return report["received"] == self.plan.events and (client != "module" or report["sent"])

    async def until(self, condition):
        """Looks at the clients until a condition holds, or patience ends; returns whether it holds."""

        async def look():
            self.reports = await self.driven("execute_script", "return reports") or {}
            return await condition()

        return await patiently(look, self.plan.patience, LOOK)

    async def driven(self, name, *arguments):
        return await asyncio.to_thread(getattr(self.browser.driver, name), *arguments)
