"""`completion`: the script that lets a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from pyanamo_tui.cli.place import examples
from pyanamo_tui.errors import UsageError

_PROGRAM = "pyanamo-tui"
_VARIABLE = "_PYANAMO_TUI_COMPLETE"


@click.command(
    name="completion",
    short_help="Print what makes a shell complete with the tab key.",
    epilog=examples(
        "bash:  echo 'eval \"$(pyanamo-tui completion bash)\"' >> ~/.bashrc",
        "zsh:   echo 'eval \"$(pyanamo-tui completion zsh)\"' >> ~/.zshrc",
        "fish:  pyanamo-tui completion fish > ~/.config/fish/completions/pyanamo-tui.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> int:
    """Print what makes a shell complete commands and options with the tab key."""
    known = get_completion_class(shell)
    if known is None:
        raise UsageError(f"There is no completion for {shell}", "bash, zsh and fish have it.")
    click.echo(known(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
    return 0
