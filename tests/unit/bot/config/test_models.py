"""What the section [models] may say, and which models that means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.config import Config, ConfigError
from engine.presets import PINS, PRESETS, pin_of
from engine.types import ModelChoice, Role

Load = Callable[..., Config]


def choice(load: Load, role: str, written: str) -> ModelChoice:
    return load(f"models.{role} = {written}").runtime_config().models[Role(role)]


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "lite"])
def test_a_preset_fills_the_roles_with_pinned_models(load: Load, name: str) -> None:
    runtime = load(f'models.preset = "{name}"').runtime_config()
    assert set(runtime.models) == set(Role)
    for role in Role:
        for chosen in runtime.choices(role):
            assert not chosen.model or chosen.revision == PINS[chosen.model].revision


def test_one_role_can_be_changed_and_the_others_stay_as_the_preset_says(load: Load) -> None:
    runtime = load('[models]\npreset = "24gb"\nunderstanding = "Qwen/Qwen3.5-2B"').runtime_config()
    assert runtime.models[Role.UNDERSTANDING] == PINS["Qwen/Qwen3.5-2B"].choice()
    assert runtime.models[Role.GENERATION].model == "Wan-AI/Wan2.2-TI2V-5B-Diffusers"


@pytest.mark.parametrize(
    ("role", "model", "backend"),
    [
        ("understanding", "org/some-vlm", "transformers"),
        ("generation", "org/some-pipeline", "diffusers"),
        ("speech", "openai/whisper-tiny", "whisper"),
        ("text_guard", "Qwen/Qwen3Guard-Gen-0.6B", "qwen3guard"),
        ("text_guard", "unitary/toxic-bert", "text-classifier"),
        ("frame_guard", "Falconsai/nsfw_image_detection", "image-classifier"),
        ("frame_guard", "google/shieldgemma-2-4b-it", "shieldgemma"),
    ],
)
def test_a_model_of_the_hub_is_enough_where_it_is_known_how_to_read_it(
    load: Load, role: str, model: str, backend: str
) -> None:
    found = choice(load, role, f'"{model}"')
    pin = pin_of(model)
    assert (found.backend, found.model, found.revision) == (backend, model, pin.revision if pin else "")


def test_a_table_says_everything(load: Load) -> None:
    found = choice(
        load,
        "text_guard",
        '{ backend = "text-classifier", model = "org/guard", revision = "v2", name = "mine", options = { at = 0.5 } }',
    )
    assert found == ModelChoice(
        backend="text-classifier", model="org/guard", revision="v2", name="mine", options={"at": 0.5}
    )
    assert found.key == "mine"


def test_the_operators_revision_wins_over_the_pinned_one(load: Load) -> None:
    commit = "0" * 40
    found = choice(load, "understanding", f'{{ model = "Qwen/Qwen3.5-2B", revision = "{commit}" }}')
    assert (found.backend, found.revision) == ("transformers", commit)


def test_numbers_and_switches_of_options_keep_their_kind(load: Load) -> None:
    options = '{ steps = 20, guidance = 5.5, compile = true, size = "832x480" }'
    found = choice(load, "generation", f'{{ model = "org/wan", options = {options} }}')
    assert found.options == {"steps": 20, "guidance": 5.5, "compile": True, "size": "832x480"}
    assert [type(value) for value in found.options.values()] == [int, float, bool, str]


def test_folders_begin_at_the_file_and_at_home(load: Load, tmp_path: Path) -> None:
    found = choice(load, "understanding", '{ model = "./mine", lora = "../adapter" }')
    assert found.model == str(tmp_path / "mine")
    assert Path(found.lora).resolve() == tmp_path.parent / "adapter"
    assert choice(load, "understanding", '"./mine"').model == str(tmp_path / "mine")
    assert choice(load, "understanding", '"~/mine"').model == str(Path("~/mine").expanduser())
    models = load('models.generation = ["./one", { model = "./two" }]').runtime_config().choices(Role.GENERATION)
    assert [found.model for found in models] == [str(tmp_path / "one"), str(tmp_path / "two")]


def test_an_option_that_names_a_model_takes_what_a_model_takes(load: Load, tmp_path: Path) -> None:
    def adapter(name: str) -> object:
        written = f'{{ model = "org/pictures", options = {{ motion_adapter = "{name}" }} }}'
        return choice(load, "generation", written).options["motion_adapter"]

    assert adapter("./mine") == str(tmp_path / "mine")
    assert adapter("~/mine") == str(Path("~/mine").expanduser())
    assert adapter("org/motion") == "org/motion"
    with pytest.raises(ConfigError, match='"motion" is no model'):
        adapter("motion")


def test_a_password_in_the_hubs_address_is_refused_and_not_repeated(load: Load) -> None:
    with pytest.raises(ConfigError, match="HUB_TOKEN") as caught:
        load('models.hub = "https://me:secret@hub.example.org"')
    assert "secret" not in str(caught.value)


def test_guards_and_videos_may_have_several_models(load: Load) -> None:
    text = '[models]\ntext_guard = ["lite", "unitary/toxic-bert"]\nframe_guard = ["opennsfw", "judge"]'
    runtime = load(text).runtime_config()
    assert [found.key for found in runtime.choices(Role.TEXT_GUARD)] == ["lite", "toxic-bert"]
    assert [found.key for found in runtime.choices(Role.FRAME_GUARD)] == ["opennsfw", "judge"]


def test_hearing_can_be_switched_off_and_on(load: Load) -> None:
    assert Role.SPEECH not in load('models.preset = "8gb"\nmodels.speech = "off"').runtime_config().models
    assert Role.SPEECH not in load().runtime_config().models
    assert load('models.speech = "openai/whisper-tiny"').runtime_config().models[Role.SPEECH].backend == "whisper"


def test_a_model_server_is_named_with_its_address_and_its_key_stays_out(load: Load) -> None:
    server = '{ backend = "openai", model = "qwen", options = { base_url = "http://127.0.0.1:8000/v1" } }'
    config = load(f"models.understanding = {server}", {"GPT4VIDEO_MODELS__OPENAI_KEY": "hunter2"})
    runtime = config.runtime_config()
    assert runtime.models[Role.UNDERSTANDING].options == {"base_url": "http://127.0.0.1:8000/v1"}
    assert config.models.openai_key is not None
    assert config.models.openai_key.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{config!r}{runtime!r}{config.model_dump_json()}"


@pytest.mark.parametrize(
    ("value", "model"),
    [
        ("Qwen/Qwen3.5-2B", "Qwen/Qwen3.5-2B"),
        ('{"backend": "transformers", "model": "org/x"}', "org/x"),
    ],
)
def test_the_environment_can_name_a_model(load: Load, value: str, model: str) -> None:
    env = {"GPT4VIDEO_MODELS__UNDERSTANDING": value, "GPT4VIDEO_MODELS__PRESET": "8gb"}
    assert load("", env).runtime_config().models[Role.UNDERSTANDING].model == model


def test_the_rest_of_the_section_reaches_the_inference_process(load: Load, tmp_path: Path) -> None:
    text = (
        '[models]\nfolder = "weights"\nremote_code = ["org/mine"]\ndevice = "cuda:1"\nmemory_gb = 20\n'
        'hub = "https://mirror.example.org"\noffline = true'
    )
    config = load(text)
    runtime = config.runtime_config()
    assert runtime.hub.folder == str(tmp_path / "weights")
    assert runtime.hub.remote_code == ("org/mine",)
    assert (runtime.device, runtime.memory_bytes) == ("cuda:1", 20 * 10**9)
    assert config.models.offline


def test_models_are_kept_with_everything_else_unless_said_otherwise(load: Load, tmp_path: Path) -> None:
    assert load('bot.data_dir = "data"').runtime_config().hub.folder == str(tmp_path / "data" / "models")


def test_auto_means_nothing_before_somebody_has_looked_at_the_device(load: Load) -> None:
    with pytest.raises(RuntimeError, match="auto"):
        load('models.preset = "auto"').runtime_config()
