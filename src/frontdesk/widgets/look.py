"""What roles look like: the themes, and how a line of roles becomes cells.

A theme names colours of xterm's fixed palette (16 to 255), since the first sixteen are the
operator's own and may be anything. Text stands on the terminal's own background; bars, chips and
the cursor's row set both colours. `plain` has no colour at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from frontdesk.words.told import BARS, TICK, Part, Role, Told, in_width

QUIET_ROLES: Final = frozenset({Role.QUIET, Role.LABEL, Role.HEADING, Role.RULE, Role.DONE, Role.CURSOR_MARK})
"""Roles of what is looked up rather than read: it may stand out less."""

_ASCII: Final = str.maketrans("●·✗○▌│─╭╮╰╯", "o-x0>|-++++")
"""Signs for terminals that may not have the others."""
_SIGNS: Final = "".join(map(chr, _ASCII)) + TICK


@dataclass(frozen=True)
class Look:
    """A theme: what each role looks like. `has_signs` says whether marks and frames are drawn as signs.

    What stands on a bar, such as the cursor's row, takes the bar's colours and keeps its weight.
    """

    name: str
    styles: Mapping[Role, Style]
    has_signs: bool = True
    on_bars: dict[tuple[Role, Role], Style] = field(default_factory=dict, compare=False, repr=False)
    """What a role looks like on a bar: what was given, and what was worked out."""

    def __getitem__(self, role: Role) -> Style:
        return self.styles[role]

    @property
    def has_caps(self) -> bool:
        """Whether a key is told from the words beside it by a patch that it stands on."""
        return self.styles[Role.KEY].bgcolor is not None

    def on(self, bar: Role | None, role: Role) -> Style:
        """Return what `role` looks like on `bar`, or on the terminal's own background."""
        if bar is None:
            return self.styles[role]
        known = self.on_bars.get((bar, role))
        if known is None:
            own, below = self.styles[role], self.styles[bar]
            if role not in BARS and own.reverse and below.reverse:
                known = Style(bold=own.bold)  # cut out of the bar, or it would not be seen on it
            elif own.bgcolor is not None:
                known = own
            else:
                known = below + Style(bold=own.bold or None)
            self.on_bars[bar, role] = known
        return known

    def signs(self, line: Told) -> Told:
        """Return a line with the signs that this look has."""
        if self.has_signs or line.text.isascii():
            return line
        return replace(line, parts=_in_ascii(line.parts), right=_in_ascii(line.right))

    def strip(self, line: Told, width: int) -> Strip:
        """Return a line in exactly `width` cells. Data never becomes markup: it is painted as it stands."""
        parts = in_width(self.signs(line), width)
        return Strip([Segment(text, self.on(line.on, role)) for text, role in parts], width)


def _in_ascii(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    # Only what the program itself draws: a sign in a patient's name is the patient's.
    return tuple(
        part if part.text.isascii() or part.text.strip(_SIGNS) else Part(_ascii(part.text), part.role)
        for part in parts
    )


def _ascii(signs: str) -> str:
    return signs.replace(TICK, "").translate(_ASCII)


def _style(words: str) -> Style:
    """Read `bold 231 on 24`: numbers are colours of the fixed palette."""
    return Style.parse(" ".join(f"color({word})" if word.isdigit() else word for word in words.split()))


def _styles(words: Mapping[Role, str]) -> Mapping[Role, Style]:
    return MappingProxyType({role: _style(words.get(role, "")) for role in Role})


PLAIN: Final = Look(
    "plain",
    _styles(
        {
            Role.STRONG: "bold",
            Role.HEADING: "bold",
            Role.TITLE: "bold reverse",
            Role.BAR: "reverse",
            Role.CHIP: "bold reverse",
            Role.WARNING: "bold",
            Role.KEY: "bold",
            Role.FOCUS: "reverse",
            Role.CURSOR: "reverse",
            Role.CURSOR_QUIET: "bold",
            Role.CURSOR_MARK: "bold",
            Role.CARET: "reverse",
            Role.DANGER: "bold reverse",
            Role.GONE: "bold",
        }
    ),
    has_signs=False,
)

DARK: Final = Look(
    "dark",
    _styles(
        {
            Role.STRONG: "bold",
            Role.QUIET: "247",
            Role.LABEL: "247",
            Role.HEADING: "bold 247",
            Role.TITLE: "bold 231 on 17",
            Role.BAR: "231 on 17",
            Role.CHIP: "16 on 215",
            Role.WARNING: "221",
            Role.WAITING: "221",
            Role.KEY: "231 on 238",
            Role.FOCUS: "231 on 24",
            Role.FIELD: "231 on 236",
            Role.CARET: "16 on 253",
            Role.CURSOR: "231 on 24",
            Role.CURSOR_QUIET: "255 on 236",
            Role.DANGER: "231 on 124",
            Role.UPCOMING: "117",
            Role.DONE: "108",
            Role.GONE: "217",
            Role.RULE: "247",
        }
    ),
    on_bars={
        (Role.CURSOR, Role.CURSOR_MARK): _style("221 on 24"),
        (Role.CURSOR_QUIET, Role.CURSOR_MARK): _style("221 on 236"),
    },
)

LIGHT: Final = Look(
    "light",
    _styles(
        {
            Role.STRONG: "bold",
            Role.QUIET: "240",
            Role.LABEL: "240",
            Role.HEADING: "bold 240",
            Role.TITLE: "bold 231 on 24",
            Role.BAR: "231 on 24",
            Role.CHIP: "16 on 215",
            Role.WARNING: "16 on 223",
            Role.WAITING: "16 on 223",
            Role.KEY: "231 on 239",
            Role.FOCUS: "231 on 24",
            Role.FIELD: "16 on 253",
            Role.CARET: "231 on 235",
            Role.CURSOR: "231 on 24",
            Role.CURSOR_QUIET: "16 on 253",
            Role.DANGER: "231 on 124",
            Role.UPCOMING: "20",
            Role.DONE: "22",
            Role.GONE: "88",
            Role.RULE: "240",
        }
    ),
    on_bars={
        (Role.CURSOR, Role.CURSOR_MARK): _style("221 on 24"),
        (Role.CURSOR_QUIET, Role.CURSOR_MARK): _style("19 on 253"),
    },
)

LOOKS: Final[Mapping[str, Look]] = MappingProxyType({look.name: look for look in (DARK, LIGHT, PLAIN)})
"""The looks by the names that `[ui] theme` gives them."""


@runtime_checkable
class HasLook(Protocol):
    """An app that says what its widgets look like."""

    look: Look


def look_of(widget: Widget) -> Look:
    """Return the look that a widget is drawn in."""
    app = widget.app
    return app.look if isinstance(app, HasLook) else PLAIN
