"""What doctor says of the harms that nobody looks for."""

import pytest

from bot.config import Config
from bot.doctor import _covered
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
