# SPDX-License-Identifier: MIT
"""Waiting for what happens elsewhere, for the tests of every folder."""

import time


def until(condition, what, seconds=30, said=None):
    """Gives the first true value of a condition that is asked again and again, or fails; `said` gives
    what is to be shown then."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            words = "\n" + said() if said else ""
            raise AssertionError(f"not within {seconds} s: {what}{words}")
        time.sleep(0.02)
