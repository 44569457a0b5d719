# SPDX-License-Identifier: MIT
"""Receives web hooks and checks each with PyPI `pusher`: python webhook.py APP KEY SECRET
[FAILURES].

Prints `port N`, then one line a request: `ok BODY` or `bad BODY`. The first FAILURES requests are
answered with 500.
"""
import http.server
import json
import sys

import pusher

app, key, secret = sys.argv[1:4]
failures = int(sys.argv[4]) if len(sys.argv) > 4 else 0
client = pusher.Pusher(app_id=app, key=key, secret=secret)


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global failures
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        good = client.validate_webhook(
            self.headers["X-Pusher-Key"], self.headers["X-Pusher-Signature"], body)
        plain = self.headers["Content-Type"] == "application/json"
        print("ok" if good and plain else "bad", json.dumps(json.loads(body)["events"]), flush=True)
        self.send_response(500 if failures > 0 else 204)
        failures -= 1
        self.end_headers()

    def log_message(self, *words):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
print("port", server.server_port, flush=True)
server.serve_forever()
