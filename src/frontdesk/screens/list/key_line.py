"""The line above the status line: the keys that matter most, or an answer."""

from rich.style import Style

from frontdesk.widgets.line import BOLD, PLAIN, Line


class KeyLine(Line):
    """Says one thing at a time: the answer to a key, news of other desks, a remark, or the keys.

    What comes first here never gives way to what comes after it; all but the keys stay until
    the next key. `keys` are those of the screen, `in_list` those of its list where they differ.
    """

    _answer = ""
    _trouble = ""
    _remark = ""
    _news: tuple[str, ...] = ()
    _in_list = False
    _is_covered = False

    def __init__(
        self,
        keys: str,
        in_list: str = "",
        *,
        style: Style = PLAIN,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self._keys, self._keys_in_list, self._keys_style = keys, in_list or keys, style

    def on_mount(self) -> None:
        self._show()

    def answer(self, message: str) -> None:
        """Answer the operator's key."""
        self._answer = message
        self._show()

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
        self._answer, self._trouble, self._news, self._remark = "", "", (), ""
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
        keys = self._keys_in_list if self._in_list else self._keys
        self.show("" if self._is_covered else said or keys, style=BOLD if said else self._keys_style)

    def _told(self) -> str:
        if len(self._news) < 2:
            return "".join(self._news)
        return f"{len(self._news)} changes by other desks here. The last: {self._news[-1]}"
