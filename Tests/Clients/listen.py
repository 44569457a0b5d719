# SPDX-License-Identifier: MIT
"""Listens with PyPI `pysher`: python listen.py HOST PORT KEY SECRET USER CHANNEL EVENT…

Prints `NAME DATA` for each event, and `ready` once it is subscribed. A line `EVENT JSON` on
standard input is sent as a client event; the program ends with standard input.
"""
import json
import logging
import os
import sys
import threading

import pysher


def tell(text):
    """Writes a line in one piece, since two threads print and parts of lines would mix."""
    os.write(1, f"{text}\n".encode())


def main(host, port, key, secret, user, channel_name, *events):
    client = pysher.Pusher(
        key, secret=secret, custom_host=host, port=int(port), secure=False,
        user_data={"user_id": user, "user_info": {"name": user.title()}},
        log_level=logging.CRITICAL, reconnect_interval=1)
    joined = threading.Event()

    def say(name):
        return lambda data: tell(f"{name} {data}")

    def connected(data):
        channel = client.subscribe(channel_name)
        channel.bind("pusher_internal:subscription_succeeded", lambda data: joined.set())
        for name in ("pusher_internal:subscription_succeeded", "pusher_internal:member_added",
                     "pusher_internal:member_removed", *events):
            channel.bind(name, say(name))

    client.connection.bind("pusher:connection_established", connected)
    client.connection.bind("pusher:error", say("pusher:error"))
    client.connect()
    if not joined.wait(600):
        sys.exit("never subscribed")
    tell("ready")
    for line in sys.stdin:
        name, data = line.split(" ", 1)
        client.channel(channel_name).trigger(name, json.loads(data))
    client.disconnect(1)


main(*sys.argv[1:])
