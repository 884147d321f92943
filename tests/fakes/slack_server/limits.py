"""What Slack documents as limits, checked on what the app sends: texts, blocks, views, markup that pings.

Sources: docs.slack.dev reference of blocks, block elements, composition objects, views and chat methods.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TEXT_MAX = 40_000  # Slack cuts what is longer
MARKDOWN_MAX = 12_000
BLOCKS_IN_MESSAGE, BLOCKS_IN_VIEW = 50, 100
BLOCK_WORDS_MAX = 13_200  # of all blocks of a message together: msg_blocks_too_long
METADATA_MAX = 3000
ID_MAX = 255

ELEMENTS = frozenset(
    {
        "button",
        "channels_select",
        "checkboxes",
        "conversations_select",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "external_select",
        "file_input",
        "image",
        "multi_channels_select",
        "multi_conversations_select",
        "multi_external_select",
        "multi_static_select",
        "multi_users_select",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "static_select",
        "timepicker",
        "url_text_input",
        "users_select",
        "workflow_button",
    }
)
WITH_OPTIONS = ("static_select", "multi_static_select", "overflow", "checkboxes", "radio_buttons")
INTERACTIVE = ELEMENTS - {"image"}

TOKEN = re.compile(
    r"<(?:@[UW]\w+(?:\|[^<>]*)?|#C\w+(?:\|[^<>]*)?|!date\^[^<>]+|(?:https?://|mailto:|tel:|slack://)[^<>]+)>"
)
PING = re.compile(r"<!(?:channel|here|everyone|subteam\^[^>]*)(?:\|[^>]*)?>")
MENTION = re.compile(r"<@([UW]\w+)(?:\|[^>]*)?>")
BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt);)")


def check_markup(text: str, where: str) -> Iterator[str]:
    """What is wrong with mrkdwn: pings of many, and `& < >` that are neither escaped nor markup."""
    if PING.search(text):
        yield f"{where}: pings many people: {text[:80]!r}"
    rest = TOKEN.sub("", PING.sub("", text))
    if BARE_AMPERSAND.search(rest):
        yield f"{where}: a bare & in {rest[:80]!r}"
    # At the beginning of a line `>` begins a quotation.
    unquoted = re.sub(r"^>{1,3}", "", rest, flags=re.MULTILINE)
    if "<" in rest or ">" in unquoted:
        yield f"{where}: a bare < or > in {rest[:80]!r}"


def check_message(args: dict[str, Any], *, streamed: bool = False) -> Iterator[str]:
    """What Slack, or the people reading it, would mind in a message. A streamed one may have Markdown and blocks."""
    text = args.get("text") or ""
    if len(text) > TEXT_MAX:
        yield f"text: {len(text)} characters, {TEXT_MAX} are shown"
    yield from check_markup(text, "text")
    if args.get("link_names") or args.get("parse") == "full":
        yield "link_names and parse=full turn words into pings"
    markdown = args.get("markdown_text") or ""
    if markdown and (text or args.get("blocks")) and not streamed:
        yield "markdown_text beside text or blocks"
    if len(markdown) > MARKDOWN_MAX:
        yield f"markdown_text: {len(markdown)} characters, {MARKDOWN_MAX} are allowed"
    if PING.search(markdown):
        yield f"markdown_text: pings many people: {markdown[:80]!r}"
    blocks = args.get("blocks") or []
    yield from check_blocks(blocks, BLOCKS_IN_MESSAGE)
    size = sum(len(part) for block in blocks for part in _strings(block))
    if size > BLOCK_WORDS_MAX:
        yield f"blocks: {size} characters in all, {BLOCK_WORDS_MAX} are allowed"


def check_view(view: dict[str, Any]) -> Iterator[str]:
    kind = view.get("type")
    if kind not in ("modal", "home"):
        yield f"view: of type {kind!r}"
    if kind == "modal":
        if not view.get("title"):
            yield "view: a modal without a title"
        for part in ("title", "submit", "close"):
            yield from _plain(view.get(part), 24, f"view.{part}")
        if not view.get("submit") and any(block.get("type") == "input" for block in view.get("blocks") or ()):
            yield "view: input blocks without a submit button"
    if len(view.get("private_metadata") or "") > METADATA_MAX:
        yield f"view: private_metadata of {len(view['private_metadata'])} characters"
    for name in ("callback_id", "external_id"):
        if len(view.get(name) or "") > ID_MAX:
            yield f"view: {name} of {len(view[name])} characters"
    if not isinstance(view.get("blocks"), list):
        yield "view: no blocks"
    else:
        yield from check_blocks(view["blocks"], BLOCKS_IN_VIEW)


def check_blocks(blocks: Any, most: int) -> Iterator[str]:
    if not isinstance(blocks, list):
        yield "blocks: no list"
        return
    if len(blocks) > most:
        yield f"blocks: {len(blocks)}, {most} are allowed"
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        where = f"blocks[{number}]"
        identity = block.get("block_id", "")
        if len(identity) > ID_MAX:
            yield f"{where}: block_id of {len(identity)} characters"
        if identity and identity in seen:
            yield f"{where}: block_id {identity!r} twice"
        seen.add(identity)
        yield from _block(block, where)


def elements(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The interactive elements of a block."""
    found = [*(block.get("elements") or ()), block.get("element"), block.get("accessory")]
    return [each for each in found if isinstance(each, dict) and each.get("type") in INTERACTIVE]


