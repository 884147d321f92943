"""Which clip is meant follows from the words and from the course of the talk."""

import pytest

from engine.backends.lite.understanding import LiteUnderstanding, conversation
from engine.types import Clip, Role, Turn, Understand

BIKES, BUNNY = Clip(path="/1", name="bikes.mp4"), Clip(path="/2", name="bunny.mp4")


def user(text, *clips):
    return Turn(role="user", text=text, clips=clips)


def bot(text="…"):
    return Turn(role="assistant", text=text)


@pytest.mark.parametrize(
    ("turns", "meant"),
    [
        ([user("how long?", BIKES)], BIKES),
        ([user("how long?", BIKES), bot(), user("and this?", BUNNY)], BUNNY),
        ([user("how long?", BIKES), bot(), user("is it dark?")], BIKES),
        ([user("", BIKES), bot(), user("", BUNNY), bot(), user("is it dark?")], BUNNY),
        ([user("", BIKES), bot(), user("", BUNNY), bot(), user("how long is the first one?")], BIKES),
        ([user("", BIKES), bot(), user("", BUNNY), bot(), user("is bikes dark?")], BIKES),
        ([user("compare", BIKES, BUNNY), bot(), user("and the second one?")], BUNNY),
        ([user("is it dark?", BIKES, BUNNY)], BIKES),
        (
            [user("", BIKES), bot(), user("", BUNNY), bot(), user("is the first one dark?"), bot(), user("sound?")],
            BIKES,
        ),
        ([user("hello")], None),
    ],
)
def test_the_clip_that_is_meant_is_found(turns, meant):
    assert conversation.read(turns).meant == meant


def test_a_clip_without_a_word_asks_what_happens():
    assert conversation.read([user("", BIKES)]).question.intent == "overview"


def test_a_clip_that_does_not_exist_is_said():
    talked = conversation.read([user("how long?", BIKES), bot(), user("how long is the second one?")])
    assert talked.missing == 1


def test_the_second_one_may_be_a_shot_when_shots_were_the_topic():
    talked = conversation.read([user("what moves in the first shot?", BIKES), bot(), user("and the second one?")])
    assert (talked.question.slots.scope.kind, talked.question.slots.scope.a) == ("shot", 2)


def _answer(context, *turns):
    return "".join(LiteUnderstanding().answer(Understand(turns=turns), context))


@pytest.mark.parametrize("text", ["how long is it?", "what moves?", "who is that?", "compare them"])
def test_without_a_clip_the_answer_says_how_to_give_one(text, context):
    said = _answer(context, user(text))
    assert "clip" in said
    assert "Post a video" in said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("hi", "Hello"),
        ("what can you do?", "recognise"),
        ("thanks!", "welcome"),
        ("are you an AI?", "lite"),
        ("wie lang ist das video?", "Clip"),
        ("was kannst du?", "Einstellung"),
        ("¿cuánto dura el vídeo?", "inglés y alemán"),
        ("combien de plans y a-t-il dans cette vidéo ?", "l'anglais et l'allemand"),
        ("сколько длится это видео?", "английский и немецкий"),
        ("这个视频有多长？", "英语和德语"),
    ],
)
def test_small_talk_needs_no_clip(text, word, context):
    assert word in _answer(context, user(text))


def test_why_is_answered_with_how_it_was_measured(context):
    said = _answer(context, user("how many cuts?", BIKES), bot("Five."), user("why did you say that?"))
    assert "compared every picture" in said


def test_an_empty_conversation_gets_an_answer(context):
    assert _answer(context)


def test_the_card_is_honest_and_needs_nothing():
    card = LiteUnderstanding().card()
    assert card.role is Role.UNDERSTANDING
    assert "lite" in card.name
    assert card.download_bytes == 0
    assert card.missing == ""


def test_importing_the_package_loads_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys; from engine.backends.lite.understanding import LiteUnderstanding; LiteUnderstanding().card(); "
        "print([m for m in ('numpy', 'cv2', 'av', 'onnxruntime') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"


def test_a_cancelled_answer_stops(context):
    context.raise_at = 3
    pieces = LiteUnderstanding().answer(Understand(turns=(user("what can you do?"),)), context)
    assert next(pieces)
    assert next(pieces)
    with pytest.raises(KeyboardInterrupt):
        next(pieces)
