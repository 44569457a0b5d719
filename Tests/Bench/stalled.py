#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the cost of stalled readers for others: the gateway's processor time a delivery to a
thousand event streams, with and without ten more streams with full sockets. Rounds alternate in one
run, each in a different order than the one before. Only the ratio of the medians counts; absolute
numbers mean nothing on a shared machine.

Not a test: a slow result is no failure, unless --most is given. It fails if a delivery to the
thousand is missing, or if one of the ten receives any.
"""

import argparse
import contextlib
import hashlib
import hmac
import http.client
import json
import multiprocessing
import pathlib
import re
import resource
import select
import socket
import statistics
import sys
import tempfile
import time

import servers

CHANNEL = "presence-bail-1"
# Only the stalled readers receive this channel, which fills their sockets.
FILLER = "presence-bail-2"
MESSAGE = {"message": {"id": "0" * 24, "senderId": "usr_7", "content": "x" * 80}}


class Channels:
    """A client of the sandbox's REST interface."""

    def __init__(self, port):
        self.line = http.client.HTTPConnection("127.0.0.1", port)

    def publish(self, channel, data, count=1):
        """Publishes an event `count` times, at most ten."""
        event = {"name": "new-message", "channel": channel, "data": json.dumps(data)}
        body = json.dumps({"batch": [event] * count}).encode()
        path = f"/apps/{servers.APPLICATION['PUSHER_APP_ID']}/batch_events"
        query = "&".join([
            f"auth_key={servers.APPLICATION['PUSHER_KEY']}",
            f"auth_timestamp={int(time.time())}", "auth_version=1.0",
            f"body_md5={hashlib.md5(body).hexdigest()}"])
        key = servers.APPLICATION["PUSHER_SECRET"].encode()
        sign = hmac.new(key, f"POST\n{path}\n{query}".encode(), hashlib.sha256).hexdigest()
        self.line.request(
            "POST", f"{path}?{query}&auth_signature={sign}", body,
            {"Content-Type": "application/json"})
        answer = self.line.getresponse()
        said = answer.read()
        if answer.status != 200:
            sys.exit(f"stalled: the sandbox answered {answer.status} {said}")


def open_stream(port, channels, narrow=False):
    """Opens an event stream without reading from it."""
    link = socket.socket()
    if narrow:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", port))
    query = "&".join(f"channel={name}" for name in channels)
    link.sendall(f"GET /events?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return link


def read_all(port, count, said):
    """A process that opens streams and reads their data as fast as it can."""
    poller = select.epoll()
    links = {}
    for _ in range(count):
        link = open_stream(port, [CHANNEL])
        if not link.recv(65536).startswith(b"HTTP/1.1 200"):
            sys.exit("stalled: a stream was refused")
        link.setblocking(False)
        links[link.fileno()] = link
        poller.register(link.fileno(), select.EPOLLIN)
    said.send("open")
    while True:
        for descriptor, _ in poller.poll():
            if not links[descriptor].recv(1 << 18):
                sys.exit("stalled: a stream has ended")


def deliveries(port):
    """The number of events delivered to event streams, snapshots included."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    line.request("GET", "/metrics")
    text = line.getresponse().read().decode()
    return int(re.search(r'^passerelle_deliveries_total\{surface="sse"\} (\d+)', text, re.M).group(1))


def fill(port, admin, channels, count):
    """Opens streams, reads nothing, and publishes until each of their sockets is full."""
    links = [open_stream(port, [CHANNEL, FILLER], narrow=True) for _ in range(count)]
    quiet = 0
    while quiet < 3:
        before = deliveries(admin)
        for _ in range(10):
            channels.publish(FILLER, "x" * 9000, 10)
        time.sleep(0.2)
        quiet = quiet + 1 if deliveries(admin) == before else 0
    return links


def measure(gateway, admin, channels, options):
    """One round: microseconds of the gateway's processor a delivery."""
    told, used, began = deliveries(admin), servers.cpu_seconds(gateway), time.monotonic()
    count = int(options.seconds * options.rate)
    for number in range(count):
        time.sleep(max(0, began + number / options.rate - time.monotonic()))
        channels.publish(CHANNEL, MESSAGE)
    time.sleep(0.2)
    used, told = servers.cpu_seconds(gateway) - used, deliveries(admin) - told
    if told != count * options.readers:
        sys.exit(f"stalled: {told} deliveries of {count} events to {options.readers} readers")
    return used * 1e6 / told


def compare(options, folder):
    """Microseconds a delivery, round by round: without stalled readers, and with them."""
    port, admin, upstream = (servers.free_port() for _ in range(3))
    variables, sandbox = servers.variables(folder, port, upstream)
    variables |= {
        "PASSERELLE_ADMIN": f"127.0.0.1:{admin}", "PASSERELLE_STALL": "1h",
        "PASSERELLE_MAX_STREAMS_PER_ADDRESS": "30000",
        "PASSERELLE_MAX_CONNECTIONS_PER_ADDRESS": "30000", "PASSERELLE_REQUEST_BURST": "100000",
    }
    rounds = {"without": [], "with": []}
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open(folder / "log", "w+"))
        stack.enter_context(
            servers.running([options.passerelle, "sandbox"], sandbox, upstream, log))
        gateway = stack.enter_context(
            servers.running([options.passerelle, "serve"], variables, port, log))
        channels = Channels(upstream)
        heard, said = multiprocessing.Pipe(duplex=False)
        reader = multiprocessing.Process(
            target=read_all, args=(port, options.readers, said), daemon=True)
        reader.start()
        stack.callback(reader.terminate)
        if not heard.poll(120):
            sys.exit("stalled: the streams did not open")
        # The first round is discarded, since it includes one-time costs.
        measure(gateway, admin, channels, options)
        for number in range(options.rounds):
            for name in sorted(rounds, reverse=number % 2 == 0):
                links = []
                if name == "with":
                    links = fill(port, admin, channels, options.stalled)
                rounds[name].append(measure(gateway, admin, channels, options))
                for link in links:
                    link.close()
                time.sleep(0.2)
        if not reader.is_alive():
            sys.exit("stalled: the readers are gone")
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passerelle", required=True, help="the release binary")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--stalled", type=int, default=10)
    parser.add_argument("--rate", type=float, default=20, help="events a second")
    parser.add_argument("--seconds", type=float, default=10, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=float, help="exit 1 if the ratio is higher")
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with tempfile.TemporaryDirectory(prefix="passerelle-stalled-") as folder:
        rounds = compare(options, pathlib.Path(folder))
    median = {name: statistics.median(found) for name, found in rounds.items()}
    names = {"without": f"{options.readers} readers", "with": f"and {options.stalled} stalled"}
    for name, found in rounds.items():
        print(f"{names[name]:14} {median[name]:6.2f} us of its processor a delivery "
              f"({min(found):.2f} to {max(found):.2f} in {len(found)} rounds)")
    ratio = median["with"] / median["without"]
    print(f"with / without: {ratio:.3f}")
    return 1 if options.most and ratio > options.most else 0


sys.exit(main())
