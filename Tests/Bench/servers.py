# SPDX-License-Identifier: MIT
"""Starts a gateway and its sandbox for a measurement, and measures their processor time."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

APPLICATION = {
    "PUSHER_APP_ID": "1001", "PUSHER_KEY": "sandbox-key", "PUSHER_SECRET": "sandbox-secret",
}


def variables(folder, gateway_port, sandbox_port):
    """The variables of the gateway and of the sandbox."""
    gateway = {
        **APPLICATION, "PUSHER_HOST": "127.0.0.1", "PUSHER_PORT": str(sandbox_port),
        "PUSHER_SCHEME": "http", "PASSERELLE_HTTP": f"127.0.0.1:{gateway_port}",
        "PASSERELLE_ADMIN": "none", "PASSERELLE_IPC": str(folder / "ipc"),
        "PASSERELLE_AUTH": "none", "PASSERELLE_STATE_DIR": str(folder / "state"),
        "PASSERELLE_LOG": "warning",
    }
    return gateway, {**APPLICATION, "PASSERELLE_SANDBOX": f"127.0.0.1:{sandbox_port}"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"{pathlib.Path(sys.argv[0]).stem}: nothing listens on port {port}")


@contextlib.contextmanager
def running(command, variables, port, log):
    """Runs a server until the end of the context."""
    process = subprocess.Popen(
        command, env={**os.environ, **variables}, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(port)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def cpu_seconds(process):
    """The processor time of a process and its children, in seconds."""
    pids = [process.pid]
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    pids += [int(child) for child in children.read_text().split()]
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
