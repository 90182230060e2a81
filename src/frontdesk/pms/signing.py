"""How requests prove who sends them. Secrets are read when they are needed, and kept nowhere."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from frontdesk.credentials import Secrets
from frontdesk.errors import FrontdeskError
from frontdesk.http_answers import Answer, Unreadable
from frontdesk.http_client import HttpClient, Lost, NotSent
from frontdesk.pms.outcomes import say
from frontdesk.pms.port import (
    Account,
    PmsError,
    PmsUnauthorised,
    PmsUnavailable,
    RateLimited,
    UnusableSettings,
)
from frontdesk.pms.profile import Auth
from frontdesk.pointers import find
from frontdesk.templates import fill, names_in

_SECRET = "secret"  # noqa: S105
_SHORTEST = timedelta(minutes=5)
"""How long a token is used whose server does not say how long it is good for."""


class SignIn:
    """Signs the requests of one account, by the rules of `auth`. `name` is the PMS's, for what is said."""

    def __init__(
        self,
        name: str,
        auth: Auth,
        account: Account,
        secrets: Secrets,
        client: HttpClient,
        now: Callable[[], datetime],
    ) -> None:
        """Raises UnusableSettings when the account lacks what the rules ask for."""
        self._name = name
        self._auth = auth
        self._account = account
        self._secrets = secrets
        self._client = client
        self._now = now
        self._token = ""
        self._good_until: datetime | None = None
        self._fetching = asyncio.Lock()
        self._check()

    async def headers(self) -> Mapping[str, str]:
        """Return the headers to send with a request.

        Raises PmsUnauthorised where a secret is missing or no token is given for it, PmsUnavailable
        or RateLimited where a token cannot be fetched now.
        """
        auth = self._auth
        match auth.kind:
            case "none":
                return {}
            case "headers":
                known = await self._known(*names_in(auth.headers))
                return {header: fill(template, known) for header, template in auth.headers.items()}
            case "basic":
                known = await self._known(*names_in((auth.user, auth.password)))
                return {"Authorization": _basic(fill(auth.user, known), fill(auth.password, known))}
            case "bearer":
                known = await self._known(_SECRET)
                return {"Authorization": f"Bearer {known[_SECRET]}"}
            case "client-credentials":
                return {"Authorization": f"Bearer {await self._valid_token()}"}

    async def signed(self, send: Callable[[Mapping[str, str]], Awaitable[Answer]]) -> Answer:
        """Send a request with its signature, and once more with a fresh token if that was not accepted.

        What was answered with 401 was not carried out. Raises what `headers` and `send` raise.
        """
        answer = await send(await self.headers())
        if answer.status != 401 or not self.renew():
            return answer
        return await send(await self.headers())

    def renew(self) -> bool:
        """Forget a token that was not accepted; whether there was one, so that another may be."""
        had_one, self._token = bool(self._token), ""
        return had_one

    def _check(self) -> None:
        auth, where = self._auth, f"[connections.{self._account.connection}]"
        roles = {
            "none": (),
            "headers": names_in(auth.headers),
            "basic": names_in((auth.user, auth.password)),
        }.get(auth.kind, (_SECRET,))
        for role in roles:
            if role not in self._account.credentials:
                key = "a credential" if role == _SECRET else f'credentials = {{ {role} = "…" }}'
                raise UnusableSettings(f"{where} needs {key}: {self._name} asks for one")
        if auth.kind == "client-credentials" and not (
            self._setting("token_url") and self._setting("client_id")
        ):
            raise UnusableSettings(f'{where} needs auth = {{ token_url = "…", client_id = "…" }}')

    def _setting(self, key: str) -> str:
        return self._account.auth.get(key, "") or str(getattr(self._auth, key))

    async def _known(self, *roles: str) -> dict[str, str]:
        return {role: await self._secret(role) for role in roles}

    async def _secret(self, role: str) -> str:
        name = self._account.credentials[role]
        try:
            # A file on a slow disk, or a keyring, must not hold up the screen.
            return await asyncio.to_thread(self._secrets, name)
        except FrontdeskError:
            raise PmsUnauthorised(say(f"this machine has no secret called {name} that can be used")) from None

    async def _valid_token(self) -> str:
        async with self._fetching:
            if not self._token or self._good_until is None or self._now() >= self._good_until:
                self._token, good_for = await self._fetched()
                self._good_until = self._now() + good_for
            return self._token

    async def _fetched(self) -> tuple[str, timedelta]:
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if scope := self._setting("scope"):
            form["scope"] = scope
        client_id, secret = self._setting("client_id"), await self._secret(_SECRET)
        if self._auth.client_in == "header":
            # RFC 6749, 2.3.1: form-encoded before they are joined.
            headers["Authorization"] = _basic(quote(client_id, safe=""), quote(secret, safe=""))
        else:
            form |= {"client_id": client_id, "client_secret": secret}
        try:
            answer = await self._client.send(
                "POST", self._setting("token_url"), headers=headers, content=urlencode(form).encode()
            )
        except (NotSent, Lost) as error:
            raise PmsUnavailable(say(f"its sign-in: {error}")) from None
        if answer.status != 200:
            raise self._refusal(answer)
        return self._token_in(answer)

    def _refusal(self, answer: Answer) -> PmsError:
        if answer.status in (400, 401, 403):
            return PmsUnauthorised("its sign-in does not accept our key")
        if answer.status == 429:
            return RateLimited("its sign-in asks us to wait")
        return PmsUnavailable("its sign-in reports an error of its own")

    def _token_in(self, answer: Answer) -> tuple[str, timedelta]:
        try:
            document = answer.json()
        except Unreadable:
            document = None
        token, seconds = find(document, "/access_token"), find(document, "/expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise PmsUnavailable("its sign-in cannot be understood")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**9:
            return token, _SHORTEST
        return token, timedelta(seconds=max(0, seconds - self._auth.margin))


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")
