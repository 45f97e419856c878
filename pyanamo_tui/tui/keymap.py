"""Other keys than the built-in ones: what the settings ask for, checked, so that no key ever does two things."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from textual.binding import Binding
from textual.keys import _character_to_key

from pyanamo_tui.settings import Settings, SettingsProblem
from pyanamo_tui.tui.bindings import Scope, scopes

RESERVED: Final = {
    **dict.fromkeys(("ctrl+a", "ctrl+b"), "tmux and screen take it"),
    **dict.fromkeys(("ctrl+s", "ctrl+z", "ctrl+backslash", "ctrl+space"), "terminals take it"),
    **dict.fromkeys(("ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"), "terminals send it for backspace, tab or enter"),
    **dict.fromkeys(("ctrl+c", "ctrl+q"), "it quits"),
}
_Uses = dict[tuple[str, str], set[str]]
"""(scope, key) to the ids of what it does there."""


def keys_of(text: str) -> tuple[str, ...]:
    """Keys by Textual's names, of what a person writes: `f1`, `?`, `ctrl+n`, several set apart by commas.

    Raises:
        ValueError: there is no key in it.
    """
    if text == ",":
        return ("comma",)
    keys = tuple(_name(part.strip()) for part in text.split(",") if part.strip())
    if not keys:
        raise ValueError("it names no key")
    return keys


def _name(key: str) -> str:
    before, plus, last = key.rpartition("+")
    if len(last) == 1:
        last = _character_to_key(last)
    return f"{before}+{last}" if plus and before else last if last else _character_to_key(key)


def _uses(found: Iterable[Scope], keymap: Mapping[str, str]) -> _Uses:
    uses: _Uses = defaultdict(set)
    everywhere: list[Binding] = []
    listed = list(found)
    for scope in listed:
        if scope.is_app:
            everywhere.extend(scope.bindings)
    for scope in listed:
        reached = scope.bindings if scope.is_modal or scope.is_app else (*scope.bindings, *everywhere)
        for binding in reached:
            for key in keys_of(keymap.get(binding.id or "", binding.key)):
                uses[scope.name, key].add(binding.id or "")
    return uses


def checked(settings: Settings) -> tuple[dict[str, str], tuple[SettingsProblem, ...]]:
    """The keymap of the settings, by Textual's names, without what cannot be, and what is wrong with the rest.

    An unknown id, a reserved key, and a key that would do two things in one place are left out and told. Imports all
    of the dashboard where there is a keymap at all.
    """
    if not settings.keymap:
        return {}, ()
    found = scopes()
    known = {binding.id or "": binding for scope in found for binding in scope.bindings}
    taken: dict[str, str] = {}
    problems: list[SettingsProblem] = []
    before = _uses(found, {})

    def refuse(name: str, what: str) -> None:
        problems.append(SettingsProblem(settings.where(f"keymap.{name}"), what))

    for name, text in settings.keymap.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            refuse(name, f"{name} is no binding" + (f"; did you mean {near[0]}?" if near else "; see docs/keys.md"))
            continue
        try:
            keys = keys_of(text)
        except ValueError as error:
            refuse(name, f"{name} = {text!r}: {error}")
            continue
        reserved = next((key for key in keys if key in RESERVED), None)
        if reserved is not None:
            refuse(name, f"{name} = {text!r}: {reserved} cannot be bound: {RESERVED[reserved]}")
            continue
        taken[name] = ",".join(keys)
    for name in list(taken):
        clash = _clash(name, taken, found, before)
        if clash is not None:
            key, other = clash
            refuse(name, f"{name} = {taken[name]!r}: {key} is {other} already")
            del taken[name]
    return taken, tuple(problems)


def _clash(name: str, keymap: Mapping[str, str], found: Iterable[Scope], before: _Uses) -> tuple[str, str] | None:
    """The key, and the other binding, that a remapped one meets in a scope where it did not before; or None."""
    for place, ids in sorted(_uses(found, keymap).items()):
        if name in ids:
            met = sorted(other for other in ids - {name} if not {name, other} <= before.get(place, set()))
            if met:
                return place[1], met[0]
    return None
