"""`operators`: who signs in by PIN, where one account of the machine has several of them."""

import click

from frontdesk.cli.printing import ask_unseen, say
from frontdesk.cli.wiring import Installation


@click.group()
def operators() -> None:
    """Give operators who share a login a PIN each.

    They sign in to the screen with it. Without PINs the operator is the name in the config, or
    the login name. A PIN has 4 to 12 digits or letters. The command asks for it without showing
    it, or reads one line from stdin. Never put a PIN into a command line, where other users of
    the machine can see it.

    \b
    Examples:
      frontdesk operators set "Kim Nguyen"      asks for the PIN, twice
      frontdesk operators list
      frontdesk operators remove "Kim Nguyen"
    """


@operators.command("list")
@click.pass_obj
def list_operators(installation: Installation) -> None:
    """List the names of all operators, one a line."""
    names = installation.operators.names
    for name in names:
        say(name)
    if not names:
        say(f"No operator signs in with a PIN: the operator is {installation.config.operator}.", err=True)


@operators.command("set")
@click.argument("name")
@click.pass_obj
def set_pin(installation: Installation, name: str) -> None:
    """Give the operator NAME a PIN, or a new one."""
    kept = installation.operators.set(name, ask_unseen("PIN"))
    say(f"{kept} signs in with this PIN now.")


@operators.command()
@click.argument("name")
@click.pass_obj
def remove(installation: Installation, name: str) -> None:
    """Remove the operator NAME. What they have done stays under their name."""
    installation.operators.remove(name)
    say("Removed.")
