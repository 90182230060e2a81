"""The line above the status line: the keys that matter most, or an answer."""

from frontdesk.widgets.line import BOLD, PLAIN, Line

IN_FIND = "Enter menu  Up Down PgDn move  Tab to the list  Esc clear  F1 help  Ctrl+P all"
IN_LIST = "LIST c cancel  d details  1 2 3 0 status  t n w a day  Esc find  F1 help"


class KeyLine(Line):
    """Says one thing at a time: the answer to her key, news of other desks, a remark, or the keys.

    What comes first here never gives way to what comes after it; all but the keys stay until
    the next key.
    """

    _answer = ""
    _trouble = ""
    _remark = ""
    _news: tuple[str, ...] = ()
    _in_list = False
    _is_covered = False

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
        keys = IN_LIST if self._in_list else IN_FIND
        self.show("" if self._is_covered else said or keys, style=BOLD if said else PLAIN)

    def _told(self) -> str:
        if len(self._news) < 2:
            return "".join(self._news)
        return f"{len(self._news)} changes by other desks here. The last: {self._news[-1]}"
