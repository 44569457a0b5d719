# SPDX-License-Identifier: MIT
"""What happens to a page, rather than to the network: each situation opens a client's page,
publishes numbered events, and interferes meanwhile."""

import asyncio
import urllib.parse

from application import token
from matrix import LOOK, SETTLES, Result, patiently, started
from proxy import Box
from stage import Publisher

# The numbered events of a part of a situation, and how many are published a second.
PART = 100
RATE = 20


class Situation:
    """Subclasses have a name, and say in `play` what happens."""

    name = ""
    client = "module"
    # More items for the query of the page.
    query = {}

    def __init__(self, stage, plan):
        self.stage = stage
        self.plan = plan
        self.channel = f"presence-bail-{self.name}"
        self.published = 0
        self.results = []

    async def run(self):
        self.network = await Box().start(self.stage.route)
        self.browser = await started()
        self.driver = self.browser.driver
        try:
            async with Publisher(self.stage.channels, self.channel) as self.publisher:
                await self.play()
        finally:
            await asyncio.to_thread(self.browser.close)
            await self.network.close()
        return self.results

    async def play(self):
        raise NotImplementedError

    # The steps of which situations consist.

    async def driven(self, name, *arguments):
        return await asyncio.to_thread(getattr(self.driver, name), *arguments)

    async def open(self):
        """Opens the page in the current tab and waits until it has received an event."""
        query = {
            "client": self.client, "channel": self.channel, "module": self.plan.module,
            "token": token("usr_page", self.channel), **self.query}
        url = f"{self.network.url}/site/static/client.html?{urllib.parse.urlencode(query)}"
        await self.driven("get", url)
        await self.receives()

    async def receives(self):
        """Waits until the page receives an unnumbered event that is published now."""
        count = (await self.report())["probes"]

        async def has_received():
            await self.publisher.probe()
            return (await self.report())["probes"] > count

        await self.until(has_received, "the page receives an event")

    async def report(self):
        return await self.driven(
            "execute_script", "return globalThis.report?.() ?? { probes: 0, received: 0 }")

    async def publish(self, count=PART):
        await self.publisher.number(self.published, count, RATE)
        self.published += count

    def cut(self):
        """Ends all connections of the browser."""
        for connection in list(self.network.connections):
            connection.cut()

    async def until(self, condition, what):
        if not await patiently(condition, self.plan.patience, LOOK):
            raise AssertionError(f"not within {self.plan.patience} s: {what}; {await self.report()}")

    async def judge(self, client=None):
        """Waits until the page has received everything, and keeps the result."""

        async def is_done():
            report = await self.report()
            return report["received"] == self.published and (report["sent"] or self.client != "module")

        if await patiently(is_done, self.plan.patience, LOOK):
            await asyncio.sleep(SETTLES[self.client])
        self.results.append(Result(
            self.name, client or self.client, "all", "accepted", self.published, await self.report(),
            dict(self.network.counts)))

    def require(self, condition, words):
        """Adds a problem to the last result if a condition does not hold."""
        if not condition:
            self.results[-1].more.append(words)


class SixTabs(Situation):
    """Six tabs share one stream; the first one is closed, and another one continues."""

    name = "six-tabs"

    async def play(self):
        first = self.driver.current_window_handle
        await self.open()
        for _ in range(5):
            await asyncio.to_thread(self.driver.switch_to.new_window, "tab")
            await self.open()
        await self.publish()
        await asyncio.to_thread(self.driver.switch_to.window, first)
        await self.judge("module, tab 1")
        await self.driven("close")
        await self.publish()
        for number, tab in enumerate(self.driver.window_handles, 2):
            await asyncio.to_thread(self.driver.switch_to.window, tab)
            await self.judge(f"module, tab {number}")
        self.require(self.network.most_streams <= 2, f"{self.network.most_streams} streams at a time")


class BackForwardCache(Situation):
    """The page is left for another one for a while, and the browser restores it on "back"."""

    name = "back-forward-cache"

    async def play(self):
        await self.open()
        await self.publish()
        await self.driven("get", f"{self.network.url}/site/static/harness.html")
        await self.publish()
        await self.driven("back")
        await self.publish()
        await self.judge()
        self.require(self.results[-1].report.get("restored") == 1, "the browser did not keep the page")


class Reload(Situation):
    """The page is reloaded twice while events arrive, and keeps its position in `sessionStorage`."""

    name = "reload"
    query = {"keeps": "yes"}

    async def play(self):
        await self.open()
        for _ in range(2):
            publishing = asyncio.ensure_future(self.publish())
            await asyncio.sleep(PART / RATE / 2)
            await self.driven("refresh")
            await publishing
        await self.judge()


class Frozen(Situation):
    """The browser freezes the page, as on a sleeping laptop; meanwhile its connections end."""

    name = "frozen"

    async def play(self):
        await self.open()
        await self.publish()
        await self.driven("execute_cdp_cmd", "Page.setWebLifecycleState", {"state": "frozen"})
        self.cut()
        await self.publish()
        await self.driven("execute_cdp_cmd", "Page.setWebLifecycleState", {"state": "active"})
        await self.publish()
        await self.judge()


class FrozenRescue(Frozen):
    """The same with `rescue` beside pusher-js."""

    name = "frozen-rescue"
    client = "rescue"


class Offline(Situation):
    """The browser is offline for a while, as on a change of the network."""

    name = "offline"

    async def play(self):
        await self.open()
        await self.driven("execute_cdp_cmd", "Network.enable", {})
        await self.publish()
        await self.set_offline(True)
        # The tools of the browser refuse new requests only.
        self.cut()
        await self.publish()
        await self.set_offline(False)
        await self.publish()
        await self.judge()

    async def set_offline(self, is_offline):
        await self.driven("execute_cdp_cmd", "Network.emulateNetworkConditions", {
            "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})


class OfflineRescue(Offline):
    """The same with `rescue` beside pusher-js."""

    name = "offline-rescue"
    client = "rescue"


class TokenExpiry(Situation):
    """Each token expires after a few seconds; the page signs another one."""

    name = "token-expiry"
    # The gateway accepts a token for 60 s after its end, for clocks that differ.
    query = {"renews": "-55"}

    async def play(self):
        await self.open()
        await self.publish(4 * PART)
        await self.judge()
        report = self.results[-1].report
        self.require(report.get("tokens", 0) >= 3, f"{report.get('tokens')} tokens")


# `Tests/Browser` has the first four without traffic, so a sample leaves them out.
BUSY = (SixTabs, BackForwardCache, Reload, TokenExpiry)
ALL = {each.name: each for each in (*BUSY, Frozen, FrozenRescue, Offline, OfflineRescue)}


def names(is_sample):
    return [name for name, each in ALL.items() if not is_sample or each not in BUSY]
