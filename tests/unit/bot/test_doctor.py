"""What doctor says of the harms that nobody looks for."""

import pytest

from bot.config import Config
from bot.doctor import _covered, _web
from engine.types import Category, Coverage

ALL = tuple(Category)


@pytest.mark.parametrize(
    ("text", "frames", "says"),
    [
        (ALL, ALL, "every category is scored in both"),
        (ALL, ALL[:-2], "not covered in pictures: violence and violence/graphic"),
        ((Category.HATE,), ALL, "not covered in texts: "),
        (ALL[:-1], ALL[:-1], "nobody scores violence/graphic"),
    ],
)
def test_what_nobody_looks_for_is_named_with_where(text, frames, says):
    check = _covered(Config(), Coverage(text=text, frames=frames))
    assert check.ok
    assert says in check.says


def test_a_gap_in_pictures_alone_is_not_called_covered():
    check = _covered(Config(), Coverage(text=ALL, frames=(Category.SEXUAL,)))
    assert "every category" not in check.says
    assert "violence" in check.says


@pytest.mark.parametrize(("token", "good"), [("1234", False), ("  1234567890123  ", False), ("0123456789abcdef", True)])
def test_a_token_that_can_be_guessed_is_named(token, good):
    check = _web(Config(web={"token": token}))
    assert check.ok is good
    assert token.strip() not in check.says + check.advice
