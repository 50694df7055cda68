"""A real HTTP server on 127.0.0.1 with the faults that real mirrors have; its first path segment names the fault."""

import contextlib
import hashlib
import http.server
import random
import socket
import threading
from collections.abc import Iterator

from labs_utils.datasets.catalog import RemoteFile

CONTENT = random.Random(0).randbytes(200_000)
WRONG_CONTENT = random.Random(1).randbytes(len(CONTENT))


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at ``/<fault>/<any name>`` and remembers the paths asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requested: list[str] = []
        self.closing = threading.Event()

    def url(self, fault: str, name: str = "file.bin") -> str:
        return f"http://127.0.0.1:{self.server_port}/{fault}/{name}"

    def handle_error(self, request, client_address):
        """Says nothing: clients that hang up are what these tests are about."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requested.append(self.path)
        getattr(self, "serve_" + self.path.split("/")[1])()

    def log_message(self, *_):
        pass

    def start(self, length: int = len(CONTENT)) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def drip(self, content: bytes, size: int, pause: float) -> None:
        """Sends pieces of `size` bytes with pauses, at the longest until the server closes."""
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            if self.server.closing.wait(pause):
                return

    def serve_good(self) -> None:
        self.start()
        self.wfile.write(CONTENT)

    def serve_unhurried(self) -> None:
        self.start()
        self.drip(CONTENT, 20_000, 0.05)

    def serve_drip(self) -> None:
        self.start()
        self.drip(CONTENT, 1, 0.1)

    def serve_drip_headers(self) -> None:
        self.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000, 1, 0.1)

    def serve_slow(self) -> None:
        self.start()
        self.drip(CONTENT, 20_000, 0.4)

    def serve_silent(self) -> None:
        self.server.closing.wait(60)

    def serve_cut(self) -> None:
        self.start()
        self.wfile.write(CONTENT[:100_000])

    def serve_short(self) -> None:
        self.start(1000)
        self.wfile.write(CONTENT[:1000])

    def serve_long(self) -> None:
        self.start(len(CONTENT) + 1)
        self.wfile.write(CONTENT + b"x")

    def serve_wrong(self) -> None:
        self.start()
        self.wfile.write(WRONG_CONTENT)

    def serve_missing(self) -> None:
        self.send_error(404)

    def serve_broken(self) -> None:
        self.send_error(500)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server that runs within the block."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def closed_port_url() -> str:
    """An address on this machine where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/good/file.bin"


def remote_file(*mirrors: str, path: str = "things/file.bin") -> RemoteFile:
    """CONTENT as an entry of the catalogue."""
    return RemoteFile(path, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), mirrors)
