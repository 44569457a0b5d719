# SPDX-License-Identifier: MIT
"""What the tests of this folder have in common: one demo and one browser, for as long as they run."""

import os
import pathlib
import tempfile

from browser import Browser
from demo import Demo

_made = {}


def _one(name, make):
    if name not in _made:
        _made[name] = make()
    return _made[name]


def demo():
    """Gives the one demo that all tests share."""
    return _one("demo", lambda: Demo(os.environ["PASSERELLE_TEST_BINARY"]))


def browser():
    """Gives the one browser that all tests share."""
    return _one("browser", Browser)


def pictures():
    """Gives the folder where pictures of the page are kept."""
    return _one("pictures", lambda: pathlib.Path(tempfile.mkdtemp(prefix="passerelle-pictures-")))


def close():
    """Ends whatever was started."""
    for name in ("browser", "demo"):
        if name in _made:
            _made.pop(name).close()
