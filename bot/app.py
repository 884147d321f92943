"""Wiring: one place that builds every object from the configuration, starts it, and stops it in the right order."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from adapters.base import Adapter, AdapterError, Audience, Quota, Wants
from bot.access import Access, Defaults
from bot.answering import Answering, AnswerSettings
from bot.assistant import Assistant
from bot.config import Config
from bot.controls import Controls
from bot.desk import Desk
from bot.files import Shelf
from bot.hosting import door_limits, raise_descriptor_limit, settle_scratch, tighten
from bot.making import GenerationDefaults, Making
from bot.model_desk import Models
from bot.pauses import Pauses
from bot.retention import Retention
from bot.safety import Action, Limit, Safety
from bot.store import Patience, Store, StoreError, StoreRefused, lock_of
from bot.switching import ModelSwitch
from bot.timekeeping import Timekeeping
from engine import DecodingSettings, Engine, EngineSettings, build_engine
from engine.types import Category

log = logging.getLogger(__name__)

CLI = "cli"  # the platform of the commands of a terminal, whose requests are kept like all others


AWAY_S = 5.0  # how long the commands of a terminal wait for a database that is away

Reach = Callable[[Callable[[], Awaitable[None]]], Coroutine[Any, Any, None]]


class App:
    """The bot without a platform: store, engine, assistant and desk. `async with App(config) as app` runs it."""

    def __init__(self, config: Config, *, reach: Reach | None = None) -> None:
        """`reach` opens the database, as patiently as it wants; otherwise some seconds of trying are enough."""
        self.config = config
        self._reach = reach or Patience(Pauses(0.5, 1.0).within(AWAY_S)).see_through
        self.store = Store(config.database_url)
        self.engine = _engine(config)
        self.shelf = Shelf(config.clips_dir, config.videos_dir, max_bytes=config.media.max_mb * 1024 * 1024)
        self.safety = Safety(
            self.engine,
            self.store,
            _limits(config),
            must_cover=config.safety.must_cover,
            frames=config.safety.frames,
        )
        self.access = Access(self.store, _defaults(config))
        self.timekeeping = Timekeeping(self.store)
        making = Making(self.engine, self.shelf, _generation(config))
        self.assistant = Assistant(
            store=self.store,
            engine=self.engine,
            safety=self.safety,
            shelf=self.shelf,
            access=self.access,
            answering=Answering(self.engine, self.store, self.shelf, making, _answers(config)),
            making=making,
            witness=self.timekeeping.witness,
        )
        self.desk = Desk(
            self.store,
            self.safety,
            self.shelf,
            access=self.access,
            cases=self.assistant.cases,
            models=lambda: self.assistant.models(Wants.GENERATE),
        )
        self.switch = ModelSwitch(config, self.engine)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the store and start the engine, at the same time: both may take seconds."""
        await asyncio.to_thread(tighten, self.config.bot.data_dir)
        await asyncio.to_thread(settle_scratch, self.config.bot.data_dir)
        await asyncio.to_thread(self.shelf.prepare)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.store.close)
            stack.push_async_callback(self.switch.close)  # after the engine's stop, which ends what it waits for
            stack.push_async_callback(self.engine.stop)
            async with asyncio.TaskGroup() as group:
                migrate = self.config.database.migrate_on_start
                group.create_task(self._reach(lambda: self.store.open(migrate=migrate)))
                group.create_task(self.engine.start())
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.assistant.drain(0)
        await self._stack.aclose()

    def adapters(self) -> dict[str, Adapter]:
        """The platforms that the configuration switches on."""
        found: dict[str, Adapter] = {}
        if self.config.web.enabled:
            from adapters.http import TrustedProxies
            from adapters.web import WebAdapter

            web = self.config.web
            found["web"] = WebAdapter(
                host=web.host,
                port=web.port,
                token=web.token.get_secret_value() if web.token else None,
                inbox=self.config.inbox_dir,
                max_upload_bytes=web.max_upload_mb * 1024 * 1024,
                desk=self.desk,
                models=Models(self.switch),
                title=web.title,
                state_dir=self.config.state_dir / "web",
                limits=door_limits(web),
                proxies=TrustedProxies(web.trusted_proxies),
                troubles=lambda: {name: why for name, adapter in found.items() if (why := adapter.trouble())},
            )
        if token := self.config.discord.token:
            from adapters.discord import DiscordAdapter

            found["discord"] = DiscordAdapter(
                token=token.get_secret_value(),
                state_dir=self.config.state_dir / "discord",
                desk=self.desk,
                api_base=self.config.discord.api_base,
                gateway=self.config.discord.gateway,
                message_content=self.config.discord.message_content,
                hint=self.switch.hint,
            )
        if self.config.slack.enabled:
            from bot.slack import slack_adapter

            found["slack"] = slack_adapter(self.config, self.store, self.desk, self.switch.hint)
        return found

    def retention(self, platforms: Iterable[str]) -> Retention:
        """What deletes what has grown old on these platforms, and in the terminal."""
        audit_days = self.config.retention.audit_days
        return Retention(
            self.store,
            self.assistant.keeping,
            self.access,
            [*platforms, CLI],
            audit_days=audit_days,
            timekeeping=self.timekeeping,
        )


