# SPDX-License-Identifier: MIT
"""A proxy on the loopback that can cut its connections, and serves one page of its own."""

import socket
import threading


class CuttingProxy:
    """Forwards bytes to a port and records the heads of requests; `cut` ends every connection."""

    def __init__(self, port, page):
        self.target = ("127.0.0.1", port)
        self.page = page
        self.heads = []
        self.open = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.run(self.accept)

    def cut(self):
        """Ends every open connection in the middle of its response, and returns their number."""
        with self.lock:
            for client, server in self.open:
                shut(client)
                shut(server)
            return len(self.open)

    def requests(self, path):
        """Returns the heads of the requests for a path, in order."""
        with self.lock:
            return [head for head in self.heads if head.startswith(f"GET {path}")]

    def close(self):
        shut(self.listener)
        self.listener.close()
        self.cut()

    @staticmethod
    def run(body, *arguments):
        thread = threading.Thread(target=body, args=arguments, daemon=True)
        thread.start()
        return thread

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.run(self.serve, client)

    def serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(65536)
                if not more:
                    return
                head += more
            if head.startswith(b"GET /events"):
                self.forward(client, head)
            else:
                client.sendall(self.answer(head.startswith(b"GET /?")))

    def answer(self, is_page):
        status, body = (b"200 OK", self.page) if is_page else (b"404 Not Found", b"")
        return (
            b"HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (status, len(body), body)
        )

    def forward(self, client, head):
        with socket.create_connection(self.target) as server:
            with self.lock:
                self.heads.append(head.decode(errors="replace"))
                self.open.add((client, server))
            server.sendall(head)
            back = self.run(self.pump, client, server)
            self.pump(server, client)
            back.join()
            with self.lock:
                self.open.remove((client, server))

    @staticmethod
    def pump(source, sink):
        try:
            while more := source.recv(65536):
                sink.sendall(more)
        except OSError:
            pass
        shut(source)
        shut(sink)


def shut(each):
    """Shuts a socket down, which wakes a thread that waits on it."""
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
