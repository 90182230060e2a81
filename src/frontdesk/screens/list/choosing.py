"""Filters that are chosen from a list: one practitioner, one practice."""

from collections.abc import Sequence

from textual.app import App

from frontdesk.desk import OpenDesk
from frontdesk.filters import Filters
from frontdesk.screens.chooser import Choice, ChooserScreen
from frontdesk.words import lists


async def choose_practitioner(app: App[None], desk: OpenDesk, filters: Filters) -> Filters | None:
    """Return the filters with a practitioner whom the operator chose, or None. Call it in a worker."""
    names: dict[str, set[int]] = {}
    for practitioner in desk.practitioners:
        names.setdefault(practitioner.name, set()).add(practitioner.id)
    choices = [Choice(name, lists.where_works(desk, ids)) for name, ids in sorted(names.items())]
    chosen = await _chosen(app, "Show one practitioner", choices)
    if chosen is None:
        return None
    name = choices[chosen].label
    return filters.for_practitioner(name, frozenset(names[name]))


async def choose_practice(app: App[None], desk: OpenDesk, filters: Filters) -> Filters | None:
    """Return the filters with a practice that the operator chose, or None. Call it in a worker."""
    choices = [Choice(practice.name, practice.short) for practice in desk.practices]
    chosen = await _chosen(app, "Show one practice", choices)
    return None if chosen is None else filters.for_practice(desk.practices[chosen].id)


async def _chosen(app: App[None], title: str, choices: Sequence[Choice]) -> int | None:
    return await app.push_screen_wait(ChooserScreen(title, choices))
