"""`completion`: the script that lets a shell complete words, and the answer when the tab key is pressed."""

from __future__ import annotations

import os
import re
import shlex
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete

from pyanamo_tui.cli.place import COMPLETION, Place, examples, with_local_folder

if TYPE_CHECKING:
    from collections.abc import Container

    from click.shell_completion import ShellComplete

PROGRAM: Final = "pyanamo-tui"
ANSWER_SECONDS: Final = 2.0
"""How long whoever pressed the key is kept waiting for AWS."""
_UNQUOTED: Final = re.compile(r"([^\w%+,./:=@^-])")
_BREAKS: Final = re.compile(r".*[:=@]", re.DOTALL)


class _Bash(BashComplete):
    """Bash hands over the line as it was typed: what it takes for words breaks ids at colons."""

    source_template = """\
%(complete_func)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            plain,*) COMPREPLY+=("${line#plain,}") ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def get_completion_args(self) -> tuple[list[str], str]:
        words, self._quoted = _words(os.environ.get("COMP_WORDS", ""))
        self._typed = words[-1]
        return words[1:-1], words[-1]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        value = str(item.value)
        if item.type == "plain" and not self._quoted:
            typed = self._typed.partition("=")[2] if self._typed.startswith("--") else self._typed
            before = _BREAKS.match(typed) if value.startswith(typed) else None
            value = _UNQUOTED.sub(r"\\\1", value[before.end() if before else 0 :])
        return f"{item.type},{value}"


class _Zsh(ZshComplete):
    """Zsh's own quoting and breaking of words is right as it is."""


class _Fish(FishComplete):
    """Fish cuts an answer at its first comma only, so that ids may hold more."""

    source_template = FishComplete.source_template.replace("string split ", "string split -m1 ")


_SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def _words(line: str) -> tuple[list[str], bool]:
    """The words of a line up to the cursor, the last the one that is being typed, and whether a quote is open in it."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    found: list[str] = []
    try:
        for word in lexer:
            found.append(word)
    except ValueError:
        # The line ends within quotes, or after a backslash.
        return [*found, lexer.token or ""], getattr(lexer, "state", None) in {"'", '"'}
    if not line or (line[-1].isspace() and not line.endswith("\\" + line[-1])):
        found.append("")
    return found, False


@click.command(
    name="completion",
    short_help="Print what makes a shell complete with the tab key.",
    epilog=examples(
        "bash:  echo 'eval \"$(pyanamo-tui completion bash)\"' >> ~/.bashrc",
        "zsh:   echo 'eval \"$(pyanamo-tui completion zsh)\"' >> ~/.zshrc",
        "fish:  pyanamo-tui completion fish > ~/.config/fish/completions/pyanamo-tui.fish",
    ),
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> int:
    """Print what makes a shell complete with the tab key: commands, options, files, and what the place holds.

    Tables, item ids, nested tasks, workers of this host and actions for `undo` are looked up where the words before
    say, or the settings. Looking up ids costs a few read units. Where AWS does not answer within two seconds nothing is
    offered. Bash has to be 4.4 or newer; zsh has to have run compinit.
    """
    click.echo(_SHELLS[shell](context.find_root().command, {}, PROGRAM, COMPLETION).source())
    return 0


def answer(root: click.Command, commands: Container[str]) -> NoReturn:
    """Answer a shell that asks for words, and end the process; never with an error, and after two seconds at the most.

    Args:
        root: the command line.
        commands: names that no folder after `--local` has.
    """
    told: list[str] = []
    shown = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)

    def find() -> None:
        kind = _SHELLS.get(os.environ[COMPLETION].removesuffix("_complete"))
        if kind is None:
            return
        asking = kind(root, {"obj": Place()}, PROGRAM, COMPLETION)
        arguments, typed = asking.get_completion_args()
        if arguments and arguments[-1] == "--local" and typed[:1] in {".", "/", "~"}:
            told.append(asking.format_completion(CompletionItem(typed, type="dir")))
            return
        found = asking.get_completions(with_local_folder(arguments, commands), typed)
        told.extend(map(asking.format_completion, found))

    def quietly() -> None:
        try:
            find()
        except BaseException:  # whatever it is, a line that is being typed is no place to tell it
            sys.exit(0)

    asked = threading.Thread(target=quietly, daemon=True)
    asked.start()
    asked.join(ANSWER_SECONDS)
    if not asked.is_alive() and told:
        os.write(shown, ("\n".join(told) + "\n").encode(errors="backslashreplace"))
    os._exit(0)
