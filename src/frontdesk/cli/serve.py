"""`serve`: the store over HTTP, for desks that hold a token."""

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from frontdesk.bookings import Reason
from frontdesk.cli import crash
from frontdesk.cli.diaries import reading, wake_proofs
from frontdesk.cli.dispatching import dispatching
from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation
from frontdesk.config import Config, ConfigError
from frontdesk.config.server import ServerSettings, address, why_not_listen
from frontdesk.diary_runs import Kind
from frontdesk.errors import Refused
from frontdesk.extras import is_missing

if TYPE_CHECKING:
    from frontdesk.server.connections import Listening
    from frontdesk.store.sql.store import SqlStore
    from frontdesk.sync.reader import Reader

_NO_PACKAGES = Reason("no-server", is_missing("frontdesk serve", "fastapi, uvicorn, uvloop and limits"))

_MADE_AT_ONCE = 50_000
"""Objects after which garbage is looked for: pages for many desks are made at once, and all of them still needed."""


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen, instead of what [server] bind says.")
@click.option("--no-deliver", is_flag=True, help="Leave deliveries to frontdesk deliver.")
@click.pass_obj
def serve(installation: Installation, bind: str | None, no_deliver: bool) -> None:
    """Serve the store to desks that hold a token, until you end it.

    \b
    Examples:
      frontdesk serve                       behind a proxy, or to try it
      frontdesk serve --bind 0.0.0.0:8411   with cert and key under [server]
      frontdesk tokens create --name "Desk Two" --scope read --scope cancel

    Desks have [store] url = "https://HOST:8411" in their configs. Any number of servers may use
    one PostgreSQL, and a desk may use any of them. The server also carries out what follows
    cancellations, and reads the diaries of PMSs if the config has [sync].

    If the store cannot be reached at the start, the server ends with 3: start it again, or let
    systemd do so. If the store goes away later, the server waits for it. SIGTERM and SIGINT end
    the server after it has answered the requests under way. SIGHUP makes it read its
    certificate again.
    """
    installation.refuse_served("desks are served")
    settings = _settings(installation, bind)
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(_Serving(installation, settings, deliver=not no_deliver).run())


def _loop() -> asyncio.AbstractEventLoop:
    try:
        from uvloop import new_event_loop
    except ImportError:
        raise Refused(_NO_PACKAGES) from None
    return new_event_loop()


def _settings(installation: Installation, bind: str | None) -> ServerSettings:
    settings = installation.config.server
    if bind is not None:
        try:
            host, port = address(bind, "--bind")
        except ValueError as wrong:
            raise click.UsageError(str(wrong)) from None
        settings = replace(settings, host=host, port=port)
    if why_not := why_not_listen(settings):
        raise ConfigError(why_not)
    return settings


class _Serving:
    """One run of the server: the order in which its parts come and go."""

    def __init__(self, installation: Installation, settings: ServerSettings, *, deliver: bool) -> None:
        self._installation = installation
        self._settings = settings
        self._deliver = deliver
        self._is_leaving = False
        self._listening: Listening | None = None

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, or SIGHUP where there is no certificate to read again."""
        loop, leaving = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        for name in leaving:
            loop.add_signal_handler(name, self._leave)
        try:
            await self._run()
        finally:
            # uvloop leaves its own handlers behind, which do nothing once it is closed.
            for name in leaving:
                loop.remove_signal_handler(name)

    async def _run(self) -> None:
        try:
            place = await asyncio.to_thread(import_module, "frontdesk.server.place")
            await asyncio.to_thread(import_module, "frontdesk.server.app")
            await asyncio.to_thread(import_module, "frontdesk.server.connections")
        except ImportError:
            raise Refused(_NO_PACKAGES) from None
        tls = await self._encryption()
        sockets = await asyncio.to_thread(place.listen, self._settings.host, self._settings.port)
        try:
            store = await self._installation.open_database()
            try:
                await self._serve(store, sockets, tls)
            finally:
                await store.close()
        finally:
            for one in sockets:
                one.close()
        say("The server has ended. Nothing is under way here any more.", err=True)

    async def _encryption(self) -> ssl.SSLContext | None:
        from frontdesk.server.place import CannotListen, server_context, show

        cert, key = self._settings.cert, self._settings.key
        if cert is None or key is None:
            return None
        context = await asyncio.to_thread(server_context, cert, key)

        def read_again() -> None:
            try:
                show(context, cert, key)
            except CannotListen as error:
                say(f"The server keeps the old certificate: {error.hint}", err=True)
            else:
                say("New connections get the new certificate.", err=True)

        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, read_again)
        return context

    async def _serve(
        self, store: "SqlStore", sockets: list[socket.socket], tls: ssl.SSLContext | None
    ) -> None:
        from frontdesk.server.app import end_streams, make_app
        from frontdesk.server.connections import Listening
        from frontdesk.server.service import Service
        from frontdesk.server.waking import Waking

        outside = self._installation.outside
        # From here on it is known what can be reached: the first look at the secrets may take a moment.
        is_dispatching = await asyncio.to_thread(lambda: outside.connections) and self._deliver
        config = self._installation.config
        beside = dispatching(store, config, outside) if is_dispatching else nullcontext()
        is_reading = is_dispatching and config.reads_diaries
        reads = reading(store, config, outside) if is_reading else nullcontext()
        proofs, unproven = await asyncio.to_thread(wake_proofs, outside, config.accounts)
        async with beside as carrying, reads as reader:
            service = Service(
                store,
                store.registry.admit,
                crash.report,
                carrying.wake if carrying else lambda: None,
                reader.wake if reader else lambda: None,
                preflight=outside.preflight if outside.connections else None,
                requests_a_minute=self._settings.requests_a_minute,
                waking=Waking(proofs, partial(_read_soon, store, config, reader)),
            )
            app = make_app(service)
            self._listening = Listening(
                app, partial(end_streams, app), tls, behind_proxy=self._settings.behind_proxy
            )
            if self._is_leaving:
                self._leave()
            for notice in (*outside.problems, *unproven, *self._installation.notices):
                say(notice, err=True)
            say(self._said(sockets, tls), err=True)
            # What is loaded stays: looking through all of it for garbage would stop every desk for a while.
            gc.collect()
            gc.freeze()
            gc.set_threshold(_MADE_AT_ONCE)
            await self._listening.serve(sockets)

    def _leave(self) -> None:
        self._is_leaving = True
        if self._listening is not None:
            self._listening.leave()

    def _said(self, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None) -> str:
        config = self._installation.config
        where = " and ".join(_address(one.getsockname(), tls) for one in sockets)
        store = config.store_file or config.store_url
        return f"Listening on {where} for desks of {store}; {self._said_of_deliveries()}."

    def _said_of_deliveries(self) -> str:
        connections = self._installation.outside.connections
        if not connections:
            return "the config names no connection, so no deliveries are carried out here"
        if not self._deliver:
            return "deliveries are left to frontdesk deliver"
        return f"deliveries are carried out here for {', '.join(sorted(connections))}"


async def _read_soon(store: "SqlStore", config: Config, reader: "Reader | None", connection: str) -> None:
    """Have the diary of a connection read: what has changed there, the next days where it tells no changes."""
    from frontdesk.pms.kinds import describe

    kind = describe(config.accounts[connection].kind, config.folder)
    await store.diaries.wake(connection, Kind.CHANGES if kind.tells_changes else Kind.NEAR)
    if reader is not None:
        reader.wake()


def _address(name: Sequence[Any], tls: ssl.SSLContext | None) -> str:
    host, port = name[:2]
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
