"""The last line: the keys that matter most, or an answer."""

from collections.abc import Callable, Sequence

from frontdesk.widgets.line import Line
from frontdesk.widgets.look import Look
from frontdesk.words.key_line import KeyWords, keys_told
from frontdesk.words.told import Role, Told, told

IN_FIND = (
    KeyWords("Enter", "actions"),
    KeyWords("Tab", "list keys"),
    KeyWords("Ctrl+G", "day"),
    KeyWords("Esc", "clear"),
    KeyWords("F1", "help"),
    KeyWords("F9", "lock"),
    KeyWords("Ctrl+P", "all commands"),
)
IN_LIST = (
    KeyWords("c", "cancel"),
    KeyWords("f", "did not come"),
    KeyWords("d", "details"),
    KeyWords("g", "day"),
    KeyWords("1 2 3 0 t n w a", "show"),
    KeyWords("F1", "help"),
    KeyWords("F9", "lock"),
)
"""The keys of Bookings, where Find has the focus and where the list has."""


class KeyLine(Line):
    """Says one thing at a time: the answer to a key, news of other desks, a remark, or the keys.

    What comes first here never gives way to what comes after it; all but the keys stay until
    the next key. `keys` are those of the screen, `in_list` those of its list where they differ.
    """

    _answer = ""
    _trouble = ""
    _remark = ""
    _news: tuple[str, ...] = ()
    keys_so_far = 0
    """Keys that have come: whoever replies later sees by it whether the operator is at something else."""
    _in_list = False
    _is_covered = False
    _named: tuple[KeyWords, ...] = ()
    """The keys that stand there now."""
    _offer: Callable[[], None] | None = None
    _offered: Callable[[], None] | None = None

    def __init__(
        self,
        keys: Sequence[KeyWords],
        in_list: Sequence[KeyWords] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self._keys, self._keys_in_list = tuple(keys), tuple(in_list) or tuple(keys)

    def on_mount(self) -> None:
        self._show()

    def answer(self, message: str) -> None:
        """Answer the operator's key."""
        self._answer = message
        self._show()

    def reply(self, message: str, keys: int) -> None:
        """Answer a key that came when there were `keys` so far; once another one has come it is a remark."""
        if self.keys_so_far == keys:
            self.answer(message)
        else:
            self.remark(message)

    def offer(self, act: Callable[[], None]) -> None:
        """Have Enter do this if it is the next key; the answer says so."""
        self._offer = act

    def withdraw(self, act: Callable[[], None]) -> None:
        """Offer this no more."""
        if self._offer is act:
            self._offer = None

    def offers(self, act: Callable[[], None]) -> bool:
        """Whether no key has come since this was offered."""
        return self._offer is act

    def take_offer(self) -> bool:
        """Do what was offered before the key that is being handled; return whether anything was."""
        offered, self._offered = self._offered, None
        if offered is not None:
            offered()
        return offered is not None

    def trouble(self, message: str) -> None:
        """Answer the operator's key with what keeps it from being done, until that is over."""
        self._trouble = message
        self._show()

    def trouble_over(self) -> None:
        """Take away what was said of trouble: it is so no more."""
        self._trouble = ""
        self._show()

    def tell(self, news: str) -> None:
        """Say what another desk did; what nobody has read yet is counted."""
        self._news += (news,)
        self._show()

    def remark(self, message: str) -> None:
        """Say what nobody asked for, until there is something more important."""
        self._remark = message
        self._show()

    def key_comes(self) -> None:
        """Take away what was said: a new key is about to be handled."""
        self.keys_so_far += 1
        self._answer, self._trouble, self._news, self._remark = "", "", (), ""
        self._offered, self._offer = self._offer, None
        self._show()

    def follow_focus(self, *, in_list: bool) -> None:
        """Name the keys of the list or those of Find."""
        self._in_list = in_list
        self._show()

    def cover(self, is_covered: bool) -> None:
        """Beside a dialog the list must not name keys that only the dialog has."""
        self._is_covered = is_covered
        self._show()

    def _show(self) -> None:
        said = self._answer or self._trouble or self._told() or self._remark
        if self._is_covered or said:
            self._named = ()
            self.show(told(f" {said}" if not self._is_covered else "", Role.STRONG))
        else:
            self._named = self._keys_in_list if self._in_list else self._keys
            self.show(keys_told(self._named))

    def _told(self) -> str:
        if len(self._news) < 2:
            return "".join(self._news)
        return f"{len(self._news)} changes by other desks here. The last: {self._news[-1]}"

    def in_look(self, line: Told, look: Look, width: int) -> Told:
        return keys_told(self._named, width, are_caps=look.has_caps) if self._named else line
