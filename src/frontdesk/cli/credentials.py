"""`credentials`: puts secrets where they are looked for, and says where they lie. Never what they are."""

import re
from functools import partial

import click

from frontdesk.bookings import Reason
from frontdesk.cli.lines import aligned
from frontdesk.cli.printing import ask_unseen, say
from frontdesk.cli.wiring import Installation
from frontdesk.credentials import NAME, Credentials, MissingCredential, Place
from frontdesk.errors import Refused
from frontdesk.os_keyring import Shut


def _name(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(NAME, value):
        raise click.BadParameter("a credential's name has small letters, digits and - only")
    return value


name_argument = click.argument("name", callback=_name)


@click.group()
def credentials() -> None:
    """Keep the secrets that the config names.

    They are passwords, keys of PMSs and desk tokens. The config holds their names only. A secret
    called NAME is looked for in this order, and the first place that has one counts:

    \b
      1. the keyring of your login, where there is a real one and it is unlocked
      2. the file NAME in $CREDENTIALS_DIRECTORY, where systemd puts credentials
      3. credentials/NAME beside the config, mode 0600
      4. the variable FRONTDESK_CREDENTIAL_NAME, - written as _

    The command asks for a secret without showing it, or reads one line from stdin. Never put
    a secret into a command line, where other users of the machine can see it.

    \b
    Examples:
      frontdesk credentials list               what is needed, what is missing
      frontdesk credentials set smtp           asks for it, twice
      frontdesk credentials set smtp < secret.txt
      frontdesk credentials set smtp --file    into a file, not the keyring
      frontdesk credentials delete smtp
    """


@credentials.command("set")
@name_argument
@click.option("--file", "in_file", is_flag=True, help="Put it beside the config, not into the keyring.")
@click.pass_obj
def set_(installation: Installation, name: str, in_file: bool) -> None:
    """Keep the secret NAME in the keyring, or else in a file.

    The file is beside the config, and is used where there is no keyring. Then the command looks
    for the secret as the program does, and says where it found it, and whether a secret in an
    earlier place is used instead. In that case it ends with 1.
    """
    known = installation.credentials
    secret = ask_unseen("Secret")
    try:
        kept = known.keep(name, secret, in_file=in_file)
    except Shut as why:
        advice = "unlock it, or put the secret beside the config with --file"
        raise Refused(Reason("keyring", f"the keyring {why}: {advice}")) from None
    there = list(known.found(name))
    if not there or there[0][1] != secret:
        raise Refused(Reason("hidden", f"{name} is in {kept.where} now, but {_what_hides(there)}"))
    say(f"{name} is in {there[0][0].where} now.")
    for place, _ in there[1:]:
        say(f"It is still in {place.where} too, but frontdesk does not use that one any more.", err=True)


def _what_hides(there: list[tuple[Place, str]]) -> str:
    return f"the one in {there[0][0].where} is used instead" if there else "frontdesk does not find it there"


@credentials.command("list")
@click.pass_obj
def list_(installation: Installation) -> None:
    """List the secrets that are needed, and where each is.

    Secrets that are there and not in the config are listed after them. No secret is printed.
    """
    needed = names_needed(installation)
    others = {name for name in installation.credentials.names() if re.fullmatch(NAME, name)} - needed.keys()
    lies = partial(where_it_lies, installation.credentials)
    rows = [(name, f"for {', '.join(users)}", lies(name)) for name, users in needed.items()]
    rows += [(name, "not in the config", lies(name)) for name in sorted(others)]
    for line in aligned(rows):
        say(line)
    if not rows:
        say("The config needs no credential, and there is none.", err=True)
    if trouble := installation.credentials.keyring_trouble():
        say(f"The keyring was not read: {trouble}.", err=True)


def names_needed(installation: Installation) -> dict[str, list[str]]:
    """Return the names of the secrets that this machine needs, each with what needs it."""
    needed: dict[str, list[str]] = {}
    if installation.config.store_credential:
        needed[installation.config.store_credential] = ["the store"]
    if installation.config.is_served:
        return needed  # the server has those of the PMSs and of mail
    for connection, names in installation.outside.secrets_needed.items():
        for name in names:
            needed.setdefault(name, []).append(connection)
    for connection, name in installation.outside.wake_secrets.items():
        needed.setdefault(name, []).append(f"the wake of {connection}")
    return needed


def where_it_lies(known: Credentials, name: str) -> str:
    """Return the place that counts for a secret, or what is wrong with it."""
    try:
        return next((place.where for place, _ in known.found(name)), "missing")
    except MissingCredential as error:
        return error.hint


@credentials.command()
@name_argument
@click.pass_obj
def delete(installation: Installation, name: str) -> None:
    """Delete the secret NAME.

    It is deleted from the keyring and from the file beside the config.
    """
    known = installation.credentials
    gone, left = [], []
    for place in known.places(name):
        try:
            if place.delete():
                gone.append(place.where)
            elif not place.is_ours and place.read() is not None:
                left.append(place.where)
        except Shut as why:
            say(f"The keyring {why}: if {name} is there, it was not deleted.", err=True)
    for where in gone:
        say(f"{name} was deleted from {where}.")
    for where in left:
        say(f"{name} is still in {where}, which frontdesk does not change.", err=True)
    if not gone:
        raise Refused(Reason("no-credential", f"there is no credential {name} to delete"))
