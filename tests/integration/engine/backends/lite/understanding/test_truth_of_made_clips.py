"""Made clips have a truth that is known to the pixel; the answers have to tell it."""


def test_a_disc_to_the_right_is_told(talk, disc):
    said = talk.ask("what moves, and where to?", disc)
    assert "red" in said
    assert "to the right" in said
    assert not any(way in said for way in ("to the left", "upwards", "downwards"))
    assert talk.ask("does the camera move?").startswith("No")
    assert talk.ask("does anything move to the left?").startswith("No")
    assert talk.ask("is there any red?").startswith("Yes")
    assert "single shot" in talk.ask("how many cuts?")


def test_a_pan_is_told_as_the_cameras(talk, pan):
    said = talk.ask("does the camera move?", pan)
    assert said.startswith("Yes")
    assert "to the right" in said
    assert talk.ask("does anything move?").startswith("No")


def test_a_zoom_is_told(talk, zoom):
    assert "zooms in" in talk.ask("does the camera zoom?", zoom)
    assert "single shot" in talk.ask("how many shots?")


def test_a_fade_to_black_is_told_with_its_time(talk, fading):
    said = talk.ask("does it fade to black?", fading)
    assert "out to black from 0:01" in said
    assert "to 0:02" in said
    assert talk.ask("does it get darker?").startswith("Yes")
    assert "almost black" in talk.ask("how bright is it at the end?")


def test_a_text_card_is_read_at_its_time(talk, card):
    said = talk.ask("what does the text say?", card)
    assert "HELLO 42" in said.replace("HELLO42", "HELLO 42")
    assert "0:01" in said or "0:02" in said
    assert "no text" in talk.ask("is there any text after 2.2 seconds?")
    assert "blue" in talk.ask("what colours?")


def test_silent_gaps_of_a_tone_are_told(talk, tone):
    said = talk.ask("when is it silent?", tone)
    assert "from 0:01" in said
    assert "to 0:02" in said or "to 0:01.9" in said
    assert talk.ask("is there sound?").startswith("Yes")
    assert "loud" in talk.ask("how loud is it in the first second?")
    assert "silent" in talk.ask("how loud is it between 1.3 and 1.7 seconds?")


def test_the_summary_tells_what_was_made(talk, card):
    said = talk.ask("what happens here?", card)
    assert "3 seconds" in said
    assert "blue" in said
    assert "HELLO" in said
    assert "There is no sound" in said
