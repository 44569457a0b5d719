#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Follows a channel by polling: prints each event as one line of JSON.

examples/poll.py [CHANNEL [FILE]]    PASSERELLE_URL is where the gateway listens. FILE keeps the
position, so that the next run goes on where this one ended, and learns of what it missed.
"""

import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("PASSERELLE_URL", "http://127.0.0.1:8080")


def poll(channel, position):
    """Gives the next page: at once for a first poll, else when there is news or 25 s have passed."""
    query = {"channel": channel}
    if position:
        query.update(after=position, wait=25)
    url = f"{URL}/poll?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def main(channel="presence-bail-demo", file=None):
    place = pathlib.Path(file) if file else None
    position = place.read_text().strip() if place and place.exists() else None
    while True:
        try:
            page = poll(channel, position)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(f"refused: {error.code} {error.read().decode(errors='replace')}")
            time.sleep(float(error.headers.get("Retry-After") or 5))
            continue
        except OSError:
            time.sleep(5)
            continue
        for event in page["events"]:
            # Here a program would do its work; for passerelle:gap, load its own records again.
            print(json.dumps(event, ensure_ascii=False), flush=True)
        position = page["position"]
        if place:
            place.write_text(position)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except KeyboardInterrupt:
        pass
