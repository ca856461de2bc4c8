"""`paycombat completion`: prints the script that lets a shell complete the command's words."""

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_PAYCOMBAT_COMPLETE"  # click reads this variable; its name follows from the name of the command


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell, for commands, options, calls and events.

    \b
    Examples:
      eval "$(paycombat completion bash)"                                  # in ~/.bashrc
      eval "$(paycombat completion zsh)"                                   # in ~/.zshrc, after compinit
      paycombat completion fish > ~/.config/fish/completions/paycombat.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(kind(context.find_root().command, {}, "paycombat", _VARIABLE).source())
