"""Explains a mistake in a command line in a sentence that says what to type instead."""

import re

import click

from frontdesk.complaints import nearest

_RANGE = re.compile(r"(.*) is not in the range (.*)<=x<=(.*)\.")
_CHOICE = re.compile(r"'(.*)' is not one of (.*)\.")
_NUMBER = re.compile(r"'(.*)' is not a valid integer( range)?\.")
_QUOTED = re.compile(r"'(.*?)'")


def explain(error: click.ClickException) -> str:
    """Return the complaint about a command line, with the command whose help has the rest."""
    sentence = _said(error).strip().rstrip(".")
    if isinstance(error, click.UsageError) and error.ctx is not None:
        stop = "" if sentence.endswith("?") else "."
        return f"{sentence}{stop} See: {error.ctx.command_path} --help"
    return sentence


def _said(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoSuchCommand) and context is not None:
        known = context.command.list_commands(context) if isinstance(context.command, click.Group) else ()
        return f"there is no command {error.command_name}, {nearest(error.command_name, known)}"
    if isinstance(error, click.NoSuchOption) and context is not None:
        options = [name for one in context.command.get_params(context) for name in one.opts if name[0] == "-"]
        return f"there is no option {error.option_name}, {nearest(error.option_name, options)}"
    if isinstance(error, click.MissingParameter) and error.param is not None and context is not None:
        return f"{_name(error.param)} is missing: {_how(error.param, context)}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        return f"{_name(error.param)}: {_plain(error.message)}"
    return error.format_message()


def _name(parameter: click.Parameter) -> str:
    """Return what a parameter is called in the help: `--note`, `REF`."""
    if isinstance(parameter, click.Option):
        return parameter.opts[-1]
    return (parameter.metavar or parameter.name or "").upper()


def _how(parameter: click.Parameter, context: click.Context) -> str:
    """Return how what is missing is typed."""
    if isinstance(parameter, click.Option):
        return f"{parameter.opts[-1]} {parameter.make_metavar(context)}. {parameter.help}"
    return " ".join((context.command_path, *context.command.collect_usage_pieces(context)))


def _plain(message: str) -> str:
    if found := _RANGE.fullmatch(message):
        return f"{found[1]} is not from {int(found[2]):,} to {int(found[3]):,}"
    if found := _CHOICE.fullmatch(message):
        return f"there is no {found[1]}, {nearest(found[1], _QUOTED.findall(found[2]))}"
    if found := _NUMBER.fullmatch(message):
        return f"{found[1]} is not a whole number"
    return message
