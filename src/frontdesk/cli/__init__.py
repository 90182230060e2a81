"""The command line: its commands, and one policy for everything that goes wrong.

Importing this must stay cheap: a command's module is imported when it is asked for, so
that `--version` and a usage error load neither a database nor a screen.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from frontdesk.cli import crash
from frontdesk.cli.printing import harmless_lines, say
from frontdesk.errors import FrontdeskError
from frontdesk.text import clean_line

COMMANDS = {
    "demo": "demo:demo",
    "list": "bookings:list_",
    "show": "bookings:show",
    "cancel": "cancel:cancel",
    "attendance": "attendance:attendance",
    "adjust": "adjust:adjust",
    "history": "bookings:history",
    "attention": "attention:attention",
    "deliver": "deliver:deliver",
    "sync": "sync:sync",
    "billing": "billing:billing",
    "import": "data:import_command",
    "export": "data:export_command",
    "seed": "seeding:seed_command",
    "store": "store:store",
    "practices": "admin:practices",
    "backup": "admin:backup",
    "audit": "audit:audit",
    "serve": "serve:serve",
    "tokens": "tokens:tokens",
    "credentials": "credentials:credentials",
    "operators": "operators:operators",
    "doctor": "doctor:doctor",
}
"""Each command's module and function."""

HEADINGS = {
    "demo": "To look around",
    "list": "Bookings",
    "attention": "What follows",
    "billing": "What new patients cost",
    "import": "Bookings in and out",
    "practices": "To look after frontdesk",
}
"""What stands above a command, and those after it, in the help."""

HELP = """The bookings desk of a dental practice: find a booking, cancel it, know it is done.

Without a command it opens the screen with the bookings of the store that the config names.

\b
Examples:
  frontdesk demo                          look around on made-up practices
  frontdesk import bookings.csv           import bookings
  frontdesk                               the screen
  frontdesk list --day today              today's bookings, one a line
  frontdesk list --search kovac --json    the same for a program
  frontdesk cancel ADL/SD-10482           asks before it cancels
  frontdesk attention                     what needs a person
  frontdesk deliver                       carry out what follows, all day
  frontdesk sync --once                   read the diaries of PMSs now
  frontdesk doctor                        is everything as it should be?
"""

EPILOG = """\b
The config is the file named by --config or FRONTDESK_CONFIG, else
{config}
Without a config, the bookings are in
{store}

\b
Exit codes: 0 done, 1 refused or failed, 2 usage or config,
            3 store not available, 4 somebody else was first.
"""

INTERRUPTED = 130

DEMONSTRATION = "frontdesk.demo"
"""The package of the demonstration, which an installation may leave out."""


class HarmlessHelp(click.Context):
    """One run of a command; its help names paths of this machine, which may be called anything."""

    def get_help(self) -> str:
        """Return the command's help, each line harmless."""
        return harmless_lines(super().get_help())


class FrontDoor(click.Group):
    """The `frontdesk` command. Whatever happens inside ends in one sentence and an exit code."""

    context_class = HarmlessHelp

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order they are explained."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(import_module(f"frontdesk.cli.{module}"), name)
        except ModuleNotFoundError as error:
            if error.name != DEMONSTRATION:
                raise
            return _not_installed(cmd_name)
        _accept_config(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with a line each, those that belong together under one heading."""
        column = max(map(len, COMMANDS))
        heading = ""
        families: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            heading = HEADINGS.get(name, heading)
            command = self.get_command(ctx, name)
            if command is not None:
                line = command.get_short_help_str(formatter.width - column - 6)
                families.setdefault(heading, []).append((name.ljust(column), line))
        for heading, lines in families.items():
            with formatter.section(heading):
                formatter.write_dl(lines)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Say where config and store are on this machine."""
        from frontdesk import config

        places = {"config": config.default_file(), "store": config.default_store_file()}
        self.epilog = EPILOG.format(**{what: clean_line(str(place)) for what, place in places.items()})
        super().format_epilog(ctx, formatter)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run the command line and exit: 0, or the code of what went wrong."""
        try:
            # Not standing alone, click returns the code of an Exit, else what the command did.
            left = super().main(args, prog_name or "frontdesk", complete_var, standalone_mode=False, **extra)
            code = left if isinstance(left, int) else 0
        except click.exceptions.NoArgsIsHelpError as error:
            code = error.exit_code
            for line in error.format_message().split("\n"):
                say(line, err=True)
        except click.ClickException as error:
            from frontdesk.cli.usage import explain

            code = error.exit_code
            say(explain(error), err=True)
        except FrontdeskError as error:
            code = error.exit_code
            say(f"{error.title}: {error.hint}", err=True)
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except Exception as error:
            code = 1
            say(crash.apology(crash.report(error)), err=True)
        sys.exit(code)


def _not_installed(name: str) -> click.Command:
    """Return what answers for a command of the demonstration where that was left out."""

    def refuse() -> NoReturn:
        from frontdesk.bookings import Reason
        from frontdesk.errors import Refused

        sentence = f"frontdesk {name} needs the demonstration, which this installation was made without"
        raise Refused(Reason("no-demonstration", f"{sentence}: install frontdesk with it"))

    return click.Command(
        name,
        callback=refuse,
        short_help="Not in this installation: it was made without the demonstration.",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


def _config_option(**more: Any) -> click.Option:
    return click.Option(
        ["--config", "config_file"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The config to use.",
        **more,
    )


def _accept_config(command: click.Command) -> None:
    """Let `--config` stand after the command as well as before it, and its help be harmless."""
    command.context_class = HarmlessHelp
    if not any(parameter.name == "config_file" for parameter in command.params):
        command.params.append(_config_option(expose_value=False, callback=_choose_config))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _accept_config(inner)


def _choose_config(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.obj.config_file = value


def _print_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version

        say(f"frontdesk {version('frontdesk')}")
        ctx.exit()


def _open_screen(ctx: click.Context, config_file: Path | None) -> None:
    from frontdesk.cli.wiring import Installation

    ctx.obj = Installation(config_file)
    if ctx.invoked_subcommand is None:
        from frontdesk.cli.run import open_screen

        open_screen(ctx.obj)


frontdesk = FrontDoor(
    name="frontdesk",
    help=HELP,
    callback=click.pass_context(_open_screen),
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=[
        _config_option(),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Show the version and leave.",
        ),
    ],
)
"""The command line's root."""


def main() -> None:
    """Run `frontdesk`. Whatever it writes is for this user's eyes only, from the first file on."""
    os.umask(0o077)
    _forbid_core_dumps()
    crash.catch_strays()
    frontdesk.main()


def _forbid_core_dumps() -> None:
    """A core file would hold every patient the program has seen."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
