"""A screen with no patient on it, and the way past it: a PIN, or only Enter."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from frontdesk import times
from frontdesk.desk import Desk, OpenDesk, SignIn
from frontdesk.errors import FrontdeskError
from frontdesk.screens.dialogs.writing import WritingScreen
from frontdesk.text import begins, fold
from frontdesk.widgets.find_bar import FindField
from frontdesk.widgets.line import Line, TextBlock
from frontdesk.widgets.pin_field import PinField
from frontdesk.words.told import Role, told
from frontdesk.wrong_pins import WrongPins

MARGIN = " " * 6
SHOWN = 9
"""Names shown at once, so that they fit the smallest window."""

KEYS_AT_NAME = f"{MARGIN}Type a name   Up Down   Enter chooses   Ctrl+C leaves"
KEYS_AT_PIN = f"{MARGIN}Enter signs in   Tab another name   Esc clears"
FORGOTTEN = f"{MARGIN}Forgotten? Ask the person who looks after frontdesk."

OWN_SLIPS = 120.0
"""Seconds after a wrong PIN at this desk during which it is taken for a slip of the same person."""


class Admitted(Message):
    """This operator may go on."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class HiddenScreen(Screen[None], inherit_bindings=False):
    """Hides everything from those who pass by; without PINs it keeps nobody out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "show", "show", show=False, id="hidden.show"),
    ]

    def __init__(self, desk: OpenDesk) -> None:
        super().__init__()
        self._operator = desk.operator.name
        self._since = time_of_day(desk)

    def compose(self) -> ComposeResult:
        yield TextBlock(id="text")

    def on_mount(self) -> None:
        self.query_one("#text", TextBlock).show(
            (
                told(""),
                told(f"{MARGIN}The screen is hidden. Press Enter to go on.", Role.STRONG),
                told(""),
                told(f"{MARGIN}{self._operator}, since {self._since}"),
            )
        )

    def action_show(self) -> None:
        self.app.post_message(Admitted(self._operator))


class SignInScreen(WritingScreen[None], inherit_bindings=False):
    """Asks who sits here, and for the PIN. Posts `Admitted` to the app, which takes it away.

    `locked_by` and `since` name who locked the screen, and when; without them nobody was
    there before. Who had wrong PINs tried in their name is told, in the time of `here`,
    before the screen goes.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "choose or sign in", show=False, id="sign_in.enter"),
        Binding("tab,shift+tab", "switch", "name or PIN", show=False, id="sign_in.switch"),
        Binding("down", "mark(1)", "down", show=False, id="sign_in.down"),
        Binding("up", "mark(-1)", "up", show=False, id="sign_in.up"),
        Binding("escape", "clear", "clear", show=False, id="sign_in.clear"),
    ]
    CSS = """
    SignInScreen Horizontal { height: 1; }
    SignInScreen .label { width: 13; }
    """

    def __init__(
        self, desk: Desk, sign_in: SignIn, here: tzinfo, locked_by: str = "", since: str = ""
    ) -> None:
        super().__init__()
        self._here = here
        self._admitted = ""
        self._slips: list[tuple[str, float]] = []
        self._desk = desk
        self._sign_in = sign_in
        self._locked_by = locked_by
        self._since = since
        self._chosen = locked_by
        self._names: Sequence[str] = ()
        self._marked = 0

    def compose(self) -> ComposeResult:
        yield Line()
        yield Line(id="title")
        yield Line()
        with Horizontal():
            yield Line(id="name-label", classes="label")
            yield FindField(id="name")
        with Horizontal():
            yield Line(id="pin-label", classes="label")
            yield PinField(id="pin")
        yield Line(id="message")
        yield Line(id="keys")
        yield Line()
        yield TextBlock(id="names")

    @property
    def name_field(self) -> FindField:
        return self.query_one("#name", FindField)

    @property
    def pin_field(self) -> PinField:
        return self.query_one("#pin", PinField)

    def line(self, name: str) -> Line:
        """Return one of the text lines by its id."""
        return self.query_one(f"#{name}", Line)

    def on_mount(self) -> None:
        title = (
            f"Locked by {self._locked_by}, since {self._since}"
            if self._locked_by
            else "frontdesk: who is there?"
        )
        self.line("title").show(told(f"{MARGIN}{title}", Role.STRONG))
        self.line("name-label").show(told(f"{MARGIN}Name"))
        self.line("pin-label").show(told(f"{MARGIN}PIN"))
        if self._chosen and self._chosen in self._read_names():
            self._ask_pin()
        else:
            self._ask_name()

    # -- the name -------------------------------------------------------------------------

    def _read_names(self) -> Sequence[str]:
        try:
            return self._sign_in.names
        except FrontdeskError as error:
            self.say(error.hint)
            return ()

    def _ask_name(self) -> None:
        self.name_field.value = ""
        self.name_field.focus()
        self.line("keys").show(told(KEYS_AT_NAME))
        self._list_names("")

    def _list_names(self, prefix: str) -> None:
        wanted = fold(prefix)
        names = self._read_names()
        self._names = [name for name in names if begins(wanted, fold(name))]
        self._marked = self._names.index(self._chosen) if self._chosen in self._names else 0
        self._show_names()

    def _show_names(self) -> None:
        first = max(0, self._marked - SHOWN + 1)
        lines = [
            told(
                f"{MARGIN}{'>' if place == self._marked else ' '} {name} ",
                Role.FOCUS if place == self._marked else Role.VALUE,
            )
            for place, name in enumerate(self._names)
        ][first : first + SHOWN]
        self.query_one("#names", TextBlock).show(lines or (told(f"{MARGIN}  No operator has that name."),))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.name_field.has_focus:
            self._list_names(event.value)

    def action_mark(self, step: int) -> None:
        if self.name_field.has_focus:
            self._marked = max(0, min(self._marked + step, len(self._names) - 1))
            self._show_names()

    # -- the PIN --------------------------------------------------------------------------

    def _ask_pin(self) -> None:
        self.pin_field.focus()
        with self.prevent(Input.Changed):
            self.name_field.value = self._chosen
        self.query_one("#names", TextBlock).show(())
        self.line("keys").show(told(KEYS_AT_PIN))

    def say(self, message: str) -> None:
        """Answer in the message line."""
        self.line("message").show(told(f"{MARGIN}{message}" if message else "", Role.STRONG))

    def action_enter(self) -> None:
        if self._admitted:
            self.app.post_message(Admitted(self._admitted))
        elif self.pin_field.has_focus:
            self.begin()
            self.say("Checking the PIN...")
            self._check(self._chosen, self.pin_field.take())
        elif self._names:
            self._chosen = self._names[self._marked]
            self.say("")
            self._ask_pin()

    def action_switch(self) -> None:
        self._admitted = ""
        self.say("")
        if self.pin_field.has_focus:
            self._ask_name()
        else:
            self.action_enter()

    def action_clear(self) -> None:
        self._admitted = ""
        self.say("")
        if self.pin_field.has_focus:
            self.pin_field.clear()
        else:
            self.name_field.value = ""

    @work(exit_on_error=False)
    async def _check(self, name: str, pin: str) -> None:
        try:
            if await self._sign_in.check(name, pin):
                self._admit(name)
            else:
                self._slips.append((name, self._desk.clock()))
                self.say(f"That is not the PIN of {name}.")
                self.query_one("#names", TextBlock).show((told(FORGOTTEN),))
        except FrontdeskError as error:
            self.say(f"{error.hint[:1].upper()}{error.hint[1:]}.".replace("..", "."))
        except Exception as error:
            self.say(f"Something went wrong in frontdesk, reference {self._desk.report(error)}.")
        finally:
            self.end()

    def _admit(self, name: str) -> None:
        """Let this operator go on, after they have read what was tried in their name."""
        before = self._sign_in.wrong_before(name)
        now = self._desk.clock()
        slips = sum(who == name and now - at < OWN_SLIPS for who, at in self._slips)
        if before is None or not (before.number > slips or before.was_damaged or before.why_not_kept):
            self.app.post_message(Admitted(name))
            return
        self._admitted = name
        self.line("keys").show(told(f"{MARGIN}Enter goes on   Tab another name"))
        self.say(f"{wrong_pins_in_words(before, self._here, datetime.now(UTC))}.")
        if before.why_not_kept:
            why = f"{MARGIN}Wrong PINs cannot be counted: {before.why_not_kept}."
            self.query_one("#names", TextBlock).show((told(why),))


def wrong_pins_in_words(before: WrongPins, here: tzinfo, now: datetime) -> str:
    """`3 wrong PINs since yesterday 17:20`: what was tried in an operator's name."""
    since = times.since_in_words(before.since, here, now)
    pins = "1 wrong PIN" if before.number == 1 else f"{before.number:,} wrong PINs"
    if before.was_damaged:
        return f"The count of wrong PINs was damaged. From {since} on it counts: {pins}"
    return f"{pins} since {since}" if before.number else "No wrong PINs since this program began"


LOCKS = (HiddenScreen, SignInScreen)
"""The screens with no patient on them."""


def lock_screen(desk: OpenDesk) -> HiddenScreen | SignInScreen:
    """Return what hides the screen of who sits at the desk now, and lets them or another one back."""
    if desk.program.sign_in is None:
        return HiddenScreen(desk)
    return SignInScreen(desk.program, desk.program.sign_in, desk.here, desk.operator.name, time_of_day(desk))


def time_of_day(desk: OpenDesk) -> str:
    """Return the time on the desk's wall."""
    return f"{desk.now().astimezone(desk.here):%H:%M}"
