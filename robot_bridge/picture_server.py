"""Pictures on a web page of this computer, each as soon as there is one: MJPEG, which every browser shows."""

from __future__ import annotations

import html
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.errors import TerrafirmaError

HOST = "127.0.0.1"
PATIENCE = 1.0  # s, after which the last picture is sent again: a browser that has gone is noticed
PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body {{ margin: 2rem; font: 16px system-ui, sans-serif }} img {{ max-width: 100% }}</style>
<h1>{title}</h1><img src="/stream" alt="the robot">
"""


class PictureServer:
    """Serves a page at / and the pictures at /stream, to this computer only.

    Args:
        port: 0 for any that is free.

    Raises:
        TerrafirmaError: the port is taken, or not allowed.
    """

    def __init__(self, port: int, title: str) -> None:
        self._news = threading.Condition()
        self._jpeg, self._number, self._watchers, self._closed = b"", 0, 0, False
        handler = type(
            "Handler", (_Handler,), {"pictures": self, "page": PAGE.format(title=html.escape(title))}
        )
        try:
            self._server = ThreadingHTTPServer((HOST, port), handler)
        except OSError as error:
            raise TerrafirmaError(f"parameter port: {port} on {HOST}: {error.strerror}.") from error
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="pictures", daemon=True).start()

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks."""
        return self._watchers > 0

    def show(self, jpeg: bytes) -> None:
        """Send a picture to all who look."""
        with self._news:
            self._jpeg, self._number = jpeg, self._number + 1
            self._news.notify_all()

    def close(self) -> None:
        """End the page."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def watch(self, change: int) -> None:
        """So many more look."""
        with self._news:
            self._watchers += change

    def next(self, seen: int) -> tuple[int, bytes] | None:
        """The number of the newest picture and its JPEG, when it is another than `seen`; None at the end."""
        with self._news:
            self._news.wait_for(lambda: self._closed or self._number != seen, PATIENCE)
            return None if self._closed else (self._number, self._jpeg)


class _Handler(BaseHTTPRequestHandler):
    pictures: PictureServer
    page: str

    def do_GET(self) -> None:
        if self.path == "/":
            self._send("text/html; charset=utf-8", self.page.encode())
        elif self.path == "/stream":
            self._stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        seen = 0
        self.pictures.watch(1)
        try:
            while (news := self.pictures.next(seen)) is not None:
                seen, jpeg = news
                if jpeg:
                    head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
        except ConnectionError:
            self.close_connection = True  # the browser has gone
        finally:
            self.pictures.watch(-1)

    def log_message(self, *_: object) -> None:
        """A request is no news."""
