"""URLs in the config: where the store, a PMS and the mail server are.

Every function raises ValueError with the rest of a sentence about the file. An address is
never repeated in it: it could hold a password.
"""

from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from frontdesk.addresses import LOOPBACK
from frontdesk.complaints import SECRET_ADVICE

_MAIL_SCHEMES = frozenset({"smtp+starttls", "smtps", "smtp", "maildir"})
_STORE_SCHEMES = ("sqlite", "postgresql+psycopg", "https")


def store_url(url: str, folder: Path) -> str:
    """Return the store's URL; a relative SQLite file lies in `folder`, `~` is the user's home."""
    parts = _split(url, "[store] url")
    if parts.scheme in {"http", "https"}:
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ValueError("[store] url must be an https:// address, without user and query")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("[store] url would send without encryption: use https://")
        return url.rstrip("/")
    if parts.scheme in {"postgres", "postgresql"}:
        return url.replace(parts.scheme, _STORE_SCHEMES[1], 1)
    if parts.scheme not in _STORE_SCHEMES:
        raise ValueError("[store] url must begin with sqlite:///, postgresql+psycopg:// or https://")
    if parts.scheme != "sqlite":
        return url
    path = parts.path.removeprefix("/")
    if parts.netloc or not path or path == ":memory:" or parts.query or parts.fragment:
        raise ValueError("[store] url must name a file: sqlite:///FILE, or sqlite:////ABSOLUTE/FILE")
    return f"sqlite:///{folder / Path(path).expanduser()}"


def check_web_address(url: str, where: str, *, allow_http: bool = False) -> None:
    """Refuse what is not an https address; plain http only where the config allows it."""
    parts = _split(url, where)
    if parts.hostname and parts.scheme == "http" and not allow_http:
        raise ValueError(f"{where} would send without encryption: use https://, or set allow_http = true")
    if not parts.hostname or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise ValueError(f"{where} must be an https:// address, such as https://pms.example")


def check_mail_url(url: str, where: str) -> None:
    """Refuse what no mail can leave by; smtp without encryption only to this machine."""
    parts = _split(url, where)
    if parts.scheme not in _MAIL_SCHEMES:
        raise ValueError(f"{where} must begin with smtp+starttls://, smtps:// or maildir:///")
    if parts.scheme == "smtp" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{where}: smtp:// would send without encryption, use smtp+starttls:// or smtps://")
    if parts.scheme == "maildir" and (parts.netloc or not parts.path.strip("/")):
        raise ValueError(f"{where} must name a folder: maildir:///PATH")
    if parts.scheme != "maildir" and not parts.hostname:
        raise ValueError(f"{where} must name a host, such as smtp+starttls://mail.example:587")


def mail_url(url: str, folder: Path) -> str:
    """Return how mail leaves; a relative maildir lies in `folder`, `~` is the user's home."""
    parts = urlsplit(url)
    return f"maildir://{folder / Path(parts.path).expanduser()}" if parts.scheme == "maildir" else url


def _split(url: str, where: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        secret = parts.password or any("pass" in key.casefold() for key, _ in parse_qsl(parts.query))
        _ = parts.port
    except ValueError:
        raise ValueError(f"{where} is not an address that can be read") from None
    if secret:
        raise ValueError(f"{where} holds a password: secrets never go into a config; {SECRET_ADVICE}")
    return parts
