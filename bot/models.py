"""The models of a configuration that have files: which of them are missing on this machine, and how they come here.

Everything here may block for seconds or hours: the command line calls it before there is an event loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass

from bot.config import Config
from engine.device import Device, detect
from engine.hub import ENDPOINT, Advance, Held, Source, Store, is_repository, pull
from engine.presets import AUTO, MODEL_OPTIONS, REMOTE_MODELS, Chosen, Pin, choose, pin_of
from engine.registry import backend_names, choices
from engine.types import HubSettings, ModelChoice, Role, RuntimeConfig

# What the backend of model servers reads, unless an option names another variable.
SERVER_KEY = "OPENAI_API_KEY"
# And of one that somebody pasted: no server ever gets the key of another.
PASTED_KEY = "GPT4VIDEO_SERVER_KEY"


@dataclass(frozen=True, slots=True)
class Need:
    """A repository of the hub that a role needs: a model, an adapter for it, or what else its options name."""

    role: Role
    model: str
    revision: str = ""
    variant: str = ""

    @property
    def pin(self) -> Pin | None:
        return pin_of(self.model)

    @property
    def expected_bytes(self) -> int:
        """What a whole pull fetches, as far as that is known beforehand."""
        return self.pin.download_bytes if self.pin else 0


# --- before a start --------------------------------------------------------------------------------------------------


def settle(config: Config) -> Config:
    """Put the preset that suits the device in place of `auto`. Only for that a device is looked for, in seconds."""
    return config if config.models.preset != AUTO else settled(config, examine(config)[1])


def examine(config: Config) -> tuple[Device, Chosen]:
    """The device that models would run on, and the preset for it."""
    device = detect(config.models.device)
    return device, choose(device, config.models.memory_bytes)


def settled(config: Config, chosen: Chosen) -> Config:
    """The configuration with that preset."""
    return config.model_copy(update={"models": config.models.model_copy(update={"preset": chosen.preset})})


def hand_over_key(config: Config, env: MutableMapping[str, str] | None = None) -> None:
    """Give the key of a model server to the processes that this one starts. It is part of no configuration there."""
    env = os.environ if env is None else env
    pasted = config.models.understanding is not None and config.models.understanding.options.get("api_key_env")
    name = PASTED_KEY if pasted == PASTED_KEY else SERVER_KEY
    if config.models.openai_key is not None:
        env[name] = config.models.openai_key.get_secret_value()
    elif name == PASTED_KEY:
        env.pop(name, None)


# --- files -----------------------------------------------------------------------------------------------------------


def needs(runtime: RuntimeConfig) -> tuple[Need, ...]:
    """What has to be here before these models can be loaded, in the order of their roles, each once."""
    wanted = (need for role, choice in choices(runtime) for need in _needs(role, choice))
    return tuple({(need.model, need.revision): need for need in wanted}.values())


def named(runtime: RuntimeConfig, names: Iterable[str]) -> tuple[Need, ...]:
    """The needs that somebody names, as `org/model` or `org/model@revision`: as configured, if they are."""
    configured = {need.model: need for need in needs(runtime)}
    found = []
    for name in names:
        model, _, revision = name.partition("@")
        pin = pin_of(model)
        role = pin.role if pin else Role.UNDERSTANDING
        found.append(configured.get(name) or Need(role, model, revision))
    return tuple(found)


def are_loaded(runtime: RuntimeConfig) -> bool:
    """Whether any of these models is loaded here from the hub's files or a folder, so that the device matters."""
    return any(choice.model and choice.backend not in REMOTE_MODELS for _, choice in choices(runtime))


def missing(runtime: RuntimeConfig) -> tuple[Need, ...]:
    """What of that is not here, or not whole."""
    return tuple(need for need in needs(runtime) if find(need, runtime.hub) is None)


def find(need: Need, hub: HubSettings) -> Held | None:
    """What is here of it; None unless it is whole."""
    store = Store.of(hub)
    commit = store.commit_of(need.model, need.revision)
    code = need.model in hub.remote_code
    return store.complete(need.model, commit, variant=need.variant, code=code) if commit else None


def source_of(config: Config, env: Mapping[str, str] | None = None) -> Source:
    """Where models are fetched from, and with which token."""
    env = os.environ if env is None else env
    endpoint = config.models.hub or env.get("HF_ENDPOINT") or ENDPOINT
    token = config.models.hub_token.get_secret_value() if config.models.hub_token else env.get("HF_TOKEN", "")
    return Source(endpoint=endpoint.rstrip("/"), token=token.strip(), offline=config.models.offline)


def fetch(
    config: Config,
    wanted: Iterable[Need],
    *,
    update: bool = False,
    on_progress: Callable[[Advance], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[Held, ...]:
    """Fetch what of these is not here, one after the other. Raises what `engine.hub.pull` raises."""
    source = source_of(config)
    return tuple(
        pull(
            need.model,
            need.revision,
            hub=config.hub_settings,
            source=source,
            update=update,
            variant=need.variant,
            on_progress=on_progress,
            should_stop=should_stop,
        )
        for need in wanted
    )


class Sum:
    """How far everything is. What is not begun yet counts with its expected size."""

    def __init__(self, wanted: Iterable[Need]) -> None:
        self._totals = {need.model: need.expected_bytes for need in wanted}
        self._done = dict.fromkeys(self._totals, 0)

    def add(self, step: Advance) -> tuple[int, int]:
        """Bytes done and in total, over all models."""
        self._totals[step.model], self._done[step.model] = step.total, step.done
        return sum(self._done.values()), sum(self._totals.values())


def need_of(role: Role, choice: ModelChoice) -> Need | None:
    """The repository of a model itself; None for one that is in a folder, on a server, or a plug-in's own affair."""
    if choice.backend in REMOTE_MODELS or choice.backend not in backend_names(role) or not is_repository(choice.model):
        return None
    return Need(role, choice.model, choice.revision, str(choice.options.get("variant", "")))


def _needs(role: Role, choice: ModelChoice) -> Iterator[Need]:
    if choice.backend in REMOTE_MODELS or choice.backend not in backend_names(role):
        return
    if need := need_of(role, choice):
        yield need
    for name in (choice.lora, *(str(choice.options.get(option, "")) for option in MODEL_OPTIONS)):
        if is_repository(name):
            yield Need(role, name)
