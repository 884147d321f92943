"""Whether a text speaks of somebody under 18. What follows from that is said elsewhere.

A rule, because a trained head for sexual/minors is poor: there is next to nothing that it could lawfully learn from.
"""

from __future__ import annotations

import re

_SPELLED = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
_AGE = rf"(?:1[0-7]|[1-9]|{_SPELLED})"
_NAMES = re.compile(
    r"\b(?:"
    # English
    r"child|children|childs?porn|kids?|kiddie|minors?|under-?\s?aged?|toddlers?|infants?|newborns?|preteens?|pre-teens?|tweens?"
    r"|teen|teens|teenaged?|teenagers?|jailbait|lolis?|lolitas?|lolicon|shota(?:con)?|p(?:a)?edo(?:philia|phile|s)?|cp"
    r"|school\s?(?:girl|boy|kid|child)s?|school\s?children|little\s(?:girl|boy|sister|brother|one)s?|young\s(?:girl|boy)s?"
    r"|(?:a|the|my|her|his|this)\sbab(?:y|ies)|(?:boy|girl)\sscouts?|(?:kindergart(?:en|ner)|pre-?school|elementary|middle\sschool)\w*"
    r"|pupils?|grade\sschool\w*|pubescent|prepubescent|barely\slegal"
    # German
    r"|kind|kinder|kindern|kindes|kinder\w+|kleinkind\w*|minderjährig\w*|minderjahrig\w*|jugendliche\w*|schulmädchen|schulmadchen"
    r"|schüler(?:in|innen)?|schuler(?:in|innen)?|kleine[sn]?\s(?:mädchen|madchen|jungen?)|jungs|säugling\w*|teenies?"
    # Spanish
    r"|niñ[oa]s?|nin[oa]s?|menor(?:es)?(?:\sde\sedad)?|colegial[ae]s?|adolescentes?|crí[oa]s?|chiquill[oa]s?|beb[eé]s?|infantil(?:es)?"
    # French
    r"|enfants?|enfantine?s?|mineure?s?|fillettes?|écoli[eè]re?s?|ecoli[eè]re?s?|gamine?s?|collégien(?:ne)?s?|adolescente?s?|bambins?|petite?\s(?:fille|garçon|garcon)s?"
    r")\b",
    re.IGNORECASE,
)
_AGED = re.compile(
    rf"\b(?:aged?|age:?|alter|edad|âge|turned|is|of|de)\s(?:of\s)?{_AGE}\b(?!\s?(?:%|percent|cm|km|kg|pm|am|o'clock|minutes?|seconds?|months?|"
    rf"people|men|women|shots?|frames?|clips?|videos?|euros?|dollars?|por|pour|hombres|mujeres|personas|hommes|femmes))"
    rf"|\b{_AGE}[\s-]?(?:years?|yrs?|yo|y/o|y\.o\.?|jahre\w*|jährig\w*|jahrig\w*|años|anos|ans)\b"
    rf"|\bunder\s(?:18|eighteen)\b|\bunter\s18\b|\bmoins\sde\s18\b|\bmenos\sde\s18\b",
    re.IGNORECASE,
)
_A_TIME = re.compile(
    rf"\b{_AGE}\s(?:years?|jahre|años|ans)\s(?:ago|later|together|long|in\sprison|of\s\w+|spät\w+|lang|después|plus\stard)",
    re.I,
)
# Who asks how old somebody is names nobody's age.
_HOW_OLD = re.compile(
    r"\b(?:how\sold|what\sage|wie\salt|qu[eé]\sedad|cu[aá]ntos\saños|quel\s[aâ]ge)\b[^.?!\n]*[.?!]?", re.IGNORECASE
)


def named(text: str) -> bool:
    """Whether a child, a minor or an age under 18 is named, in English, German, Spanish or French."""
    asked = _A_TIME.sub(" ", _HOW_OLD.sub(" ", text))
    return bool(_NAMES.search(asked) or _AGED.search(asked))
