"""The console command, as a person or a script calls it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import av
import pytest

from bot.config import Config
from engine.types import Category
from tests.harness import CONSOLE, Cli, environment
from tests.lines import HARMFUL

CATEGORIES = 8


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_how_long_a_real_clip_is_comes_out_as_json(gpt4video: Cli, bikes: Path) -> None:
    result = gpt4video("ask", bikes, "How long is this clip?", "--json")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert {"answer", "verdicts", "model", "seconds"} <= set(answer)
    assert "10" in answer["answer"]
    assert "second" in answer["answer"]
    assert "lite" in answer["model"]
    assert {verdict["where"] for verdict in answer["verdicts"]} == {"question", "clip", "answer"}


def test_what_moves_gets_an_answer_with_directions_and_times(gpt4video: Cli, bikes: Path) -> None:
    result = gpt4video("ask", bikes, "what moves, and where to?")
    assert result.returncode == 0, result.stderr
    assert "lite" in result.stdout
    assert any(word in result.stdout for word in ("left", "right"))
    assert "0:0" in result.stdout


def test_a_made_video_is_the_file_that_was_asked_for(gpt4video: Cli, tmp_path: Path) -> None:
    out = tmp_path / "ball.mp4"
    options = ["--seed", "7", "--seconds", "1", "--size", "320x180", "--json"]
    result = gpt4video("generate", "a red ball bouncing on green grass", "-o", out, *options)
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    assert (made["path"], made["seed"], made["width"], made["height"]) == (str(out), 7, 320, 180)
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert sum(1 for _ in container.decode(stream)) == made["frames"]
    assert list((tmp_path / "data").rglob("*.mp4")) == []
    # The video is as readable as the person wants; everything else is the bot's alone.
    assert out.stat().st_mode & 0o777 == 0o666 & ~current_umask()
    kept = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_the_same_seed_makes_the_same_video(gpt4video: Cli, tmp_path: Path) -> None:
    for name in ("one.mp4", "two.mp4"):
        result = gpt4video("generate", "a blue fish", "-o", name, "--seed", "3", "--seconds", "1", "--size", "160x90")
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_an_unsafe_prompt_ends_with_3_and_a_reason(gpt4video: Cli, tmp_path: Path) -> None:
    result = gpt4video("generate", "you stupid fucking idiot", "-o", "no.mp4")
    assert result.returncode == 3
    assert "harassment" in result.stderr
    assert not (tmp_path / "no.mp4").exists()


def test_moderate_scores_a_text_and_names_what_nobody_scores(gpt4video: Cli) -> None:
    result = gpt4video("moderate", "you stupid fucking idiot", "--json")
    assert result.returncode == 3
    report = json.loads(result.stdout)
    assert report["allowed"] is False
    assert report["verdicts"][0]["category"] == "harassment"
    assert report["verdicts"][0]["score"] >= report["verdicts"][0]["threshold"]
    assert report["coverage"] == {"text": [category.value for category in Category], "frames": ["sexual"]}
    assert (report["not_covered"], report["language_not_covered"]) == ([], [])


def test_moderate_blocks_the_plainest_sentence_of_each_category_and_lets_a_question_through(
    gpt4video: Cli, tmp_path: Path
) -> None:
    texts = [("How many balls are there?", ""), *((some[0], category) for category, some in HARMFUL.items())]
    lines = tmp_path / "texts.jsonl"
    lines.write_text("".join(json.dumps(text) + "\n" for text, _ in texts), "utf-8")
    result = gpt4video("moderate", "--lines", lines, "--json")
    assert result.returncode == 0, result.stderr
    scores = [json.loads(line) for line in result.stdout.splitlines()]
    rules = {category.value: threshold for category, (threshold, _) in Config().rules().items()}
    assert [set(each) == set(rules) for each in scores] == [True] * len(texts)
    assert all(score < rules[category] for category, score in scores[0].items())
    missed = [
        category for (_, category), each in zip(texts[1:], scores[1:], strict=True) if each[category] < rules[category]
    ]
    assert missed == []


def test_moderate_says_that_a_language_is_not_covered(gpt4video: Cli) -> None:
    result = gpt4video("moderate", "Kuinka monta palloa pöydällä on?", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["language_not_covered"] == [category.value for category in Category]


def test_moderate_scores_the_frames_of_a_clip(gpt4video: Cli, bikes: Path) -> None:
    result = gpt4video("moderate", "--file", bikes, "--json")
    assert result.returncode == 0, result.stderr
    (verdict,) = json.loads(result.stdout)["verdicts"]
    assert verdict["category"] == "sexual"
    assert 0 <= verdict["time_s"] <= 10


def test_doctor_says_what_is_really_scored(gpt4video: Cli) -> None:
    result = gpt4video("doctor", "--json")
    assert result.returncode == 0, result.stdout
    report = json.loads(result.stdout)
    assert report["ok"]
    assert {model["role"] for model in report["models"]} == {
        "understanding",
        "generation",
        "text_guard",
        "frame_guard",
    }
    assert len(report["coverage"]) == CATEGORIES
    assert report["coverage"]["sexual"] == {"text": True, "frames": True}
    assert report["coverage"]["violence"] == {"text": True, "frames": False}


def test_bad_input_ends_with_2_and_one_sentence(gpt4video: Cli, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("this is not a video")
    for arguments in (
        ("ask", "missing.mp4", "What is this?"),
        ("ask", str(tmp_path), "What is this?"),
        ("ask", str(text), "What is this?"),
        ("generate", "a ball", "-o", "x.mp4", "--size", "huge"),
        ("generate", "a ball", "-o", "nowhere/x.mp4"),
        ("generate", "a ball", "-o", "x.mp4", "--seconds", "9000"),
        ("moderate",),
    ):
        result = gpt4video(*arguments)
        assert result.returncode == 2, (arguments, result.stderr)
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert "Traceback" not in result.stderr


def test_a_used_up_quota_ends_with_2_and_says_when_it_goes_on(gpt4video: Cli, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("quotas.videos_per_day = 1\n")
    options = ["--seconds", "1", "--size", "320x180", "--json"]
    first = gpt4video("generate", "a red ball", "-o", tmp_path / "one.mp4", *options)
    assert first.returncode == 0, first.stderr
    second = gpt4video("generate", "a red ball", "-o", tmp_path / "two.mp4", *options)
    assert second.returncode == 2
    assert json.loads(second.stdout)["code"] == "over_quota"
    assert "You have used your 1 video of today. The next one is free" in second.stderr
    assert not (tmp_path / "two.mp4").exists()


def test_a_mistake_in_the_configuration_is_found_with_its_line(gpt4video: Cli, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[web]\nprot = 80\n")
    result = gpt4video("moderate", "hello")
    assert result.returncode == 2
    assert "config.toml:2" in result.stderr
    assert '"port"' in result.stderr


def test_an_engine_that_cannot_start_ends_with_4_and_says_why(gpt4video: Cli) -> None:
    result = gpt4video("moderate", "hello", GPT4VIDEO_MODELS__TEXT_GUARD="no.such:Guard")
    assert result.returncode == 4
    assert "Traceback" not in result.stderr
    assert "no.such" in result.stderr


def test_migrate_makes_the_database(gpt4video: Cli, tmp_path: Path) -> None:
    result = gpt4video("migrate")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "data" / "bot.db").exists()


def test_a_port_that_is_taken_ends_with_4_and_names_the_setting(gpt4video: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = gpt4video("run", GPT4VIDEO_WEB__PORT=str(taken.getsockname()[1]), GPT4VIDEO_BOT__LOG_LEVEL="ERROR")
    assert result.returncode == 4
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "web.port" in result.stderr


def test_with_a_read_only_disk_around_its_data_folder_the_bot_works_all_the_same(tmp_path: Path) -> None:
    if not may_mount() and os.environ.get("GPT4VIDEO_REQUIRE_ALL") != "1":
        pytest.skip("nothing may be mounted here")
    data = tmp_path / "data"
    data.mkdir()
    command = ["generate", "a ball", "-o", str(data / "ball.mp4"), "--seconds", "1", "--size", "160x90"]
    inside = ["unshare", "--mount", "bash", "-c", READ_ONLY, str(data), str(CONSOLE), *command]
    result = subprocess.run(inside, capture_output=True, text=True, env=environment(data), timeout=120)
    assert result.returncode == 0, result.stderr
    assert (data / "ball.mp4").stat().st_size > 1000


# Everything that Python would take for temporary files is read-only, also for root; only the data folder is not.
READ_ONLY = """
set -e
for place in /tmp /var/tmp /usr/tmp; do
    [ ! -d $place ] || { mount --bind $place $place; mount -o remount,ro,bind $place; }
done
mount --bind "$0" "$0"
mount -o remount,rw,bind "$0"
cd /proc
exec "$@"
"""


def may_mount() -> bool:
    tried = ["unshare", "--mount", "mount", "--bind", "/tmp", "/tmp"]
    return shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True).returncode == 0
