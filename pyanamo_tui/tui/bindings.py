"""Every key binding of the dashboard, found in the classes themselves: for remapping keys and for the list of keys."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

import pyanamo_tui.tui


@dataclass(frozen=True, slots=True)
class Scope:
    """One class that has the keys while it is on the screen or has the focus, and its bindings with those it inherits.

    Attributes:
        name: what it is called in the list of keys.
        node: the class.
        bindings: each with an id; a binding with several keys is one.
    """

    name: str
    node: type[DOMNode]
    bindings: tuple[Binding, ...]

    @property
    def is_app(self) -> bool:
        """Whether its keys work everywhere."""
        return issubclass(self.node, App)

    @property
    def is_modal(self) -> bool:
        """Whether nothing below it has keys while it is there."""
        return issubclass(self.node, ModalScreen)

    @property
    def is_screen(self) -> bool:
        """Whether it fills the terminal."""
        return issubclass(self.node, Screen) and not self.is_modal


def _own(node: type[DOMNode]) -> list[Binding]:
    found = [entry if isinstance(entry, Binding) else Binding(*entry) for entry in node.__dict__.get("BINDINGS", ())]
    return [binding for binding in found if binding.id is not None]


def _ours(node: type[object]) -> bool:
    return node.__module__.startswith("pyanamo_tui.")


def _classes() -> Iterator[type[DOMNode]]:
    seen = set()
    for module in pkgutil.walk_packages(pyanamo_tui.tui.__path__, "pyanamo_tui.tui."):
        for _, node in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(node, DOMNode) and node.__module__ == module.name and node not in seen:
                seen.add(node)
                yield node


def scopes() -> tuple[Scope, ...]:
    """Every class of ours with bindings. Imports all of the dashboard: not meant for the way to the first frame."""
    found = []
    for node in _classes():
        bindings: dict[str, Binding] = {}
        for base in reversed(node.__mro__):
            if _ours(base) and issubclass(base, DOMNode):
                for binding in _own(base):
                    bindings[f"{binding.id} {binding.key}"] = binding
        if bindings:
            found.append(Scope(node.__name__, node, tuple(bindings.values())))
    return tuple(found)
