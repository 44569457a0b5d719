# SPDX-License-Identifier: MIT
"""One demo and one browser, shared by the tests of this folder."""

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
    """Returns the demo that all tests share."""
    return _one("demo", lambda: Demo(os.environ["PASSERELLE_TEST_BINARY"]))


def browser():
    """Returns the browser that all tests share."""
    return _one("browser", Browser)


def pictures():
    """Returns the folder for pictures of the page."""
    return _one("pictures", lambda: pathlib.Path(tempfile.mkdtemp(prefix="passerelle-pictures-")))


def close():
    """Ends every process that was started."""
    for name in ("browser", "demo"):
        if name in _made:
            _made.pop(name).close()
