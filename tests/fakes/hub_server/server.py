"""A hub of models on the loopback: model information, files with redirects to a second host, ranges, gates.

It serves in threads of its own while it is used as a context manager. What it was asked is in `requests`.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.fakes.hub_server.world import File, Repository, Request, Trouble


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tests cut connections and end processes; everything else is worth its trace."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class HubServer:
    """`url` goes where people write https://huggingface.co. Its large files come from another host, as there."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[Request] = []
        self.trouble: dict[str, Trouble] = {}  # by the path of a file, or "api"
        self.lies: dict[str, Any] = {}  # what it says of every model in place of the truth
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    def __enter__(self) -> HubServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for trouble in self.trouble.values():
            trouble.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(
        self,
        name: str,
        files: Mapping[str, bytes],
        *,
        licence: str = "apache-2.0",
        gated: bool = False,
        readers: tuple[str, ...] = (),
        branch: str = "main",
        commit: str = "",
    ) -> str:
        """A new commit of a repository, which is made when it is new. `readers`: tokens that may read a gated one."""
        repository = self.repositories.setdefault(name, Repository(name, licence, gated, set(readers)))
        return repository.commit(files, branch, commit)

    def sent(self, path: str) -> int:
        """Bytes of a file that went out, over all answers."""
        return sum(request.sent for request in self.requests if request.path == path)

    def asked(self, path: str, method: str = "GET") -> list[Request]:
        return [request for request in self.requests if request.path == path and request.method == method]

    def note(self, request: Request) -> Request:
        with self._lock:
            self.requests.append(request)
        return request

    def takes(self, name: str) -> Trouble | None:
        """The trouble with a file, if it is its turn."""
        with self._lock:
            trouble = self.trouble.get(name)
            if trouble is None or trouble.times <= 0:
                return None
            trouble.times -= 1
            return trouble

    def locate(self, name: str, revision: str, path: str) -> tuple[str, File | None]:
        repository = self.repositories[name]
        commit = repository.resolve(revision)
        return commit, repository.commits.get(commit, {}).get(path)


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        world = hub

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: HubServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests read `requests`."""

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        match parts:
            case ["api", "models", org, name]:
                self._info(f"{org}/{name}", "main")
            case ["api", "models", org, name, "revision", revision]:
                self._info(f"{org}/{name}", revision)
            case [org, name, "resolve", revision, *path]:
                self._resolve(f"{org}/{name}", revision, "/".join(path))
            case ["cdn", org, name, commit, *path]:
                _, file = self.world.locate(f"{org}/{name}", commit, "/".join(path))
                assert file is not None
                self._content(file, {"ETag": f'"{file.sha256}"'})
            case _:
                self._refuse(404, "NotFound")

    @property
    def _token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _info(self, name: str, revision: str) -> None:
        self.world.note(Request(self.command, "api", token=self._token))
        if (trouble := self.world.takes("api")) and trouble.status:
            return self._refuse(trouble.status, "")
        repository = self.world.repositories.get(name)
        if repository is None:
            return self._refuse(404 if self._token else 401, "RepoNotFound")
        commit = repository.resolve(revision)
        if not commit:
            return self._refuse(404, "RevisionNotFound")
        described = {
            "id": name,
            "modelId": name,
            "sha": commit,
            "gated": "auto" if repository.gated else False,
            "private": False,
            "tags": [f"license:{repository.licence}"],
            "siblings": [file.as_sibling() for file in repository.commits[commit].values()],
        }
        answer = json.dumps({**described, **self.world.lies}).encode()
        if trouble and trouble.tampered is not None:
            answer = trouble.tampered
        return self._send(200, answer, {"Content-Type": "application/json"})

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repository = self.world.repositories.get(name)
        if repository is None:
            return self._refuse(404, "RepoNotFound")
        if repository.gated and self._token not in repository.readers:
            return self._refuse(403 if self._token else 401, "GatedRepo")
        commit, file = self.world.locate(name, revision, path)
        if file is None:
            return self._refuse(404, "EntryNotFound" if commit else "RevisionNotFound")
        headers = {"X-Repo-Commit": commit, "ETag": f'"{file.etag}"'}
        if not file.large:
            return self._content(file, headers)
        headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.content))}
        cdn = f"http://localhost:{self.world.port}/cdn/{name}/{commit}/{path}"
        return self._send(302, b"", {**headers, "Location": cdn})

    def _content(self, file: File, headers: dict[str, str]) -> None:
        trouble = self.world.takes(file.path) if self.command == "GET" else None
        request = self.world.note(Request(self.command, file.path, token=self._token))
        if trouble and trouble.status:
            return self._refuse(trouble.status, "")
        content = trouble.tampered if trouble and trouble.tampered is not None else file.content
        asked = self.headers.get("Range", "")
        if asked and not (trouble and trouble.ignore_ranges):
            request.start = int(asked.removeprefix("bytes=").partition("-")[0])
            if request.start >= len(content):
                return self._refuse(416, "")
            headers["Content-Range"] = f"bytes {request.start}-{len(content) - 1}/{len(content)}"
        return self._stream(206 if request.start else 200, content[request.start :], headers, request, trouble)

    def _stream(
        self, status: int, body: bytes, headers: dict[str, str], request: Request, trouble: Trouble | None
    ) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body)), "Accept-Ranges": "bytes"}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = (
            min((n for n in (trouble.cut_after, trouble.hold_after) if n is not None), default=None)
            if trouble
            else None
        )
        first = body if stop is None else body[:stop]
        try:
            self._write(first, request)
            if trouble and trouble.hold_after is not None:
                trouble.reached.set()
                trouble.go_on.wait(30)
            if trouble and trouble.cut_after is not None:
                self.close_connection = True
                return
            self._write(body[len(first) :], request)
        except OSError:  # the other side has gone
            self.close_connection = True

    def _write(self, body: bytes, request: Request) -> None:
        self.wfile.write(body)
        self.wfile.flush()
        request.sent += len(body)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"", {"X-Error-Code": code} if code else {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
