"""How messages leave and in whose name, as the config's `[notify]` says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Letterhead:
    """In whose name a practice writes: `sender` and `reply_to` are addresses, with or without a name.

    `templates` has a folder for each kind of command; their files replace the shipped ones, each by its name.
    """

    sender: str = ""
    reply_to: str = ""
    templates: Path | None = None


@dataclass(frozen=True, slots=True)
class MailSettings:
    """`url` is smtp+starttls://, smtps://, smtp:// (loopback only) or maildir:///PATH.

    A user name may stand in the URL; the password is the secret that `credential` names.
    """

    url: str
    credential: str = ""
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """A gateway for SMS, or the biller's: `profile` is a file that describes it, `credential` names its secret."""

    profile: Path
    credential: str = ""


@dataclass(frozen=True)
class NotifySettings:
    """Who is told how. `practices` maps practice ids to their own letterheads."""

    letterhead: Letterhead
    practices: Mapping[str, Letterhead] = field(default_factory=dict)
    mail: MailSettings | None = None
    sms: GatewaySettings | None = None

    def letterhead_of(self, practice_id: str) -> Letterhead:
        """Return in whose name a practice writes: what it leaves out is as for all."""
        own = self.practices.get(practice_id, Letterhead())
        return Letterhead(
            own.sender or self.letterhead.sender,
            own.reply_to or self.letterhead.reply_to,
            own.templates or self.letterhead.templates,
        )