def _block(block: dict[str, Any], where: str) -> Iterator[str]:
    kind = block.get("type")
    where = f"{where} ({kind})"
    if kind == "section":
        if not block.get("text") and not block.get("fields"):
            yield f"{where}: neither text nor fields"
        yield from _text(block.get("text"), 3000, where)
        fields = block.get("fields") or []
        if "fields" in block and not 1 <= len(fields) <= 10:
            yield f"{where}: {len(fields)} fields"
        for field in fields:
            yield from _text(field, 2000, f"{where}.fields")
        if accessory := block.get("accessory"):
            yield from _element(accessory, f"{where}.accessory")
    elif kind == "header":
        yield from _plain(block.get("text"), 150, where, needed=True)
    elif kind == "context":
        parts = block.get("elements") or []
        if not 1 <= len(parts) <= 10:
            yield f"{where}: {len(parts)} elements"
        for part in parts:
            if part.get("type") == "image":
                yield from _image(part, where)
            else:
                yield from _text(part, 3000, where, needed=True)
    elif kind == "actions":
        parts = block.get("elements") or []
        if not 1 <= len(parts) <= 25:
            yield f"{where}: {len(parts)} elements"
        for part in parts:
            yield from _element(part, where)
    elif kind == "input":
        yield from _plain(block.get("label"), 2000, f"{where}.label", needed=True)
        yield from _plain(block.get("hint"), 2000, f"{where}.hint")
        yield from _element(block.get("element") or {}, where)
    elif kind == "image":
        yield from _image(block, where)
        yield from _plain(block.get("title"), 2000, f"{where}.title")
    elif kind == "markdown":
        if not block.get("text") or len(block["text"]) > MARKDOWN_MAX:
            yield f"{where}: text of {len(block.get('text') or '')} characters"
        elif PING.search(block["text"]):
            yield f"{where}: pings many people"
    elif kind == "rich_text":
        if any(each in str(block) for each in ("'broadcast'", "'usergroup'")):
            yield f"{where}: pings many people"
    elif kind not in ("divider", "file", "video", "context_actions", "table", "plan", "task_card"):
        yield f"{where}: no such block"
    ids = [each.get("action_id", "") for each in elements(block)]
    for identity in {each for each in ids if each and ids.count(each) > 1}:
        yield f"{where}: action_id {identity!r} twice"


