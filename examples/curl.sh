#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Follows a channel with curl: its members, its last events, then each event as it arrives.
#   examples/curl.sh [CHANNEL]        PASSERELLE_URL is the gateway's address.
set -euo pipefail
url=${PASSERELLE_URL:-http://127.0.0.1:8080}
channel=${1:-presence-bail-demo}

printf 'Members: ' && curl -fsS "$url/channels/$channel/members" && echo
printf 'Position, and the last 3 events: ' && curl -fsS "$url/poll?channel=$channel&last=3" && echo
# The stream ends when curl is stopped; after=POSITION would continue behind a position.
exec curl -fsSN "$url/events?channel=$channel"
