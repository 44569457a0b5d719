# SPDX-License-Identifier: MIT
"""The application's own server: the page, its scripts, and the Channels auth route; and the tokens
that the application signs."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import pathlib
import time
import urllib.parse

from http1 import Response, read_request

PAGES = pathlib.Path(__file__).resolve().parent / "pages"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
# Strict enough to find a script that needs more than its own origin.
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src http://127.0.0.1:*"

KEY = "sandbox-key"
SECRET = "sandbox-secret"
TOKEN_KEY = "0123456789abcdef0123456789abcdef"


def signature(text, secret=SECRET):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256)


def token(user, channel, seconds=86400):
    """Signs a token that opens one channel for a user."""

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    claims = {"sub": user, "exp": int(time.time()) + seconds, "channels": [channel], "publish": True}
    text = ".".join(part(json.dumps(each).encode()) for each in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{text}.{part(signature(text, TOKEN_KEY).digest())}"


class Application:
    """Serves `/site/static/` from the pages, and from given files by their names; `module/` is a
    folder with the browser module, if it is not the gateway's."""

    def __init__(self, files, module=None):
        self.files = files
        self.module = module
        self.server = None

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def close(self):
        if self.server:
            self.server.close()

    async def serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await read_request(reader)
            if request:
                response = self.respond(request)
                response.put("Content-Length", len(response.body))
                writer.write(response.head() + response.body)
        writer.close()

    def respond(self, request):
        if request.path == "/site/auth" and request.method == "POST":
            return self.authorize(request)
        if request.path == "/site/token":
            query = dict(urllib.parse.parse_qsl(request.target.partition("?")[2]))
            signed = token("usr_page", query["channel"], int(query["seconds"]))
            return Response(200, "OK", [("Content-Type", "text/plain"), ("Cache-Control", "no-store")],
                            signed.encode())
        name = request.path.removeprefix("/site/static/")
        file = self.files.get(name) or PAGES / name
        if self.module and name.startswith("module/"):
            file = self.module / name.removeprefix("module/")
        if not file.resolve().is_file() or ".." in name:
            return Response(404, "Not Found", [("Content-Type", "text/plain")], b"not found")
        fields = [("Content-Type", TYPES[file.suffix]), ("Content-Security-Policy", POLICY),
                  ("Cache-Control", "no-cache")]
        return Response(200, "OK", fields, file.read_bytes())

    @staticmethod
    def authorize(request):
        """Admits every user as `usr_page`, with the signature that Channels checks."""
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        data = json.dumps({"user_id": "usr_page", "user_info": {"name": "Anne"}})
        signed = signature(f"{form['socket_id']}:{form['channel_name']}:{data}").hexdigest()
        body = json.dumps({"auth": f"{KEY}:{signed}", "channel_data": data}).encode()
        return Response(200, "OK", [("Content-Type", "application/json")], body)