async def serve(
    config: Config,
    ready: Callable[[App, dict[str, Adapter]], None],
    *,
    waits: Callable[[str], None] = lambda sentence: log.warning("%s", sentence),
) -> None:
    """Run the bot until SIGINT or SIGTERM, then finish what ends within the grace; a second signal ends at once.

    A database that is away is waited for, and `waits` is told why. `ready` is called once everything answers. What is
    not finished goes on at the next start. Raises `AdapterError` once no platform is left that could be served, and
    `AnotherBot` when another bot serves this database.
    """
    raise_descriptor_limit()
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: hurry.set() if stop.is_set() else stop.set())
    lock = lock_of(config.database_url)
    reach = _reaching(waits)
    app = App(config, reach=reach)
    adapters = app.adapters()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(lock.release)
        if not await _before(stop, reach(lock.acquire)) or not await _before(stop, stack.enter_async_context(app)):
            return
        taken = asyncio.create_task(lock.lost(), name="database lock")
        stack.push_async_callback(_stop, taken)
        # Modules and their like live as long as the bot. Looking through them for garbage would hold the loop up for
        # 0.1 s every now and then.
        gc.collect()
        gc.freeze()
        for adapter in adapters.values():
            await adapter.start(app.assistant)
            stack.push_async_callback(adapter.stop)
        await app.assistant.resume(adapters)
        controls = Controls(config.bot.data_dir, app.switch)
        await controls.start()
        stack.push_async_callback(controls.stop)
        cleaning = asyncio.create_task(app.retention(adapters).run(), name="retention")
        stack.push_async_callback(_stop, cleaning)
        ready(app, adapters)
        over = await until_over(stop, adapters, taken)
        if over is None:
            log.info("stopping: what ends within %.0f s is finished; a second signal stops now", config.engine.drain_s)
        await _drain(app.assistant, config.engine.drain_s, hurry)
    if over is not None:
        raise over


async def until_over(
    stop: asyncio.Event, adapters: Mapping[str, Adapter], taken: asyncio.Task[StoreError] | None = None
) -> Exception | None:
    """Wait for the stop, for the end of the last platform, or until another bot has `taken` the database. Returns why
    it is over, None for a stop."""

    why: AdapterError | None = None

    async def watch(name: str, adapter: Adapter) -> None:
        nonlocal why
        why = await adapter.ended()
        log.error("%s is not served any more: %s", name, why)

    stopping = asyncio.create_task(stop.wait())
    platforms = [asyncio.create_task(watch(name, adapter)) for name, adapter in adapters.items()]
    ends: list[asyncio.Future[Any]] = [stopping, *([asyncio.gather(*platforms)] if platforms else ())]
    try:
        await asyncio.wait([*ends, *([taken] if taken else ())], return_when=asyncio.FIRST_COMPLETED)
        if taken is not None and taken.done():
            return taken.result()
        return None if stopping.done() else why
    finally:
        for task in (stopping, *platforms):
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)  # the one of the platforms too: nobody else asks it


async def _drain(assistant: Assistant, grace_s: float, hurry: asyncio.Event) -> None:
    """Let requests end while the adapters can still show them; give up on them when hurried."""
    patient = asyncio.create_task(assistant.drain(grace_s))
    hurried = asyncio.create_task(hurry.wait())
    await asyncio.wait({patient, hurried}, return_when=asyncio.FIRST_COMPLETED)
    if not patient.done():
        await assistant.drain(0)
    hurried.cancel()
    await patient


def _reaching(waits: Callable[[str], None]) -> Reach:
    """Tries until the database answers, and tells why it waits, once. What does not let us in will not do so later."""

    async def away(error: StoreError) -> None:
        waits(f"{error} I keep trying until it answers.")

    async def reach(call: Callable[[], Awaitable[None]]) -> None:
        async def attempt() -> None:
            try:
                await call()
            except StoreRefused as error:
                error.passing = False
                raise

        await Patience(Pauses(0.5, 10.0), away=away).see_through(attempt)

    return reach


async def _before(stop: asyncio.Event, work: Coroutine[Any, Any, Any]) -> bool:
    """Do something that may take long, unless the bot is stopped first. False when it was; raises what goes wrong."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait({working})
        return False
    await working
    return True


async def _stop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _defaults(config: Config) -> Defaults:
    return Defaults(
        ask=Audience(config.permissions.ask),
        generate=Audience(config.permissions.generate),
        quotas=tuple(
            Quota("", measure, window, amount, origin="default")
            for (measure, window), amount in config.quotas.limits().items()
        ),
        retention_days=config.retention.days,
    )


def _limits(config: Config) -> dict[Category, Limit]:
    shares = config.shares()
    return {
        category: Limit(threshold, Action(action), share=shares[category])
        for category, (threshold, action) in config.rules().items()
    }


def _engine(config: Config) -> Engine:
    settings = EngineSettings(
        start_timeout_s=config.engine.start_timeout_s,
        cancel_grace_s=config.engine.cancel_grace_s,
        max_wait_s=config.engine.max_wait_s,
        per_user_queue=config.engine.requests_per_user,
        times_file=config.state_dir / "times.json",
        decoding=DecodingSettings(
            decoders=config.media.decoders,
            memory_mb=config.media.decode_memory_mb,
            state_dir=config.state_dir,
        ),
    )
    return build_engine(config.runtime_config(), settings, executor=config.engine.executor)


def _answers(config: Config) -> AnswerSettings:
    return AnswerSettings(
        frames=config.media.frames,
        clips_per_message=config.media.clips_per_message,
        token_budget=config.conversation.token_budget,
        max_turns=config.conversation.max_turns,
        videos_per_answer=config.generation.videos_per_answer,
    )


def _generation(config: Config) -> GenerationDefaults:
    wanted = config.generation
    return GenerationDefaults(
        seconds=wanted.seconds,
        max_seconds=wanted.max_seconds,
        width=wanted.width,
        height=wanted.height,
        max_width=wanted.max_width,
        max_height=wanted.max_height,
    )
