#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares conditional polls: the requests a second that wrk gets from the gateway's 304, and from
nginx's `return 204` with one worker, on one machine in one run. Rounds alternate. Only the ratio of
the medians counts; absolute numbers mean nothing on a shared machine.

Needs wrk and nginx, and installs them with apt-get if it may. Not a test: a slow result is no
failure, unless --least is given.
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import servers

CHANNEL = "presence-bail-1"
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}
}}
"""


def install():
    """Installs missing programs, or exits with their names."""
    missing = [tool for tool in ("wrk", "nginx") if not find(tool)]
    if not missing:
        return
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = become + ["apt-get", "-q", "-y", "--no-install-recommends", "install"]
    result = subprocess.run(command + missing, stdout=subprocess.DEVNULL)
    if result.returncode:
        sys.exit(f"polls: install {' and '.join(missing)} first")


def find(tool):
    return shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def status(url, fields):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=fields)) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def measure(url, tag, process, options):
    """One round: requests a second, and microseconds of the server's processor a request."""
    before = servers.cpu_seconds(process)
    out = subprocess.run(
        ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s",
         "-H", f"If-None-Match: {tag}", url],
        capture_output=True, text=True, check=True).stdout
    used = servers.cpu_seconds(process) - before
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"polls: {url} was not answered as it should be\n{out}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), used * 1e6 / requests


def compare(options, folder):
    """Rounds of both servers in turn, by the servers' names."""
    ports = {name: servers.free_port() for name in ("nginx", "gateway", "sandbox")}
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=ports["nginx"]))
    nginx = [find("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    gateway, sandbox = servers.variables(folder, ports["gateway"], ports["sandbox"])
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open(folder / "log", "w+"))
        def start(command, variables, name):
            return stack.enter_context(servers.running(command, variables, ports[name], log))
        start([options.passerelle, "sandbox"], sandbox, "sandbox")
        processes = {
            "nginx": start(nginx, {}, "nginx"),
            "gateway": start([options.passerelle, "serve"], gateway, "gateway"),
        }
        urls = {
            "nginx": f"http://127.0.0.1:{ports['nginx']}/poll?channel={CHANNEL}",
            "gateway": f"http://127.0.0.1:{ports['gateway']}/poll?channel={CHANNEL}",
        }
        tag = status(urls["gateway"], {})[1]["ETag"]
        found = {name: status(url, {"If-None-Match": tag})[0] for name, url in urls.items()}
        if found != {"nginx": 204, "gateway": 304}:
            sys.exit(f"polls: the servers answer {found}")
        rounds = {name: [] for name in urls}
        for _ in range(options.rounds):
            for name, url in urls.items():
                rounds[name].append(measure(url, tag, processes[name], options))
        return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passerelle", required=True, help="the release binary")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--least", type=float, help="exit 1 if the ratio is lower")
    options = parser.parse_args()
    install()
    with tempfile.TemporaryDirectory(prefix="passerelle-polls-") as folder:
        rounds = compare(options, pathlib.Path(folder))
    median = {name: [statistics.median(column) for column in zip(*rows)]
              for name, rows in rounds.items()}
    for name, (rate, used) in median.items():
        print(f"{name:8} {rate:10.0f} requests/s {used:7.2f} us of its processor a request")
    ratio = median["gateway"][0] / median["nginx"][0]
    print(f"gateway / nginx: {ratio:.2f} requests a second, "
          f"{median['gateway'][1] / median['nginx'][1]:.2f} processor a request")
    return 1 if options.least and ratio < options.least else 0


sys.exit(main())
