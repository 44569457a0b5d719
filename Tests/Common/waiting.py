# SPDX-License-Identifier: MIT
"""Waiting for a condition, for the tests of every folder."""

import time

# The seconds after which a waiting test fails instead of hanging: far more than any condition takes
# on a machine ten times slower. It is no limit of speed.
HANG_LIMIT = 600


def until(condition, what, seconds=HANG_LIMIT, said=None):
    """Returns the first true value of a condition that is checked repeatedly, or fails; the failure
    shows the result of `said`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            words = "\n" + said() if said else ""
            raise AssertionError(f"not within {seconds} s: {what}{words}")
        time.sleep(0.02)
