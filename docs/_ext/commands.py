"""`.. commands::`, the reference of the command line: what `paycombat … --help` says, from the commands themselves."""

from collections.abc import Iterator

import click
from sphinx.application import Sphinx

from docs._ext.names import Generated
from paycombat_async.cli.app import paycombat


class Commands(Generated):
    """One section for each command, in alphabetical order."""

    required_arguments = 0
    has_content = False

    def lines(self) -> list[str]:
        return [
            line for context in leaves(click.Context(paycombat, info_name="paycombat")) for line in _section(context)
        ]


def leaves(context: click.Context) -> Iterator[click.Context]:
    """Yields a context for each command that does something, and none for groups of commands."""
    command = context.command
    if not isinstance(command, click.Group):
        yield context
        return
    for name in sorted(command.commands):
        yield from leaves(click.Context(command.commands[name], context, name, max_content_width=88))


def _section(context: click.Context) -> list[str]:
    title = context.command_path
    help_text = [f"   {line}" for line in context.command.get_help(context).splitlines()]
    return [title, "-" * len(title), "", ".. code-block:: text", "", *help_text, ""]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
