# SPDX-License-Identifier: MIT
"""Checks an echoing WebSocket server with PyPI `websocket-client`: python echo.py URL

Sends text, bytes, an empty message and a large one, and expects each back unchanged, with its
opcode; then closes gracefully and prints `done`.
"""
import sys

import websocket


def main(url):
    connection = websocket.create_connection(url, timeout=600)
    text, binary = websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY
    for opcode, message in [
        (text, "Étude 01 👍".encode()), (text, b""), (binary, bytes(range(256))),
        (binary, b"x" * 1_000_000),
    ]:
        connection.send(message, opcode)
        answer = connection.recv_data()
        if answer != (opcode, message):
            sys.exit(f"sent {len(message)} bytes as {opcode}, got {len(answer[1])} as {answer[0]}")
    connection.ping("still there?")
    connection.send("after the ping")
    if connection.recv() != "after the ping":
        sys.exit("a ping disturbed the echo")
    connection.close(timeout=600)
    print("done")


main(*sys.argv[1:])
