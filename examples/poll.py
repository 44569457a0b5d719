#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Follows a channel by polling: prints each event as one line of JSON.

examples/poll.py [CHANNEL [FILE]]    PASSERELLE_URL is the gateway's address, PASSERELLE_TOKEN a bearer
token if the gateway requires one. FILE keeps the position: the next run continues behind it, and if
it missed events, it receives a gap.
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
TOKEN = os.environ.get("PASSERELLE_TOKEN")


def poll(channel, position):
    """Returns the next page: at once if there is news or no position, otherwise within 25 s."""
    query = {"channel": channel, "wait": 25}
    if position:
        query["after"] = position
    request = urllib.request.Request(f"{URL}/poll?{urllib.parse.urlencode(query)}")
    if TOKEN:
        request.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def reload(channel, gap):
    """Events may be missing: a program loads the application's own records of the channel here."""
    print(f"{channel}: a gap ({gap['reason']}), so the records are loaded again", file=sys.stderr)


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
            if event["event"] == "passerelle:gap":
                reload(channel, event["data"])
            # If the same message comes again behind a gap, a program recognizes it by its own id.
            print(json.dumps(event, ensure_ascii=False), flush=True)
        position = page["position"]
        if place:
            place.write_text(position)
        time.sleep(page["retry_ms"] / 1000)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except KeyboardInterrupt:
        pass
