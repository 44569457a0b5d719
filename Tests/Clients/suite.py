# SPDX-License-Identifier: MIT
"""Runs a conformance suite with PyPI `websockets`: python suite.py AGENT

Serves `/getCaseCount`, `/runCase?case=N&agent=AGENT` and `/updateReports?agent=AGENT` on a port of
its own, which it prints first. Each case sends messages that an echo must return unchanged, with
their opcodes. Prints `case N: ok` or the mistake, and `done` once the reports are requested.
"""
import sys
import urllib.parse

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

CASES = [
    ["", "Étude 01 👍", b"", bytes(range(256))],
    ["x" * 70_000, b"y" * 70_000],
    [["a text ", "in three ", "frames"], [b"\x00", b"", b"\xff"]],
    [],
]


def whole(message):
    if isinstance(message, list):
        return message[0][:0].join(message)
    return message


def run(connection, messages):
    for message in messages:
        connection.send(message)
        ponged = connection.ping()
        answer = connection.recv(timeout=600)
        if answer != whole(message):
            return f"sent {whole(message)!r:.40}, got {answer!r:.40}"
        if not ponged.wait(600):
            return "no pong"
    return "ok"


def main(agent):
    def answer(connection):
        target = urllib.parse.urlsplit(connection.request.path)
        query = dict(urllib.parse.parse_qsl(target.query))
        if target.path == "/getCaseCount":
            connection.send(str(len(CASES)))
        elif query.get("agent") != agent:
            print(f"{target.path} for {query.get('agent')}", flush=True)
        elif target.path == "/runCase":
            number = int(query["case"])
            try:
                outcome = run(connection, CASES[number - 1])
            except (ConnectionClosed, TimeoutError) as error:
                outcome = repr(error)
            # Printed before the connection is closed, since the next case begins then.
            print(f"case {number}: {outcome}", flush=True)
        elif target.path == "/updateReports":
            print("done", flush=True)

    with serve(answer, "127.0.0.1", 0, compression=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


main(*sys.argv[1:])
