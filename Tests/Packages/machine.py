# SPDX-License-Identifier: MIT
"""The pristine Debian in a container; the tests run outside it, but in its network."""

import functools
import os
import pathlib
import shutil
import subprocess

import waiting

LEADER = os.environ.get("CONTAINER_LEADER")
PACKAGES = pathlib.Path(os.environ["PASSERELLE_TEST_PACKAGES"])
PROGRAM = os.environ["PASSERELLE_TEST_BINARY"]
SERVICE = "passerelle.service"
SOCKETS = ["passerelle.socket", "passerelle-ipc.socket"]


def package(revision):
    """Returns the path of the package of a revision, outside of the machine."""
    (found,) = PACKAGES.glob(f"passerelle_*-{revision}_*.deb")
    return found


def path(inside):
    """Returns the path of the machine's file as seen from outside."""
    return pathlib.Path(f"/proc/{LEADER}/root{inside}")


def put(file, inside):
    """Copies a file into the machine, as an operator would."""
    shutil.copy(file, path(inside))


def run(*words, check=True, timeout=waiting.HANG_LIMIT, stdin=""):
    """Runs a command on the machine, as root in its home folder, and returns the output."""
    enter = ["nsenter", "-t", LEADER, "-m", "-u", "-i", "-n", "-p", "-C", "--"]
    root = ["env", "-i", "-C", "/root", "HOME=/root", "LC_ALL=C.UTF-8", "TERM=dumb"]
    search = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    done = subprocess.run(
        [*enter, *root, search, *words], input=stdin, capture_output=True, text=True,
        timeout=timeout,
    )
    if check and done.returncode:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}{said()}")
    return done.stdout


def script(text, variables=()):
    """Runs a shell script on the machine; the first command that fails ends it."""
    return run("env", *variables, "bash", "-euo", "pipefail", "-s", stdin=text)


def systemctl(*words, check=True):
    return run("systemctl", *words, check=check)


def show(name, unit=SERVICE):
    """Returns one property of a unit."""
    return systemctl("show", "--value", f"--property={name}", unit).strip()


def said():
    """Returns the end of the journal, for a failure's message."""
    return run("journalctl", "--lines=25", "--no-pager", "--output=short-precise", check=False)


until = functools.partial(waiting.until, said=said)
