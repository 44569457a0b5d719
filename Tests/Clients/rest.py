# SPDX-License-Identifier: MIT
"""Calls a Channels server with PyPI `pusher`: python rest.py HOST PORT APP KEY SECRET.

Prints one line a call, its result as JSON, for the test to compare.
"""
import json
import sys

import pusher


def main(host, port, app, key, secret):
    client = pusher.Pusher(app_id=app, key=key, secret=secret, host=host, port=int(port), ssl=False)

    def show(name, call):
        try:
            print(name, json.dumps(call(), sort_keys=True), flush=True)
        except Exception as error:
            print(name, type(error).__name__, str(error).strip(), flush=True)

    room = "presence-bail-42"
    show("trigger", lambda: client.trigger([room, "plain"], "new-message", {"text": "Zoë ✓ \"q\" \\ \n"}))
    show("trigger-text", lambda: client.trigger("plain", "e", "just text"))
    show("trigger-batch", lambda: client.trigger_batch([
        {"channel": room, "name": "e1", "data": {"a": 1}},
        {"channel": "plain", "name": "e2", "data": "x", "socket_id": "1.1"},
    ]))
    show("channels", lambda: client.channels_info())
    show("channels-prefix", lambda: client.channels_info("presence-", ["user_count"]))
    show("channel", lambda: client.channel_info(room, ["user_count", "subscription_count"]))
    show("users", lambda: client.users_info(room))
    show("send-to-user", lambda: client.send_to_user("u1", "e", {"a": 1}))
    show("terminate", lambda: client.terminate_user_connections("u1"))
    show("users-of-plain", lambda: client.users_info("plain"))
    show("too-large", lambda: client.trigger("plain", "e", "x" * 10241))
    show("reserved", lambda: client.trigger("plain", "pusher-x", "x"))
    wrong = pusher.Pusher(app_id=app, key=key, secret="wrong", host=host, port=int(port), ssl=False)
    show("wrong-secret", lambda: wrong.channels_info())
    show("name", lambda: client.validate_webhook(key, "0", "{}"))


main(*sys.argv[1:])
