"""`.. commands::`, the reference of the command line: what `paycombat … --help` says, from the commands themselves."""

from collections.abc import Iterator

import click
from sphinx.application import Sphinx

from docs._ext.names import Generated
from paycombat_async.cli.app import paycombat

_MOST = 10  # commands of a group that get sections of their own; the help of a larger group lists its commands


class Commands(Generated):
    """One section for each command, in alphabetical order."""

    required_arguments = 0
    has_content = False

    def lines(self) -> list[str]:
        return [
            line for context in contexts(click.Context(paycombat, info_name="paycombat")) for line in _section(context)
        ]


def contexts(context: click.Context) -> Iterator[click.Context]:
    """Yields a context for the command and for each command below it."""
    command = context.command
    yield context
    if isinstance(command, click.Group) and len(command.commands) <= _MOST:
        for name in sorted(command.commands):
            yield from contexts(click.Context(command.commands[name], context, name, max_content_width=88))


def _section(context: click.Context) -> list[str]:
    title = context.command_path
    help_text = [f"   {line}" for line in context.command.get_help(context).splitlines()]
    return [title, "-" * len(title), "", ".. code-block:: text", "", *help_text, ""]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
