# SPDX-License-Identifier: MIT
"""Publishes with PyPI `pusher`: python publish.py HOST PORT APP KEY SECRET.

Each line of standard input is a JSON array of the channel, the event and the data as text, which is
sent unchanged. Prints `ok` or the error once Channels has answered.
"""
import json
import sys

import pusher


def main(host, port, app, key, secret):
    client = pusher.Pusher(app_id=app, key=key, secret=secret, host=host, port=int(port), ssl=False)
    for line in sys.stdin:
        channel, event, data = json.loads(line)
        try:
            client.trigger(channel, event, data)
            print("ok", flush=True)
        except Exception as error:
            print(type(error).__name__, str(error).strip(), flush=True)


main(*sys.argv[1:])
