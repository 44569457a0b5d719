#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Follows a channel with curl: who is there, what was said last, then each event as it comes.
#   examples/curl.sh [CHANNEL]        PASSERELLE_URL is where the gateway listens.
set -euo pipefail
url=${PASSERELLE_URL:-http://127.0.0.1:8080}
channel=${1:-presence-bail-demo}

printf 'Members: ' && curl -fsS "$url/channels/$channel/members" && echo
printf 'Position, and the last 3 events: ' && curl -fsS "$url/poll?channel=$channel&last=3" && echo
# The stream ends when curl is stopped; after=POSITION would go on where another one ended.
exec curl -fsSN "$url/events?channel=$channel"
