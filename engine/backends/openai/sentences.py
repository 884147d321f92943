"""What went wrong with a model server, in words for whoever asked and whoever runs the bot."""

from __future__ import annotations

from engine.backends.openai import dialect
from engine.backends.openai.options import Options
from engine.backends.openai.wire import Refused
from engine.errors import EngineError, JobFailed, Overloaded, ServerFailed, ServerTimeout
from engine.extras import install

MISSING_EXTRA = f"The package httpx2, with which model servers are asked, is not installed. {install('lite')}"
NO_ADDRESS = (
    "It is not said where the model server is. Set the option base_url of the openai backend, "
    "for example to http://localhost:8000/v1."
)
NO_ADAPTER = (
    "A model server loads its adapters itself: there is no lora for the openai backend. Start the server with the "
    "adapter and set model to the name that the server gives it."
)
_LATER = "Please try again in a minute."
_USUAL_WAIT_S = 15.0


def refused(refusal: Refused, options: Options, model: str) -> EngineError:
    """The error for an answer that is none, once trying again has come to its end."""
    said = redacted(dialect.words(refusal.body), options)
    quoted = f": {said}" if said else ""
    match refusal.status:
        case 401 | 403:
            return ServerFailed(_key(options), status=refusal.status)
        case 404:
            return ServerFailed(
                f"The model server does not know the model “{model}” or its address is wrong (HTTP 404{quoted}). "
                "An operator can correct model or base_url of the openai backend.",
                status=404,
            )
        case 429:
            wait_s = refusal.retry_after_s or _USUAL_WAIT_S
            return Overloaded(
                f"The model server is busy. Please try again in {max(1, round(wait_s))} seconds.",
                retry_after_s=wait_s,
            )
        case status if status >= 500:
            return ServerFailed(f"The model server has trouble (HTTP {status}). {_LATER}", status=status)
    return ServerFailed(
        f"The model server does not take this question (HTTP {refusal.status}{quoted}). "
        "An operator can change the options of the openai backend, or how the server was started.",
        status=refusal.status,
    )


def unreachable() -> EngineError:
    return ServerFailed(f"The model server cannot be reached. {_LATER}")


def broken_off(said: bool) -> EngineError:
    if said:
        return ServerFailed("The model server broke off in the middle of the answer. Please ask again.")
    return ServerFailed(f"The model server broke off before it answered. {_LATER}")


def late(said: bool, waited_s: float, *, silent: bool) -> EngineError:
    """`silent` tells silence from an answer that goes on and on."""
    if not silent:
        return ServerTimeout("The model server's answer took too long and was stopped. Please ask for less.")
    if said:
        return ServerTimeout("The model server fell silent in the middle of the answer. Please ask again.")
    return ServerTimeout(f"The model server did not begin to answer within {waited_s:g} seconds. {_LATER}")


def nothing_said(finish: str, unreadable: int) -> EngineError:
    if finish == "length":
        return JobFailed(
            "The model used up its answer before it said anything, most likely by thinking. An operator can switch "
            "thinking off with the option extra of the openai backend."
        )
    if finish == "content_filter":
        return JobFailed("The model server's own filter does not let this be answered. Please ask something else.")
    if unreadable:
        return ServerFailed(
            "What the model server sent could not be read. An operator can check that base_url of the openai backend "
            "leads to a chat server."
        )
    return ServerFailed("The model server sent an empty answer. Please ask again.")


def silent_at_start(options: Options, why: str) -> EngineError:
    return ServerFailed(
        f"The model server at {options.host} does not answer ({redacted(why, options)}). "
        "Start it, or correct the option base_url of the openai backend."
    )


def refused_at_start(options: Options, refusal: Refused) -> EngineError:
    if refusal.status in (401, 403):
        return ServerFailed(_key(options), status=refusal.status)
    return ServerFailed(
        f"The model server at {options.host} has trouble (HTTP {refusal.status}). "
        "Look at its log, or correct the option base_url of the openai backend.",
        status=refusal.status,
    )


def redacted(text: str, options: Options) -> str:
    """Some servers repeat the key in their complaints."""
    return text.replace(options.key, "…") if options.key else text


def _key(options: Options) -> str:
    have = "refuses the bot's key" if options.key else "wants a key, and the bot has none"
    if not options.key_name:
        return f"The model server {have}. Give the right one with --key-file, or on the page."
    return f"The model server {have}. An operator can set it in the environment variable {options.key_name}."
