#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Follows a channel on the gateway's Unix socket: prints each event as one line of JSON.
#   examples/line.sh SOCKET [CHANNEL [after=POSITION | last=N]]
set -euo pipefail
socket=${1:?the path of the socket (PASSERELLE_IPC)}
channel=${2:-presence-bail-demo}

# Standard input would be further commands; it has none, and the connection stays open.
printf 'SUBSCRIBE %s %s\n' "$channel" "${3:-last=3}" |
    socat -t 1000000 STDIO,ignoreeof "UNIX-CONNECT:$socket" |
    while read -r verb rest; do
        case $verb in
            EVENT) printf '%s\n' "$rest" ;;
            OK) printf '%s\n' "$rest" >&2 ;;
            *) printf '%s %s\n' "$verb" "$rest" >&2 && exit 1 ;;
        esac
    done
