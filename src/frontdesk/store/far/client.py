"""The HTTP API of `frontdesk serve`, as a desk asks it: typed answers, or the operator's words."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from frontdesk.api import wire
from frontdesk.errors import Unauthorised, Unavailable
from frontdesk.http_answers import Answer
from frontdesk.http_client import SECONDS, HttpClient, Lost, NotSent

Value = TypeVar("Value")
Params = Sequence[tuple[str, str]]

BODY_LIMIT = 8 << 20
"""Bytes of an unpacked answer: a page of 500 rows with the longest texts has less."""

GATEWAY_STATUSES = frozenset({502, 503, 504})
"""What a proxy answers for a server that it cannot reach (RFC 9110, 15.6)."""


class Api:
    """The server at `url`, asked with this desk's token.

    Every method raises Unavailable when the server cannot be reached, is of another version
    or is no such server, Unauthorised when it does not accept the token, and what else the
    server answers, such as NotFound.
    """

    def __init__(
        self, url: str, token: str, ca_file: Path | None = None, *, seconds: float = SECONDS
    ) -> None:
        self._url = url
        self.where = f"The server {urlsplit(url).netloc}"
        self._client = HttpClient(
            ca_file=ca_file,
            # The config lets http:// pass for this machine only, and a server may well be in this house.
            allow_http=url.startswith("http://"),
            allow_private=True,
            headers={"Authorization": f"Bearer {token}"},
            seconds=seconds,
            body_limit=BODY_LIMIT,
        )

    async def read(self, path: str, kind: type[Value], params: Params = ()) -> Value:
        """Return what there is at a path."""
        try:
            answer = await self._client.fetch(self._url + path, params=params)
        except (NotSent, Lost) as error:
            raise self.away(error) from None
        return self.value(answer, kind)

    async def send(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one write, once, and return the answer as it came. Raises NotSent, Lost."""
        fields = {"Content-Type": "application/json", **(headers or {})}
        return await self._client.send("POST", self._url + path, headers=fields, content=wire.encode(body))

    @asynccontextmanager
    async def listen(
        self, path: str, params: Params, headers: Mapping[str, str], idle_seconds: float
    ) -> AsyncIterator[AsyncIterator[str]]:
        """Open a stream of events and yield its lines. The lines raise Lost when they end."""
        fields = {"Accept": wire.EVENTS_TYPE, **headers}
        url = self._url + path
        try:
            async with self._client.listen(
                url, params=params, headers=fields, idle_seconds=idle_seconds
            ) as lines:
                self._check_server(lines.status, lines.headers)
                if lines.status != 200:
                    self._refused(await lines.answer())
                yield aiter(lines)
        except (NotSent, Lost) as error:
            raise self.away(error) from None

    def value(self, answer: Answer, kind: type[Value], thing: type[Any] | None = None) -> Value:
        """Return what an answer holds, or raise what it says.

        `thing` is the type of the subject of the command that it answers.
        """
        self._check_server(answer.status, answer.headers)
        if answer.status != 200:
            self._refused(answer, thing)
        try:
            return wire.decode(answer.body, kind)
        except ValueError:
            raise self.not_readable() from None

    def not_readable(self) -> Unavailable:
        """Return what to tell when an answer means nothing here."""
        return Unavailable(
            f"{self.where} gave an answer that cannot be read: nothing was changed; "
            "try again, and if that does not help tell the person who looks after it."
        )

    def away(self, error: NotSent | Lost) -> Unavailable:
        """Return what to tell when no answer came."""
        what = "cannot be reached" if isinstance(error, NotSent) else "gave no answer"
        return Unavailable(f"{self.where} {what}, {error}: nothing was changed; try again in a moment.")

    def _check_server(self, status: int, headers: Mapping[str, str]) -> None:
        version = headers.get(wire.VERSION_HEADER, "")
        if version == str(wire.VERSION):
            return
        if version.isdecimal():
            who = "This desk" if int(version) > wire.VERSION else self.where
            raise Unavailable(
                f"{who} must be updated: it has another version of the API than the other side; "
                "nothing was changed; tell the person who looks after frontdesk."
            )
        if status in GATEWAY_STATUSES:
            raise Unavailable(
                f"{self.where} is away, a proxy in front of it says so ({status}): nothing was changed; "
                "try again in a moment."
            )
        raise Unavailable(
            f"{self.where} does not answer as a frontdesk server ({status}): nothing was changed; "
            "see whether this network wants a sign-in, and check the url under [store]."
        )

    def _refused(self, answer: Answer, thing: type[Any] | None = None) -> NoReturn:
        try:
            told = wire.decode(answer.body, wire.Problem)
        except ValueError:
            if answer.status == 401:
                raise Unauthorised(f"{self.where} does not accept this desk's token.") from None
            raise Unavailable(
                f"{self.where} answered {answer.status} without a word: nothing was changed; "
                "tell the person who looks after it."
            ) from None
        wire.raise_problem(told, thing)

    async def close(self) -> None:
        """Let go of connections. Calling it twice is harmless."""
        await self._client.close()
