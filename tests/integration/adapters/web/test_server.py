"""The web server's edges: uploads, media, the token, foreign hosts and origins, headers, errors."""

from __future__ import annotations

import asyncio
import io
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.http import TrustedProxies
from adapters.web import WebAdapter, WebSetupError
from adapters.web import door as door_module

MEGABYTE = 1024 * 1024
TOKEN = "a long random string"


async def _json(answer: aiohttp.ClientResponse) -> Any:
    return await answer.json()


# --- uploads -------------------------------------------------------------------------------------------------------


async def test_an_upload_lands_in_the_inbox_under_a_random_name(server: Any) -> None:
    async with server.http() as http:
        headers = {"X-File-Name": "..%2F..%2Fevil.mp4"}
        async with http.post("/api/uploads", data=b"bytes", headers=headers) as answer:
            body = await _json(answer)

    assert (answer.status, body["size"]) == (201, 5)
    assert [path.name for path in server.inbox.iterdir()] == [f"{body['id']}.upload"]
    assert "evil" not in body["id"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_file_over_the_cap_is_refused_with_the_cap_and_leaves_nothing(server: Any, chunked: bool) -> None:
    async def stream() -> Any:
        for _ in range(40):
            yield b"x" * (64 * 1024)

    async with server.http() as http:
        data = stream() if chunked else io.BytesIO(b"x" * (MEGABYTE + 1))
        async with http.post("/api/uploads", data=data) as answer:
            body = await _json(answer)

    assert answer.status == 413
    assert "1 MB" in body["error"]["message"]
    assert list(server.inbox.iterdir()) == []


async def test_a_file_of_exactly_the_cap_is_taken(server: Any) -> None:
    async with server.http() as http, http.post("/api/uploads", data=io.BytesIO(b"x" * MEGABYTE)) as answer:
        assert answer.status == 201


async def test_an_empty_file_is_refused(server: Any) -> None:
    async with server.http() as http, http.post("/api/uploads", data=b"") as answer:
        body = await _json(answer)

    assert (answer.status, body["error"]["code"]) == (400, "empty_file")
    assert list(server.inbox.iterdir()) == []


async def test_an_upload_that_breaks_off_leaves_nothing(server: Any, eventually: Any) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 900000\r\n\r\n"
    writer.write(head.encode() + b"x" * 500_000)
    await writer.drain()
    await eventually(lambda: list(server.inbox.iterdir()))

    writer.close()

    await eventually(lambda: not list(server.inbox.iterdir()))


async def test_a_flood_of_uploads_is_stopped_at_so_many_and_leaves_room_for_more_later(
    server: Any, eventually: Any
) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    lines = []
    head = f"POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 900000\r\n\r\n".encode()
    for _ in range(40):
        lines.append(await asyncio.open_connection("127.0.0.1", port))
        lines[-1][1].write(head + b"x" * 1000)
    answers: list[bytes] = []

    async def listen(reader: asyncio.StreamReader) -> None:
        if line := await reader.readline():
            answers.append(line)

    listening = [asyncio.create_task(listen(reader)) for reader, _ in lines]
    await eventually(lambda: len(answers) == 36)  # four of them fill the room of one
    assert all(b" 429 " in answer for answer in answers)
    assert len(list(server.inbox.iterdir())) == 4

    for _, writer in lines:
        writer.close()
    await asyncio.wait(listening)
    await eventually(lambda: not list(server.inbox.iterdir()))
    async with server.http() as http, http.post("/api/uploads", data=b"bytes") as answer:
        assert answer.status == 201


async def test_an_upload_can_be_taken_back(server: Any) -> None:
    async with server.http() as http:
        async with http.post("/api/uploads", data=b"bytes") as answer:
            number = (await _json(answer))["id"]
        async with http.delete(f"/api/uploads/{number}") as answer:
            assert answer.status == 200

    assert list(server.inbox.iterdir()) == []


async def test_leftovers_of_an_earlier_run_are_swept_and_other_files_are_not(tmp_path: Path, start: Any) -> None:
    inbox = tmp_path / "inbox0"
    inbox.mkdir()
    (inbox / "old.upload").write_bytes(b"x")
    (inbox / "notes.txt").write_text("mine")

    await start()

    assert [path.name for path in inbox.iterdir()] == ["notes.txt"]


# --- media ---------------------------------------------------------------------------------------------------------


async def test_a_made_video_is_served_in_ranges(server: Any, clip: Path) -> None:
    address = server.adapter._shelf.url(str(clip))
    data = clip.read_bytes()
    async with server.http() as http:
        async with http.get(address) as whole:
            assert await whole.read() == data
        async with http.get(address, headers={"Range": "bytes=1000-1999"}) as part:
            assert await part.read() == data[1000:2000]
        async with http.get(address, headers={"Range": f"bytes={len(data)}-"}) as beyond:
            pass

    assert (whole.headers["Content-Type"], whole.headers["Accept-Ranges"]) == ("video/mp4", "bytes")
    assert (part.status, part.headers["Content-Range"]) == (206, f"bytes 1000-1999/{len(data)}")
    assert beyond.status == 416


@pytest.mark.parametrize(
    "path",
    [
        "/media/../../../etc/passwd",
        "/media/..%2f..%2f..%2fetc%2fpasswd",
        "/media/%2fetc%2fpasswd",
        "/media/guessed",
        "/static/../adapter.py",
        "/static/%2e%2e/adapter.py",
        "/static/..%2fadapter.py",
        "/inbox",
    ],
)
async def test_nothing_else_can_be_fetched(server: Any, path: str) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    # By hand: a client library would tidy the path up before it is sent.
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.split(b"\r\n", 1)[0] in (b"HTTP/1.1 404 Not Found", b"HTTP/1.1 403 Forbidden")
    assert b"root:" not in answer
    assert b"WebAdapter" not in answer


async def test_a_registered_file_of_another_kind_or_one_that_is_gone_is_not_served(server: Any, tmp_path: Path) -> None:
    text = tmp_path / "secret.txt"
    text.write_text("secret")
    async with server.http() as http:
        for path in (text, tmp_path / "gone.mp4"):
            async with http.get(server.adapter._shelf.url(str(path))) as answer:
                assert answer.status == 404
                assert "no longer here" in (await _json(answer))["error"]["message"]


# --- who may come in -----------------------------------------------------------------------------------------------


async def test_with_a_token_nothing_but_the_login_opens_before_it_is_given(start: Any) -> None:
    server = await start(token=TOKEN)
    media = server.adapter._shelf.url("/some/video.mp4")
    async with server.http() as http:
        for path in ("/api/config", "/api/socket", "/api/admin/rules", media):
            async with http.get(path) as answer:
                assert (answer.status, (await _json(answer))["error"]["code"]) == (401, "no_session")
        async with http.post("/api/uploads", data=b"bytes") as answer:
            assert answer.status == 401
        async with http.get("/admin") as page:
            assert page.url.path == "/login"
            assert page.url.query["next"] == "/admin"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect("/api/socket")
        async with http.get("/healthz") as health:
            assert (health.status, await _json(health)) == (200, {"ok": True})
    assert list(server.inbox.iterdir()) == []


async def test_the_health_is_red_with_the_reason_while_a_platform_hears_nothing(start: Any) -> None:
    troubles: dict[str, str] = {}
    server = await start(token=TOKEN, troubles=lambda: troubles)
    async with server.http() as http:
        troubles["discord"] = "Discord refused the bot token."
        async with http.get("/healthz") as health:
            assert health.status == 503
            assert await _json(health) == {"ok": False, "trouble": troubles}
        troubles.clear()
        async with http.get("/healthz") as health:
            assert (health.status, await _json(health)) == (200, {"ok": True})


async def test_the_right_token_opens_pages_socket_and_media_with_a_cookie_that_is_not_the_token(
    start: Any, clip: Path
) -> None:
    server = await start(token=TOKEN)
    async with server.http() as http:
        async with http.post("/api/login", json={"token": TOKEN}) as answer:
            cookie = answer.cookies["gpt4video_session"]
        assert answer.status == 200
        async with http.get(server.adapter._shelf.url(str(clip))) as media:
            assert media.status == 200
        async with http.ws_connect("/api/socket") as ws:
            await ws.send_json({"type": "hello", "conversation": "conversation-0001"})
            assert (await ws.receive_json(timeout=10))["type"] == "history"
            await ws.send_json({"type": "ask", "id": "message-00000001", "text": "hi"})
            await ws.receive_json(timeout=10)

    assert TOKEN not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    author = server.handler.calls[0].author
    assert author.id.startswith("web-")
    assert author.id != "local"
    assert cookie.value not in author.id
    assert TOKEN not in server.adapter.url


async def _log_in(http: aiohttp.ClientSession, token: Any, **headers: str) -> int:
    async with http.post("/api/login", json={"token": token}, headers=headers) as answer:
        return answer.status


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "STRUCK_S", 0.0)


