"""Every option of the bot, its type, its default and its limits. `config.example.toml` explains each of them.

It reads no file and no environment (`bot.config.load` does); it knows the small types of the engine and of the
adapters, and no more of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from platformdirs import user_data_path
from pydantic import Field, model_validator

from adapters.base import Measure, Window
from bot.config.models import Models
from bot.config.parts import AnyPath, Door, Port, Secret, Section, Text, conflict, is_loopback
from bot.config.slack import Slack
from engine.types import Category, HubSettings, MediaLimits, RuntimeConfig

APP = "gpt4video-bot"
Action = Literal["allow", "warn", "block"]
Audience = Literal["everyone", "admins", "nobody"]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Side = Annotated[int, Field(ge=16, multiple_of=2)]  # H.264 with yuv420p halves both sides for the colours
Count = Annotated[int, Field(ge=0)]
GpuSeconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_MIB = 1024 * 1024


class Bot(Section):
    data_dir: AnyPath = Field(default_factory=lambda: user_data_path(APP, appauthor=False))
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_json: bool = False

    @model_validator(mode="after")
    def _fits_into_a_url(self) -> Self:
        if {"?", "\0"} & set(str(self.data_dir)):
            raise conflict("data_dir", "a question mark in the folder's name would end the database's URL. Rename it.")
        return self


class Web(Door):
    enabled: bool = True
    host: Text = "127.0.0.1"
    port: Port = 8080
    token: Secret | None = None
    token_file: AnyPath | None = None
    max_upload_mb: Positive = 200
    title: Text = "GPT4Video"

    @model_validator(mode="after")
    def _strangers_need_the_token(self) -> Self:
        if self.enabled and self.token is None and not is_loopback(self.host):
            raise conflict(
                "host",
                f'"{self.host}" can be reached by others, so a token is needed. '
                "Set GPT4VIDEO_WEB__TOKEN or token_file, or use 127.0.0.1.",
            )
        return self


class Discord(Section):
    token: Secret | None = None
    token_file: AnyPath | None = None
    message_content: bool = False
    api_base: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")] = "https://discord.com/api/v10"
    gateway: Annotated[str, Field(pattern=r"^wss?://\S+$")] | None = None


class Database(Section):
    url: Secret | None = None
    url_file: AnyPath | None = None
    migrate_on_start: bool = True


class Engine(Section):
    executor: Literal["process", "inline"] = "process"
    start_timeout_s: Seconds = 120
    max_wait_s: Seconds = 600
    requests_per_user: Positive = 3
    cancel_grace_s: Seconds = 5
    drain_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20


class Media(Section):
    max_mb: Positive = 200
    max_duration_s: Seconds = 600
    max_pixels: Positive = 4096 * 2304
    decode_timeout_s: Seconds = 30
    decoders: Annotated[int, Field(ge=1, le=16)] = 2
    decode_memory_mb: Annotated[int, Field(ge=128)] = 1024
    frames: Annotated[int, Field(ge=1, le=64)] = 8
    clips_per_message: Positive = 4


class Generation(Section):
    seconds: Seconds = 3
    max_seconds: Seconds = 10
    width: Side = 640
    height: Side = 360
    max_width: Side = 1280
    max_height: Side = 1280
    videos_per_answer: Annotated[int, Field(ge=0)] = 1

    @model_validator(mode="after")
    def _defaults_fit_the_limits(self) -> Self:
        for name in ("seconds", "width", "height"):
            value, most = getattr(self, name), getattr(self, f"max_{name}")
            if value > most:
                raise conflict(name, f"{value:g} is more than max_{name}, which is {most:g}.")
        return self


class Conversation(Section):
    token_budget: Annotated[int, Field(ge=100)] = 16_000
    max_turns: Positive = 40


class Permissions(Section):
    ask: Audience = "everyone"
    generate: Audience = "everyone"


class Quotas(Section):
    """Unset means no limit; 0 allows none at all."""

    asks_per_hour: Count | None = None
    asks_per_day: Count | None = None
    videos_per_hour: Count | None = None
    videos_per_day: Count | None = None
    gpu_seconds_per_hour: GpuSeconds | None = None
    gpu_seconds_per_day: GpuSeconds | None = None

    def limits(self) -> dict[tuple[Measure, Window], float]:
        """The limits that are set, by what they count and over which window."""
        given = {(m, w): getattr(self, f"{m}_per_{w}") for m in Measure for w in Window}
        return {key: amount for key, amount in given.items() if amount is not None}


class Retention(Section):
    days: Positive | None = None
    audit_days: Positive | None = None


class Rule(Section):
    threshold: Fraction
    action: Action = "block"
    share: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0


class Rules(Section):
    """One rule a category. The names with a dash or a slash are aliases here, and the only ones in a file."""

    harassment: Rule = Rule(threshold=0.8)
    hate: Rule = Rule(threshold=0.7)
    illicit: Rule = Rule(threshold=0.7)
    self_harm: Rule = Field(default=Rule(threshold=0.6), alias="self-harm")
    sexual: Rule = Rule(threshold=0.6)
    sexual_minors: Rule = Field(default=Rule(threshold=0.5), alias="sexual/minors")
    violence: Rule = Rule(threshold=0.7)
    violence_graphic: Rule = Field(default=Rule(threshold=0.6), alias="violence/graphic")


class Safety(Section):
    frames: Annotated[int, Field(ge=1, le=256)] = 10
    must_cover: tuple[Category, ...] = ()
    rules: Rules = Rules()


class Config(Section):
    """The whole configuration, checked and unchangeable. `source` is the file that it was read from, if any."""

    bot: Bot = Field(default_factory=Bot)
    web: Web = Field(default_factory=Web)
    discord: Discord = Field(default_factory=Discord)
    slack: Slack = Field(default_factory=Slack)
    database: Database = Field(default_factory=Database)
    engine: Engine = Field(default_factory=Engine)
    models: Models = Field(default_factory=Models)
    media: Media = Field(default_factory=Media)
    generation: Generation = Field(default_factory=Generation)
    conversation: Conversation = Field(default_factory=Conversation)
    permissions: Permissions = Field(default_factory=Permissions)
    quotas: Quotas = Field(default_factory=Quotas)
    retention: Retention = Field(default_factory=Retention)
    safety: Safety = Field(default_factory=Safety)
    _source: Path | None = None
    _models_are_set: bool = False

    @property
    def source(self) -> Path | None:
        """The file that this was read from; None when there was none."""
        return self._source

    @property
    def models_are_set(self) -> bool:
        """Whether the file or the environment says which models are used, so that nothing else may."""
        return self._models_are_set

    @property
    def database_url(self) -> str:
        """Where the database is. May hold a password: do not print it."""
        if self.database.url is not None:
            return self.database.url.get_secret_value()
        return f"sqlite:///{self.bot.data_dir / 'bot.db'}"

    @property
    def clips_dir(self) -> Path:
        """Clips that people posted, and the stills taken from them."""
        return self.bot.data_dir / "clips"

    @property
    def videos_dir(self) -> Path:
        """Videos that were made."""
        return self.bot.data_dir / "videos"

    @property
    def inbox_dir(self) -> Path:
        """Uploads that no request has taken yet."""
        return self.bot.data_dir / "inbox"

    @property
    def state_dir(self) -> Path:
        """What adapters remember between starts, a folder for each."""
        return self.bot.data_dir / "state"

    @property
    def models_dir(self) -> Path:
        """The files of large models."""
        return self.models.folder or self.bot.data_dir / "models"

    @property
    def hub_settings(self) -> HubSettings:
        """Where model files are, and whose code may run."""
        return HubSettings(folder=str(self.models_dir), remote_code=self.models.remote_code)

    def runtime_config(self) -> RuntimeConfig:
        """What the inference process needs to know. Raises `RuntimeError` for the preset `auto` (see `bot.models`)."""
        limits = MediaLimits(
            max_bytes=self.media.max_mb * _MIB,
            max_duration_s=self.media.max_duration_s,
            max_pixels=self.media.max_pixels,
            decode_timeout_s=self.media.decode_timeout_s,
        )
        chosen = self.models.chosen()
        return RuntimeConfig(
            models={role: choices[0] for role, choices in chosen.items()},
            more={role: choices[1:] for role, choices in chosen.items() if len(choices) > 1},
            limits=limits,
            hub=self.hub_settings,
            device=self.models.device,
            memory_bytes=self.models.memory_bytes,
        )

    def rules(self) -> dict[Category, tuple[float, Action]]:
        """The default threshold (0 to 1) and action of every category."""
        by_name: dict[str, Any] = self.safety.rules.model_dump(by_alias=True)
        return {category: (by_name[category]["threshold"], by_name[category]["action"]) for category in Category}

    def shares(self) -> dict[Category, float]:
        """The share of a clip's frames that may reach the threshold of a category (0 up to, not including, 1)."""
        by_name: dict[str, Any] = self.safety.rules.model_dump(by_alias=True)
        return {category: by_name[category]["share"] for category in Category}
