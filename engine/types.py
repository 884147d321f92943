"""What is asked of the engine and what it answers.

Everything here crosses the pipe to the inference process, so everything is a small `msgspec` struct: clips and
made videos travel as paths, never as frames. Nothing here knows a chat platform, a database or a policy.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class Category(StrEnum):
    """The harms that guards score and policies set thresholds for."""

    HARASSMENT = "harassment"
    HATE = "hate"
    ILLICIT = "illicit"
    SELF_HARM = "self-harm"
    SEXUAL = "sexual"
    SEXUAL_MINORS = "sexual/minors"
    VIOLENCE = "violence"
    VIOLENCE_GRAPHIC = "violence/graphic"


class Role(StrEnum):
    """The jobs a model can have. One backend fills each; for videos there may be several to choose from, and several
    guards may share a role."""

    UNDERSTANDING = "understanding"
    GENERATION = "generation"
    TEXT_GUARD = "text_guard"
    FRAME_GUARD = "frame_guard"
    SPEECH = "speech"


# Nobody has to fill these.
OPTIONAL_ROLES = frozenset({Role.SPEECH})
# In these roles further models work beside the default: to choose from, or to score what the others do not.
SHARED_ROLES = frozenset({Role.GENERATION, Role.TEXT_GUARD, Role.FRAME_GUARD})


class JobClass(StrEnum):
    """Scheduling classes, most urgent first."""

    MODERATION = "moderation"
    UNDERSTANDING = "understanding"
    GENERATION = "generation"


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is said in a clip, and when, in seconds from the clip's first frame."""

    start_s: float
    end_s: float
    text: str


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A file that somebody posted, already on this machine's disk.

    `speech` is what is said in it, as `Transcribe` found; None when nobody listened.
    """

    path: str
    name: str = "clip"
    speech: tuple[Utterance, ...] | None = None


class ClipInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe reads from a file's headers, cross-checked by decoding its first frame.

    Sizes are those a viewer sees: after the rotation metadata, with square pixels. Pictures and sound have one clock,
    which begins with the earlier of the two: `duration_s` is where the pictures end on it, and `sound_end_s` where the
    sound does (0 without sound, or where that could not be told). `declared_s` is the length that the header names when
    a part of the file did not arrive, else 0.
    """

    kind: Literal["video", "animation", "image"]
    container: str
    codec: str
    width: int
    height: int
    duration_s: float
    fps: float
    frames: int | None
    rotation: int
    has_audio: bool
    hdr: bool
    alpha: bool
    size_bytes: int
    sound_end_s: float = 0.0
    declared_s: float = 0.0

    @property
    def length_s(self) -> float:
        """How long the clip plays, in seconds: until its pictures and its sound are over."""
        return max(self.duration_s, self.sound_end_s)


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """A still of a clip on disk (JPEG), and where in the clip it was taken."""

    path: str
    time_s: float
    clip: int = 0


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of a conversation, oldest first when several are handed over."""

    role: Literal["user", "assistant"]
    text: str
    clips: tuple[Clip, ...] = ()


# --- jobs ----------------------------------------------------------------------------------------------------------


class Understand(msgspec.Struct, frozen=True, kw_only=True, tag="understand"):
    """Answer the last user turn, knowing the earlier ones.

    `stills_dir`, when given, is a folder into which the frames that the model looked at are written as JPEGs.
    """

    turns: tuple[Turn, ...]
    frames: int = 8
    max_tokens: int = 512
    stills_dir: str | None = None


class Generate(msgspec.Struct, frozen=True, kw_only=True, tag="generate"):
    """Render `prompt` into an MP4 at `out`. Without a seed one is chosen and reported.

    `model` is the `backend` of a card in `Engine.generation_models`; empty means the first one. Models whose card says
    `animates` also take a picture to begin with: `image` is the path of a picture or clip (its first frame counts),
    `extends` that of a made video, which is continued from its last frame: then the result holds both, and `seconds` is
    what is added.
    """

    prompt: str
    out: str
    negative_prompt: str = ""
    seed: int | None = None
    seconds: float = 3.0
    width: int = 640
    height: int = 360
    model: str = ""
    image: str = ""
    extends: str = ""


class Moderate(msgspec.Struct, frozen=True, kw_only=True, tag="moderate"):
    """Score a text and the sampled frames of clips. `frames` is the number sampled per clip."""

    text: str = ""
    clips: tuple[Clip, ...] = ()
    frames: int = 10


class ScoreTexts(msgspec.Struct, frozen=True, kw_only=True, tag="score_texts"):
    """Score many texts together, for scripts: faster than a `Moderate` for each."""

    texts: tuple[str, ...]


class Inspect(msgspec.Struct, frozen=True, kw_only=True, tag="inspect"):
    """Probe a clip against the caps and, when `stills_dir` is given, write JPEGs of it there.

    Without `times` those are up to `stills` frames, evenly spread. With `times`, in seconds from the clip's first
    frame, they are the frames on screen at these moments, in the order asked; a moment outside of the clip means its
    first or last frame, and a picture has only one.
    """

    clip: Clip
    stills_dir: str | None = None
    stills: int = 8
    times: tuple[float, ...] = ()


class Transcribe(msgspec.Struct, frozen=True, kw_only=True, tag="transcribe"):
    """Write down what is said in a clip."""

    clip: Clip


class Transcode(msgspec.Struct, frozen=True, kw_only=True, tag="transcode"):
    """Re-encode the video at `source` so that `out` is at most `max_bytes` long."""

    source: str
    out: str
    max_bytes: int


Job = Understand | Generate | Moderate | ScoreTexts | Inspect | Transcribe | Transcode


# --- events --------------------------------------------------------------------------------------------------------


class Queued(msgspec.Struct, frozen=True, kw_only=True, tag="queued"):
    """The job waits. `position` 1 is next; `eta_s` is the measured expectation until its *start*, if there is one."""

    position: int
    eta_s: float | None = None


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """The inference process has begun the job. `attempt` is above 1 when it is run again, because the process died or
    because memory ran out: what came before counts no more."""

    attempt: int = 1


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """`step` of `total` is done; what the steps are is said by `label` (for example "frames")."""

    step: int
    total: int
    label: str = ""


class Token(msgspec.Struct, frozen=True, kw_only=True, tag="token"):
    """A piece of answer text, to be shown as it stands. A `<video>` in it was quoted and orders nothing."""

    text: str


class VideoWanted(msgspec.Struct, frozen=True, kw_only=True, tag="video_wanted"):
    """The model wrote `<video>prompt</video>` of itself: it asks for a video. `bot` says whether it gets one."""

    prompt: str


class FramesSeen(msgspec.Struct, frozen=True, kw_only=True, tag="frames_seen"):
    """The frames that the model was shown."""

    frames: tuple[Frame, ...]


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """End of an `Understand`. `seconds` is what the model took, without the checks of others that ran in between."""

    model: str
    seconds: float
    frames: int = 0
    tokens: int = 0


class Rendered(msgspec.Struct, frozen=True, kw_only=True, tag="rendered"):
    """End of a `Generate`: the video is at `path`. `seconds` is what the model took, as in `Answered`."""

    path: str
    seed: int
    width: int
    height: int
    frames: int
    fps: float
    model: str
    seconds: float = 0.0


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How strongly one guard sees one category, 0 to 1, and where: in the text or in a frame at `time_s` of a clip."""

    category: Category
    score: float
    guard: str
    source: Literal["text", "frame"]
    time_s: float | None = None
    clip: int | None = None


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The categories that the loaded guards can score at all. What is missing here is *not covered*, never safe."""

    text: tuple[Category, ...] = ()
    frames: tuple[Category, ...] = ()


class Scored(msgspec.Struct, frozen=True, kw_only=True, tag="scored"):
    """End of a `Moderate`: for each category and source the highest score, plus every frame's score by time.

    `unread` are the categories that no guard could judge in this very text, for it is in a language that none of them
    knows. They are *not covered* there, whatever was scored.
    """

    scores: tuple[Score, ...]
    coverage: Coverage
    unread: tuple[Category, ...] = ()
    frames: int = 0
    seconds: float = 0.0


class TextsScored(msgspec.Struct, frozen=True, kw_only=True, tag="texts_scored"):
    """End of a `ScoreTexts`: what each text scores in every covered category, and which of these are `unread` in it."""

    scores: tuple[dict[Category, float], ...]
    unread: tuple[tuple[Category, ...], ...]


class Inspected(msgspec.Struct, frozen=True, kw_only=True, tag="inspected"):
    """End of an `Inspect`."""

    info: ClipInfo
    frames: tuple[Frame, ...] = ()


class Transcribed(msgspec.Struct, frozen=True, kw_only=True, tag="transcribed"):
    """End of a `Transcribe`. Without a sound track, or when nobody speaks, there are no utterances."""

    utterances: tuple[Utterance, ...]
    language: str = ""
    model: str = ""
    seconds: float = 0.0


class Transcoded(msgspec.Struct, frozen=True, kw_only=True, tag="transcoded"):
    """End of a `Transcode`."""

    path: str
    size_bytes: int
    width: int
    height: int


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """End of a job that did not succeed; `engine.errors.from_event` turns it back into the typed error."""

    code: str
    message: str
    details: dict[str, str | int | float] = {}


Result = Answered | Rendered | Scored | TextsScored | Inspected | Transcribed | Transcoded
Event = (
    Queued
    | Started
    | Progress
    | Token
    | VideoWanted
    | FramesSeen
    | Answered
    | Rendered
    | Scored
    | TextsScored
    | Inspected
    | Transcribed
    | Transcoded
    | Failed
)
TERMINAL = (Answered, Rendered, Scored, TextsScored, Inspected, Transcribed, Transcoded, Failed)


# --- configuration of the inference process ------------------------------------------------------------------------


class MediaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Caps on what is read. A file over any of them is refused with a `MediaError` before it is decoded further."""

    max_bytes: int = 200 * 1024 * 1024
    max_duration_s: float = 600.0
    max_pixels: int = 4096 * 2304
    decode_timeout_s: float = 30.0


class ModelChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which backend fills a role, and with which model.

    `model` is a repository of the hub or a folder on this machine, and empty for backends that bring their own;
    `revision` a commit, branch or tag of it; `lora` likewise an adapter to put on it. `options` are the backend's own.
    """

    backend: str
    model: str = ""
    revision: str = ""
    lora: str = ""
    name: str = ""
    options: dict[str, str | int | float | bool] = {}

    @property
    def key(self) -> str:
        """What the configuration, `Generate.model` and people call it: its name, its model's, or its backend's."""
        return self.name or self.model.rstrip("/").rpartition("/")[2] or self.backend


class HubSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where model files are kept (`folder`; empty: the hub library's own cache), and what may be loaded from there.

    `remote_code` names the repositories whose own Python code the operator allows to run. The inference process only
    reads files that are there already; fetching is the bot's business, and so are the hub's address and token.
    """

    folder: str = ""
    remote_code: tuple[str, ...] = ()


class RuntimeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the inference process needs to know at its start.

    `models` fills the roles; `more` holds further models of the `SHARED_ROLES`: a gallery for `Generate.model`, further
    guards. `device` is a torch device, empty for the best one here; `memory_bytes` bounds what models may take of it,
    0 for what it has. Raises `ValueError` when two models of a role have the same name: that is how they are asked for.
    """

    models: dict[Role, ModelChoice]
    limits: MediaLimits = MediaLimits()
    more: dict[Role, tuple[ModelChoice, ...]] = {}
    hub: HubSettings = HubSettings()
    device: str = ""
    memory_bytes: int = 0

    def __post_init__(self) -> None:
        for role in self.more:
            names = [choice.key for choice in self.choices(role)]
            if len(set(names)) < len(names):
                raise ValueError(f"two models for {role.value} have the same name: {', '.join(names)}")

    def choices(self, role: Role) -> tuple[ModelChoice, ...]:
        """What fills a role, the default first; empty when nothing does."""
        default = (self.models[role],) if role in self.models else ()
        return (*default, *self.more.get(role, ())) if role in SHARED_ROLES else default


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a loaded or loadable backend says about itself, for footers and `doctor`.

    `backend` is the name that the configuration uses (`ModelChoice.key`); `name` is what people read under an answer.
    `missing` says, in a sentence, what has to be installed or fetched if the backend cannot be loaded here; empty when
    it can. `hears` tells a model that takes in a clip's sound by itself, `animates` one that can begin with a picture.
    """

    role: Role
    backend: str
    name: str
    licence: str = ""
    download_bytes: int = 0
    categories: tuple[Category, ...] = ()
    missing: str = ""
    model: str = ""
    revision: str = ""
    hears: bool = False
    animates: bool = False
