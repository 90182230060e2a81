"""`audit`: is the record of who did what still what it was?"""

import errno
import os
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import click

from frontdesk import audit_heads
from frontdesk.audit import Flaws, Head, first_lost_head
from frontdesk.audit_heads import NoHead, NoKey
from frontdesk.bookings import Reason
from frontdesk.cli.credentials import name_argument
from frontdesk.cli.data import quiet_option
from frontdesk.cli.printing import progress_bar, say
from frontdesk.cli.wiring import Installation
from frontdesk.errors import Refused
from frontdesk.os_keyring import Shut

WHOLE = "The audit chain is whole, and what commands wrote is as it says"


@click.group()
def audit() -> None:
    """Check the record of who did what, and keep what proves it.

    Every cancellation, import and change of a token is recorded with its operator and time.
    Each record has a digest that covers the one before it.

    \b
    Examples:
      frontdesk audit verify               was a record changed or removed?
      frontdesk audit export heads.jsonl   where it ends now, to keep elsewhere
      frontdesk audit verify --against heads.jsonl
    """


@audit.command()
@click.option(
    "--against",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with what audit export has written to FILE.",
)
@click.option("--public-key", metavar="KEY", help="Take only lines that this key has signed.")
@quiet_option
@click.pass_obj
def verify(installation: Installation, file: Path | None, public_key: str | None, quiet: bool) -> None:
    """Check that the record was not changed, and that the bookings fit it.

    It finds events that were changed or taken out, commands and what followed them that were
    changed, taken out or put in, and what a command wrote and somebody changed past frontdesk.
    Without FILE it does not find a change by somebody who also calculated the digests anew. With
    FILE, kept where that person cannot write, it finds every change of an event before the
    last line of FILE.

    \b
    Examples:
      frontdesk audit verify
      frontdesk audit verify --against heads.jsonl
      frontdesk audit verify --against heads.jsonl --public-key 3b6a27bc...
    """
    if public_key is not None and file is None:
        raise click.UsageError("--public-key needs --against FILE")
    heads = [] if file is None else _kept(file, public_key)
    with installation.opened_database(bring_practices=False) as (store, run):
        with progress_bar("Verifying the audit", 1, quiet=quiet) as show:
            flaws = run(store.registry.verify(lambda done: show(done, "")))
        digests = run(store.registry.digests([head.number for head in heads]))
        end = run(store.registry.head()).number
    if flaws is not None:
        raise Refused(Reason("broken-audit", _told(flaws)))
    if lost := first_lost_head(heads, digests):
        raise Refused(Reason("lost-head", _why_lost(lost, end)))
    if file is None:
        say(f"{WHOLE}.")
        return
    last = max(heads, key=lambda head: head.number)
    say(
        f"{WHOLE}. Up to event {last.number:,} the record is what it was on {_when(last)}:"
        f" {len(heads):,} {'line' if len(heads) == 1 else 'lines'} in {file}{', all signed by this key' if public_key else ''}."
    )


@audit.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--sign", "name", metavar="NAME", help="Sign it with the key that audit key NAME has made.")
@click.pass_obj
def export(installation: Installation, file: Path | None, name: str | None) -> None:
    """Write where the record ends now, to keep it elsewhere.

    It writes one line, the number and the digest of the last event, to the end of FILE, or
    prints it without FILE. No patient is named in it. Keep it where nobody who can write to
    the store can write: then audit verify --against finds every later change of an event up
    to that one. Export once a day.

    \b
    Examples:
      frontdesk audit export /mnt/elsewhere/heads.jsonl
      frontdesk audit export --sign audit | ssh keeper 'cat >> heads.jsonl'
    """
    private = None if name is None else installation.credentials(name)
    with installation.opened_database(bring_practices=False) as (store, run):
        head = run(store.registry.head())
    try:
        line = audit_heads.line(head, private)
    except NoKey as wrong:
        raise Refused(Reason("no-key", f"the credential {name} cannot sign: {wrong}")) from None
    if file is None:
        say(line)
        return
    try:
        _append(file, line)
    except OSError as error:
        raise Refused(
            Reason("unwritable", f"{file} cannot be written: {error.strerror}; nothing was added to it")
        ) from None
    say(f"Event {head.number:,} is the last one in {file} now.")


@audit.command()
@name_argument
@click.option("--file", "in_file", is_flag=True, help="Put it beside the config, not into the keyring.")
@click.pass_obj
def key(installation: Installation, name: str, in_file: bool) -> None:
    """Make a key that signs what export writes.

    The private half becomes the credential NAME, and the public half is printed. If there is
    such a key already, it is kept, and its public half is printed again. Whoever can read the
    credential can sign. Only lines that are kept elsewhere help against root of this machine.

    \b
    Examples:
      frontdesk audit key audit > audit.pub
      frontdesk audit export --sign audit heads.jsonl
    """
    known = installation.credentials
    private = next((secret for _, secret in known.found(name)), None)
    if private is None:
        private = audit_heads.new_key()
        try:
            kept = known.keep(name, private, in_file=in_file)
        except Shut as why:
            advice = "unlock it, or put the key beside the config with --file"
            raise Refused(Reason("keyring", f"the keyring {why}: {advice}")) from None
        say(f"The private key {name} is in {kept.where} now; this is the public one:", err=True)
    try:
        say(audit_heads.public_key(private))
    except NoKey as wrong:
        raise Refused(
            Reason("no-key", f"there is a credential {name} already, and {wrong}: choose another name")
        ) from None


def _kept(file: Path, public_key: str | None) -> Sequence[Head]:
    """Read the heads of a file. Raises Refused, UsageError for a public key that is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        heads = audit_heads.read(lines, public_key)
    except OSError as error:
        raise Refused(Reason("unreadable", f"{file} cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise Refused(Reason("unreadable", f"{file} is no file that audit export wrote")) from None
    except NoHead as wrong:
        raise Refused(Reason("no-head", f"{file}: {wrong}")) from None
    except NoKey as wrong:
        raise click.UsageError(f"--public-key: {wrong}") from None
    if not heads:
        raise Refused(Reason("no-head", f"{file} has no line to compare with: audit export writes one"))
    if public_key is None and audit_heads.are_signed(lines):
        say("The lines are signed; to check their signatures give --public-key.", err=True)
    return heads


def _told(flaws: Flaws) -> str:
    """Return the first thing that does not fit, and print all of them when there are more."""
    first, *others = flaws.found
    if not others:
        return first.said
    for one in flaws.found:
        say(one.said)
    unsaid = flaws.number - len(flaws.found)
    listed = f"the first {len(flaws.found)} are" if unsaid else "they are"
    return f"{first.said}; in all {flaws.number:,} things do not fit, {listed} listed above"


def _why_lost(head: Head, end: int) -> str:
    if head.number > end:
        return (
            f"the audit ends with event {end:,}, and on {_when(head)} it had {head.number:,}:"
            " its end was cut off, or an older backup is in its place"
        )
    return f"on {_when(head)} the audit had another event {head.number:,}: it, or one before it, was changed since"


def _when(head: Head) -> str:
    return f"{head.at.astimezone(UTC):%d %b %Y at %H:%M} UTC"


def _append(file: Path, line: str) -> None:
    """Add a line to a file, all of it or nothing. Raises OSError."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as opened:
        end = opened.seek(0, os.SEEK_END)
        is_whole = end == 0 or os.pread(handle, 1, end - 1) == b"\n"
        added = ("" if is_whole else "\n").encode() + line.encode() + b"\n"
        if opened.write(added) != len(added):
            opened.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