def _element(element: dict[str, Any], where: str) -> Iterator[str]:
    kind = element.get("type")
    where = f"{where}.{kind}"
    if kind not in ELEMENTS:
        yield f"{where}: no such element"
    if kind == "image":
        yield from _image(element, where)
    if len(element.get("action_id", "")) > ID_MAX:
        yield f"{where}: action_id of {len(element['action_id'])} characters"
    if kind == "button":
        yield from _plain(element.get("text"), 75, where, needed=True)
        if len(element.get("value", "")) > 2000:
            yield f"{where}: value of {len(element['value'])} characters"
        if len(element.get("url", "")) > 3000:
            yield f"{where}: url of {len(element['url'])} characters"
        if element.get("style") not in (None, "primary", "danger"):
            yield f"{where}: style {element['style']!r}"
    yield from _plain(element.get("placeholder"), 150, f"{where}.placeholder")
    if confirm := element.get("confirm"):
        yield from _plain(confirm.get("title"), 100, f"{where}.confirm.title", needed=True)
        yield from _text(confirm.get("text"), 300, f"{where}.confirm.text", needed=True)
        yield from _plain(confirm.get("confirm"), 30, f"{where}.confirm.confirm", needed=True)
        yield from _plain(confirm.get("deny"), 30, f"{where}.confirm.deny", needed=True)
    if kind == "plain_text_input":
        if element.get("max_length", 3000) > 3000:
            yield f"{where}: max_length {element['max_length']}"
        if len(element.get("initial_value") or "") > element.get("max_length", 3000):
            yield f"{where}: initial_value of {len(element['initial_value'])} characters"
    yield from _options(element, where)


def _options(element: dict[str, Any], where: str) -> Iterator[str]:
    kind = element.get("type", "")
    most = {"overflow": 5, "checkboxes": 10, "radio_buttons": 10}.get(kind, 100)
    if kind in WITH_OPTIONS and not element.get("options") and not element.get("option_groups"):
        yield f"{where}: no options"
    every = [*(element.get("options") or ())]
    if len(every) > most:
        yield f"{where}: {len(every)} options, {most} are allowed"
    for group in element.get("option_groups") or ():
        yield from _plain(group.get("label"), 75, f"{where}.option_groups", needed=True)
        every += group.get("options") or ()
    for option in every:
        yield from _text(option.get("text"), 75, f"{where}.options", needed=True)
        yield from _text(option.get("description"), 75, f"{where}.options.description")
        if not 1 <= len(option.get("value", "")) <= 150:
            yield f"{where}: an option's value of {len(option.get('value', ''))} characters"
    for initial in [element.get("initial_option"), *(element.get("initial_options") or ())]:
        if initial is not None and initial not in every:
            yield f"{where}: the initial option is none of the options"


def _image(image: dict[str, Any], where: str) -> Iterator[str]:
    if not image.get("alt_text") or len(image["alt_text"]) > 2000:
        yield f"{where}: an image's alt_text"
    if bool(image.get("image_url")) == bool(image.get("slack_file")):
        yield f"{where}: an image needs an address or a file"
    if len(image.get("image_url") or "") > 3000:
        yield f"{where}: image_url of {len(image['image_url'])} characters"


def _plain(text: Any, most: int, where: str, *, needed: bool = False) -> Iterator[str]:
    if text is not None and text.get("type") != "plain_text":
        yield f"{where}: must be plain_text"
    yield from _text(text, most, where, needed=needed)


def _text(text: Any, most: int, where: str, *, needed: bool = False) -> Iterator[str]:
    if text is None:
        if needed:
            yield f"{where}: no text"
        return
    said = text.get("text") or ""
    if not 1 <= len(said) <= most:
        yield f"{where}: {len(said)} characters, 1 to {most} are allowed"
    if text.get("type") == "mrkdwn":
        yield from check_markup(said, where)
    elif text.get("type") != "plain_text":
        yield f"{where}: text of type {text.get('type')!r}"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "text" and isinstance(each, str):
                yield each
            else:
                yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
