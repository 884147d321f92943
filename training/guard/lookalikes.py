"""Writes the letters of all scripts that look like Latin ones: engine/backends/lite/guards/lookalikes.txt.

    pip install confusable_homoglyphs
    python -m training.guard.lookalikes

The table is Unicode's confusables.txt as confusable_homoglyphs (MIT) ships it, less what NFKC folds anyway, with what
chat users write besides: small capitals, letters on tiles and in circles, and letters upside down.
"""

from __future__ import annotations

import json
import unicodedata
from importlib import resources
from pathlib import Path

OUT = Path(__file__).parents[2] / "engine/backends/lite/guards/lookalikes.txt"
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
# Chat users' own: small capitals, tiles, circles, upside down.
MORE = {
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True)),
    **dict(zip("ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ", "acefghijkmrtvwy", strict=True)),
    **dict(zip("łøđħŧƒɓɗɠƙɱɲŋƥɖɛæœðþªº", "lodhtfbdgkmnnpdeaeopao", strict=True)),
    **{chr(0x1F1E6 + at): letter for at, letter in enumerate(ALPHABET)},  # regional indicators
    **{chr(0x1F150 + at): letter for at, letter in enumerate(ALPHABET)},  # white on black circles
    **{chr(0x1F170 + at): letter for at, letter in enumerate(ALPHABET)},  # white on black squares
    **dict.fromkeys("ΙІӀⲒⵏᛁꓲ∣⏽ǀ", "i"),
}
# Alike only beside Latin letters: words of these alone are Russian or Greek.
BESIDE_LATIN = {
    **dict(zip("квмнтояпигдлшщзучбэ", "kbmhtornugdnwwsyu6e", strict=True)),
    **dict(zip("κτεημλωπςδβθξφζσ", "ktenuawnsdb0e0zo", strict=True)),
}


def folded(char: str) -> str:
    plain = unicodedata.normalize("NFKD", char)
    return "".join(each for each in plain if unicodedata.category(each) != "Mn").casefold()


def main() -> None:
    table = json.loads((resources.files("confusable_homoglyphs") / "confusables.json").read_text("utf-8"))
    found: dict[str, str] = {}
    for char, looks in table.items():
        for target in (each["c"] for each in looks):
            if len(char) == 1 and not char.isascii() and len(target) == 1 and target.isascii() and target.isalnum():
                found.setdefault(char, target.lower())
    found |= MORE
    lines = [*_lines(found, ""), *_lines({char: look for char, look in BESIDE_LATIN.items() if char not in found}, "~")]
    OUT.write_text("".join(lines), "utf-8")


def _lines(found: dict[str, str], mark: str) -> list[str]:
    """A line a letter: the mark, the letter, and all that looks like it once capitals are gone."""
    by_target: dict[str, set[str]] = {}
    for char, target in found.items():
        for each in {char, folded(char)}:
            if len(each) == 1 and not each.isascii() and folded(each) != target and (each == char or each not in found):
                by_target.setdefault(target, set()).add(each)
    return [f"{mark}{target}{''.join(sorted(chars))}\n" for target, chars in sorted(by_target.items())]


if __name__ == "__main__":
    main()