async def test_wrong_tokens_are_refused_and_after_five_they_have_to_wait(start: Any) -> None:
    server = await start(token=TOKEN)
    async with server.http() as http:
        for wrong in ("no", "", 7, None, TOKEN + "!"):
            async with http.post("/api/login", json={"token": wrong}) as answer:
                assert (answer.status, (await _json(answer))["error"]["code"]) == (401, "wrong_token")
        async with http.post("/api/login", json={"token": "no"}) as answer:
            assert answer.status == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 60
            assert "Try again in" in (await _json(answer))["error"]["message"]
        async with http.get("/api/config") as answer:
            assert answer.status == 401


async def test_the_right_token_opens_however_many_wrong_ones_came_before(start: Any) -> None:
    server = await start(token=TOKEN)
    async with server.http() as http:
        assert [await _log_in(http, "wrong") for _ in range(8)] == [401] * 5 + [429] * 3
        assert await _log_in(http, TOKEN) == 200
        async with http.get("/api/config") as answer:
            assert answer.status == 200


async def test_behind_a_trusted_proxy_only_who_guesses_has_to_wait(start: Any) -> None:
    server = await start(token=TOKEN, proxies=TrustedProxies(["127.0.0.1"]))
    async with server.http() as http:
        for made_up in range(8):  # what a client writes itself stands left of what the proxy adds
            await _log_in(http, "wrong", **{"X-Forwarded-For": f"10.0.0.{made_up}, 198.51.100.7"})
        assert await _log_in(http, "wrong", **{"X-Forwarded-For": "198.51.100.7"}) == 429
        assert await _log_in(http, "wrong", **{"X-Forwarded-For": "198.51.100.8"}) == 401
        assert await _log_in(http, TOKEN, **{"X-Forwarded-For": "198.51.100.7"}) == 200


