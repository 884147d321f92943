"""The list of words that may be said is a list of everyday words, whole in both languages."""

from engine.backends.lite.recognition.words import vocabulary

# What a clip never proves, whatever a model says.
FORBIDDEN = {"man", "woman", "boy", "girl", "child", "person", "groom", "pistol", "rifle", "knife", "weapon", "blood"}


def test_every_word_is_whole_in_english_and_german() -> None:
    for word in vocabulary().values():
        assert word.word, word
        assert word.plural, word
        assert word.german.word, word
        assert word.german.plural, word
        assert word.german.gender in {"m", "f", "n"}
        unused = word.word in {"food", "binoculars", "sunglasses"}
        assert word.article == ("" if unused else "an" if word.word[0] in "aeiou" else "a")


def test_a_word_stands_for_classes_that_the_model_has() -> None:
    for word in vocabulary().values():
        assert word.leaves
        assert word.leaves <= frozenset(range(1000))


def test_no_word_says_who_somebody_is_or_that_something_is_a_weapon() -> None:
    said = {part for word in vocabulary() for part in word.split()}
    assert not said & FORBIDDEN
    weapons = {413, 465, 623, 763, 764}  # assault rifle, bulletproof vest, letter opener, revolver, rifle
    assert not weapons & {leaf for word in vocabulary().values() for leaf in word.leaves}


def test_people_are_not_named_by_their_clothes_or_work() -> None:
    people = {981, 982, 983}  # ballplayer, groom, scuba diver
    assert not people & {leaf for word in vocabulary().values() for leaf in word.leaves}
