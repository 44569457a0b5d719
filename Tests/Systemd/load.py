# SPDX-License-Identifier: MIT
"""Load while a service is restarted, and checks of the events received."""

import threading
import time

from channels import get
from waiting import HANG_LIMIT


def gaps_of(told):
    """Checks that each number arrived once and in order, and that one is missing only before a gap;
    returns the gaps' reasons."""
    last, has_gap, gaps = 0, True, []
    for name, data in told:
        if name == "passerelle:gap":
            has_gap = True
            gaps.append(data["reason"])
            continue
        assert data["n"] == last + 1 or has_gap and data["n"] > last, (last, data)
        last, has_gap = data["n"], False
    return gaps


class Knocker:
    """Requests /healthz repeatedly, each time on its own connection."""

    def __init__(self):
        self.answered = self.refused = 0
        self.is_on = True
        self.thread = threading.Thread(target=self.knock, daemon=True)
        self.thread.start()

    def knock(self):
        while self.is_on:
            try:
                self.answered += get("/healthz")[0] == 200
            except ConnectionRefusedError:
                self.refused += 1
            except Exception:
                # The connection was open when the gateway stopped: such a client may retry.
                pass
            time.sleep(0.005)

    def stop(self):
        self.is_on = False
        self.thread.join(HANG_LIMIT)


class Writer:
    """Publishes numbered events, one after the other."""

    def __init__(self, sandbox, channel):
        self.sandbox = sandbox
        self.channel = channel
        self.number = 0
        self.is_on = True
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self):
        while self.is_on:
            self.sandbox.publish(self.channel, "new-message", {"n": self.number + 1})
            self.number += 1
            time.sleep(0.005)

    def stop(self):
        self.is_on = False
        self.thread.join(HANG_LIMIT)
