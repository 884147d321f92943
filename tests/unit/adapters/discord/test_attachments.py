"""Which files are clips, and which addresses are ever fetched."""

from __future__ import annotations

import pytest

from adapters.discord.attachments import FileHosts, link_name, take_links
from adapters.shared.media import media_type

DISCORD = FileHosts()


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.discordapp.com/attachments/1/2/a.mp4?ex=1",
        "https://media.discordapp.net/attachments/1/2/a.mp4",
        "https://cdn.discordapp.com:443/attachments/1/2/a.mp4",
        "https://CDN.discordapp.com/a.mp4",
    ],
)
def test_discords_own_file_hosts_are_allowed(url: str) -> None:
    assert DISCORD.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.discordapp.com/a.mp4",
        "https://cdn.discordapp.com.evil.example/a.mp4",
        "https://evil.example/cdn.discordapp.com/a.mp4",
        "https://cdn.discordapp.com@evil.example/a.mp4",
        "https://user@cdn.discordapp.com/a.mp4",
        "https://cdn.discordapp.com:8443/a.mp4",
        "https://cdn.discordapp.com:bad/a.mp4",
        "https://xcdn.discordapp.com/a.mp4",
        "https://169.254.169.254/a.mp4",
        "https://[::1]/a.mp4",
        "https://[/a.mp4",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_address_is(url: str) -> None:
    assert not DISCORD.allow(url)


def test_another_servers_own_host_is_allowed_when_it_is_configured() -> None:
    hosts = FileHosts("http://127.0.0.1:8080/api/v10")
    assert hosts.allow("http://127.0.0.1:8080/files/a.mp4")
    assert not hosts.allow("http://127.0.0.1:8081/files/a.mp4")
    assert not hosts.allow("https://127.0.0.1:8080/files/a.mp4")
    assert not hosts.allow("http://x@127.0.0.1:8080/files/a.mp4")


@pytest.mark.parametrize(
    ("name", "claimed", "kind"),
    [
        ("a.mp4", "video/mp4", "video/mp4"),
        ("a", "image/gif", "image/gif"),
        ("a.MP4", None, "video/mp4"),
        ("a.webm", "application/octet-stream", "video/webm"),
        ("a.png", "image/png; charset=x", "image/png"),
        ("a.svg", "image/svg+xml", None),
        ("a.mp4", "text/html", None),
        ("a.txt", None, None),
        ("a.mp3", "audio/mpeg", None),
    ],
)
def test_videos_pictures_and_gifs_are_clips_and_nothing_else(name: str, claimed: str | None, kind: str | None) -> None:
    assert media_type(name, claimed) == kind


def test_links_to_clips_leave_the_text_and_others_stay() -> None:
    own = "https://cdn.discordapp.com/attachments/1/2/my%20dog.mp4?ex=1&hm=2"
    text, links = take_links(f"what is <{own}> and https://evil.example/a.mp4", DISCORD)
    assert links == [own]
    assert text == "what is  and https://evil.example/a.mp4"
    assert link_name(own) == "my dog.mp4"


def test_a_link_to_another_kind_of_file_stays_text() -> None:
    text = "https://cdn.discordapp.com/attachments/1/2/notes.txt"
    assert take_links(text, DISCORD) == (text, [])
