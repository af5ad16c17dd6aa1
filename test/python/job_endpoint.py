"""The runner's job endpoint as the SDK sees it: the same answers, over a dict."""

import json
import socketserver
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "the token of this job"


class JobEndpoint(socketserver.ThreadingUnixStreamServer):
    """Answers from what a test has put into `series`, `data`, `files` and `peer`."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Handler)
        self.path = path
        self.series: dict[str, list[dict[str, str]]] = {}
        self.data: dict[str, str] = {}
        self.files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.peer: dict[str, Any] = {"_id": "1", "name": "CT01"}
        self.transfers: list[dict[str, Any]] = []
        self.queries: list[tuple[str, str, dict[str, str]]] = []
        self.cut_short = False


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: JobEndpoint
    # One write for head and body: a client may close when it has read the status.
    wbufsize = 65536

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keeps the test's output clean."""

    def answer(self, status: int, body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_json(self, status: int, value: Any) -> None:
        self.answer(status, json.dumps(value).encode())

    def serve(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        server.queries.append((self.command, url.path, query))
        name = query.get("name", "")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answer_json(401, {"message": "the token is of no running job"})
        elif url.path == "/series" and query["id"] in server.series:
            self.answer_json(200, {"files": server.series[query["id"]]})
        elif url.path == "/peer" and name in ("", server.peer["name"]):
            self.answer_json(200, server.peer)
        elif self.command == "POST" and url.path == "/transfers":
            server.transfers.append(json.loads(body))
            self.answer_json(200, {})
        elif self.command == "PUT" and url.path == "/data":
            server.data[name] = body.decode()
            self.answer_json(200, {"id": f"data-{name}"})
        elif self.command == "PUT" and url.path == "/files":
            server.files[name] = (query, body)
            self.answer_json(200, {"id": f"file-{name}"})
        elif url.path == "/data" and name in server.data:
            text = server.data.pop(name) if self.command == "DELETE" else server.data[name]
            self.answer_json(200, {"value": text})
        elif url.path == "/files/content" and name in server.files:
            content = server.files[name][1]
            self.answer(200, content, len(content) + 1 if server.cut_short else None)
        elif url.path == "/files" and name in server.files:
            how, content = (
                server.files.pop(name) if self.command == "DELETE" else server.files[name]
            )
            self.answer_json(
                200,
                {
                    "_id": "1",
                    "length": len(content),
                    "contentType": how["contentType"],
                    "uploadDate": "2026-01-02T03:04:05.678Z",
                    "metadata": json.loads(how["meta"]),
                },
            )
        else:
            self.answer_json(404, {"message": "there is no such thing in this session"})

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve  # noqa: N815 (the names are http.server's)