async def test_a_stranger_cannot_choose_the_address_that_waits(start: Any) -> None:
    server = await start(token=TOKEN)
    async with server.http() as http:
        tries = [await _log_in(http, "wrong", **{"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(6)]
    assert tries == [401] * 5 + [429]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 4000, b'{"token": "' + b"x" * 200_000 + b'"}', b"\xff\xfe"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_whatever_is_posted_as_a_token_is_a_wrong_one(start: Any, body: bytes, chunked: bool) -> None:
    async def stream() -> Any:
        yield body

    server = await start(token=TOKEN)
    async with server.http() as http, http.post("/api/login", data=stream() if chunked else body) as answer:
        assert (answer.status, (await _json(answer))["error"]["code"]) == (401, "wrong_token")


async def test_a_session_outlives_a_restart_and_ends_with_another_token(start: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = await start(token=TOKEN, state_dir=state)
    async with first.http() as http, http.post("/api/login", json={"token": TOKEN}) as answer:
        cookies = {"gpt4video_session": answer.cookies["gpt4video_session"].value}
    await first.adapter.stop()
    file = state / "sessions.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert cookies["gpt4video_session"] not in file.read_text()
    assert TOKEN not in file.read_text()

    async def enters(token: str) -> bool:
        server = await start(token=token, state_dir=state)
        async with server.http(cookies=cookies) as http, http.get("/api/config") as answer:
            entered = answer.status == 200
        await server.adapter.stop()
        return entered

    assert await enters(TOKEN)
    assert not await enters("another long random string")
    assert not await enters(TOKEN)  # and it stays ended


async def test_signing_out_ends_the_session_its_sockets_and_its_uploads(start: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    server = await start(token=TOKEN, state_dir=state)
    async with server.http() as http, server.http() as other:
        for session in (http, other):
            assert await _log_in(session, TOKEN) == 200
            async with session.post("/api/uploads", data=b"bytes") as answer:
                assert answer.status == 201
        cookie = next(iter(http.cookie_jar)).value
        async with http.ws_connect("/api/socket") as ws, other.ws_connect("/api/socket") as others:
            for talking in (ws, others):
                await talking.send_json({"type": "hello", "conversation": "conversation-0001"})
                await talking.receive_json(timeout=10)
            async with http.post("/api/logout") as answer:
                assert (answer.status, answer.cookies["gpt4video_session"].value) == (200, "")
            assert (await ws.receive(timeout=10)).type is aiohttp.WSMsgType.CLOSE
            await others.send_json({"type": "hello", "conversation": "conversation-0001"})
            assert (await others.receive_json(timeout=10))["type"] == "history"
        assert len(list(server.inbox.iterdir())) == 1
    async with server.http(cookies={"gpt4video_session": cookie}) as thief, thief.get("/api/config") as answer:
        assert answer.status == 401


async def test_signing_out_from_another_site_or_without_a_session_changes_nothing(start: Any) -> None:
    server = await start(token=TOKEN)
    async with server.http() as http:
        async with http.post("/api/logout") as answer:
            assert answer.status == 401
        assert await _log_in(http, TOKEN) == 200
        async with http.post("/api/logout", headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        async with http.get("/api/config") as answer:
            assert answer.status == 200
            assert (await _json(answer))["signed_in"]


@pytest.mark.parametrize("headers", [{"X-Forwarded-Proto": "https"}, {"Forwarded": "for=1.2.3.4;proto=https"}])
async def test_behind_tls_the_cookie_is_never_sent_in_the_clear(start: Any, headers: dict[str, str]) -> None:
    server = await start(token=TOKEN)
    async with server.http() as http, http.post("/api/login", json={"token": TOKEN}, headers=headers) as answer:
        assert answer.cookies["gpt4video_session"]["secure"]


async def test_a_made_up_session_is_not_one(start: Any) -> None:
    server = await start(token=TOKEN)
    async with server.http(cookies={"gpt4video_session": "made up"}) as http, http.get("/api/config") as answer:
        assert answer.status == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", ""])
async def test_on_loopback_a_foreign_host_name_is_refused(server: Any, host: str) -> None:
    async with server.http() as http:
        for path in ("/", "/api/config", "/healthz"):
            async with http.get(path, headers={"Host": host}) as answer:
                assert (answer.status, (await _json(answer))["error"]["code"]) == (403, "foreign_host")


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:99"])
async def test_every_name_of_this_machine_is_good(server: Any, host: str) -> None:
    async with server.http() as http, http.get("/api/config", headers={"Host": host}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("origin", ["https://evil.example", "http://[", "null", "http://127.0.0.1:1"])
async def test_another_site_can_neither_post_nor_open_the_socket(start: Any, token: str | None, origin: str) -> None:
    server = await start(token=token)
    async with server.http(headers={"Origin": origin}) as http:
        for call in (http.post("/api/uploads", data=b"x"), http.post("/api/login", json={"token": TOKEN})):
            async with call as answer:
                assert (answer.status, (await _json(answer))["error"]["code"]) == (403, "foreign_origin")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect("/api/socket")
        assert refused.value.status == 403


async def test_the_page_itself_may_post(server: Any) -> None:
    headers = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    async with server.http(headers=headers) as http, http.post("/api/uploads", data=b"x") as answer:
        assert answer.status == 201


async def test_a_form_on_another_site_is_known_by_its_fetch_metadata(server: Any) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    async with server.http(headers=headers) as http, http.post("/api/uploads", data=b"x") as answer:
        assert answer.status == 403


# --- headers, errors, start ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/admin", "/login", "/static/app.js", "/api/config", "/nowhere", "/media/x"])
async def test_every_answer_binds_the_browser(server: Any, path: str) -> None:
    async with server.http() as http, http.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_the_pages_files_are_asked_for_again_only_when_they_changed(server: Any) -> None:
    async with server.http() as http:
        async with http.get("/static/app.js") as first:
            assert first.headers["Cache-Control"] == "no-cache"
        async with http.get("/static/app.js", headers={"If-None-Match": first.headers["ETag"]}) as second:
            assert second.status == 304


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/", 405), ("GET", "/api/socket", 400)]
)
async def test_errors_are_json_with_a_sentence(server: Any, method: str, path: str, status: int) -> None:
    async with server.http() as http, http.request(method, path) as answer:
        body = await _json(answer)

    assert answer.status == status
    assert body["error"]["message"].endswith(".")
    assert body["error"]["code"]


async def test_a_surprise_is_logged_under_a_number_and_shows_no_stack(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(scope: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(server.desk, "rules", broken)
    async with server.http() as http, http.get("/api/admin/rules") as answer:
        message = (await _json(answer))["error"]["message"]

    assert answer.status == 500
    assert "secret" not in message
    number = message.rstrip(".").rsplit(" ", 1)[-1]
    assert any(number in record.getMessage() and record.exc_info for record in caplog.records)


@pytest.mark.parametrize("path", ["/api/login", "/api/uploads", "/api/admin/try/text"])
async def test_a_body_that_is_none_is_no_surprise(server: Any, path: str, caplog: pytest.LogCaptureFixture) -> None:
    port = int(server.url.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode() + b"5\r\nhello\r\n")
    await writer.drain()
    writer.write(b"zz\r\n")
    await reader.read()
    writer.close()
    assert not any(record.exc_info for record in caplog.records)
    assert list(server.inbox.iterdir()) == []


async def test_a_public_host_without_a_token_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(WebSetupError, match=r"web\.token"):
        WebAdapter(host="0.0.0.0", port=0, token=None, inbox=tmp_path, max_upload_bytes=1, desk=None)  # type: ignore[arg-type]


async def test_a_port_in_use_is_a_sentence_that_names_the_setting(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(WebSetupError, match=r"web\.port"):
        await start(port=taken.getsockname()[1])


async def test_stopping_twice_or_before_the_start_is_harmless(tmp_path: Path, start: Any) -> None:
    server = await start()
    await server.adapter.stop()
    await server.adapter.stop()
    fresh = WebAdapter(host="127.0.0.1", port=0, token=None, inbox=tmp_path, max_upload_bytes=1, desk=server.desk)
    await fresh.stop()
