"""`tokens`: the keys that desks present to `frontdesk serve`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from frontdesk import times
from frontdesk.bookings import Scope
from frontdesk.cli.filters import practice_id_of
from frontdesk.cli.lines import aligned
from frontdesk.cli.printing import say
from frontdesk.cli.wiring import Installation
from frontdesk.complaints import nearest
from frontdesk.store.port import DeskToken

if TYPE_CHECKING:
    from frontdesk.store.sql.store import SqlStore


@click.group()
def tokens() -> None:
    """Make, list and revoke desk tokens.

    A desk that uses frontdesk serve shows it a token, which says what the desk may do.

    \b
    Examples:
      frontdesk tokens create --name "Desk Two" --scope read --scope cancel
      frontdesk tokens create --name Wall --scope read --practice adelaide
      frontdesk tokens list
      frontdesk tokens revoke 3f9c01ab

    Make a token where the database is, and keep it at the one desk that it is for. What that
    desk does is signed with the token's name. When a desk is lost, or somebody leaves, revoke
    the token: that counts from the next request on.
    """


@tokens.command()
@click.option(
    "--name", required=True, metavar="NAME", help="The name of the desk or person that will have it."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([one.value for one in Scope], case_sensitive=False),
    help="What it may do; can be given again. Every desk needs read.",
)
@click.option(
    "--practice",
    "practices",
    multiple=True,
    metavar="ID",
    help="Only at this practice; can be given again. Without it: at all of them.",
)
@click.option(
    "--days", type=click.IntRange(1, 3650), metavar="N", help="Valid for N days; without it until revoked."
)
@click.pass_obj
def create(
    installation: Installation, name: str, scopes: Sequence[str], practices: Sequence[str], days: int | None
) -> None:
    """Make a desk token, and print its secret this once.

    Only the secret is printed on stdout. The store keeps only a digest of it. Keep the secret at
    the desk, under the name that [store] credential has there, for example desk:

    \b
      frontdesk tokens create --name "Desk Two" --scope read --scope cancel |
        ssh desk-two frontdesk credentials set desk
    """
    wanted = frozenset(map(Scope, scopes))
    if Scope.READ not in wanted:
        raise click.UsageError("a desk needs read to show bookings: add --scope read")
    installation.refuse_served("desk tokens are made")
    with installation.opened_database() as (store, run):
        known = run(store.practices())
        only = frozenset(practice_id_of(one, known) for one in practices) or None
        expires_at = run(store.state()).now + timedelta(days=days) if days else None
        token, secret = run(
            store.registry.create_token(name, wanted, only, installation.config.operator, expires_at)
        )
        zone = run(_zone(installation, store))
    say(secret)
    say(f"{', '.join(filter(None, _cells(token, zone)))}. The secret is not shown again.", err=True)


@tokens.command("list")
@click.pass_obj
def list_(installation: Installation) -> None:
    """List all desk tokens, revoked ones too, but no secrets.

    The oldest is the first.
    """
    installation.refuse_served("desk tokens are listed")
    with installation.opened_database() as (store, run):
        known = run(store.registry.tokens())
        zone = run(_zone(installation, store))
    for line in aligned([_cells(token, zone) for token in known]):
        say(line)
    if not known:
        say("There are no desk tokens.")


@tokens.command()
@click.argument("token_id", metavar="ID")
@click.pass_obj
def revoke(installation: Installation, token_id: str) -> None:
    """Make the token with this ID useless, now and for ever."""
    installation.refuse_served("desk tokens are revoked")
    with installation.opened_database() as (store, run):
        known = {token.id for token in run(store.registry.tokens())}
        if token_id not in known:
            raise click.UsageError(f"there is no token {token_id}, {nearest(token_id, known)}")
        token = run(store.registry.revoke_token(token_id, installation.config.operator))
    say(f"{token.name} ({token.id}) is revoked and opens nothing any more.")


async def _zone(installation: Installation, store: "SqlStore") -> ZoneInfo:
    home = await installation.home(store)
    return home.zone if home else ZoneInfo("UTC")


def _in_order(scopes: frozenset[Scope]) -> list[str]:
    """Return scopes in our order, behind them those that only a newer program knows."""
    known = [scope.value for scope in Scope if scope in scopes]
    return known + sorted(f"{scope.value} (not known here)" for scope in scopes if not scope.is_known)


def _cells(token: DeskToken, zone: ZoneInfo) -> tuple[str, ...]:
    def day(word: str, instant: datetime | None, otherwise: str) -> str:
        return f"{word} {times.day_in_full(times.local_date(instant, zone))}" if instant else otherwise

    return (
        token.name,
        token.id,
        ", ".join(_in_order(token.scopes)),
        "all practices" if token.practices is None else ", ".join(sorted(token.practices)),
        day("made", token.created_at, ""),
        day("expires", token.expires_at, "does not expire"),
        day("revoked", token.revoked_at, ""),
    )
