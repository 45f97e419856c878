"""How lists were last looked at, kept between sessions: columns, order and filter of each list, saved filters, history.

One small file in the state directory, written whole. What is kept is a comfort: a file that is damaged, foreign or of
another version is set aside and said, never an error. Two dashboards may run: each writes its change into what the file
then holds.
"""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from pyanamo_tui.core.wholefile import whole_file
from pyanamo_tui.errors import BadInput
from pyanamo_tui.settings import state_path

VERSION: Final = 1
HISTORY_KEPT: Final = 100
LISTS_KEPT: Final = 200
SAVED_KEPT: Final = 100
MOST_BYTES: Final = 1 << 20
_MOST_CHARACTERS: Final = 2_000
"""Of one filter, and of any name."""


@dataclass(frozen=True, slots=True)
class ListView:
    """How one list was last looked at. `columns` are keys in their order, None for those that fit; `sort` a key."""

    columns: tuple[str, ...] | None = None
    sort: str = ""
    reverse: bool = False
    filter: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    lists: Mapping[str, ListView] = field(default_factory=dict)
    saved: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()


class ViewMemory:
    """What is remembered. Reading is from memory; every change is written at once, so it blocks for some milliseconds.

    Args:
        path: the file; None for the usual place.

    Attributes:
        problem: what was wrong with the file, to be said once; empty if nothing was.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.problem = ""
        self._path = path or state_path() / "views.json"
        self._lock = threading.Lock()
        self._kept = self._read()

    # -- what is remembered ---------------------------------------------------------------------

    def list_view(self, place: str, name: str) -> ListView:
        """How a list was last looked at; the default where it never was.

        Args:
            place: region and table.
            name: which list.
        """
        return self._kept.lists.get(_key(place, name), ListView())

    @property
    def saved(self) -> Mapping[str, str]:
        """Saved filters by name, in the order of the names."""
        return dict(sorted(self._kept.saved.items()))

    @property
    def history(self) -> tuple[str, ...]:
        """Filters used, the latest last, each once."""
        return self._kept.history

    # -- remembering ----------------------------------------------------------------------------

    def remember(self, place: str, name: str, view: ListView) -> None:
        """Remember how a list is looked at."""

        def change(kept: _Kept) -> _Kept:
            lists = {key: held for key, held in kept.lists.items() if key != _key(place, name)}
            lists[_key(place, name)] = view
            return replace(kept, lists=dict(list(lists.items())[-LISTS_KEPT:]))

        self._change(change)

    def save_filter(self, name: str, text: str) -> None:
        """Keep a filter under a name; one of that name is replaced."""
        self._change(
            lambda kept: replace(
                kept, saved=dict(list({**_without(kept.saved, name), name: text}.items())[-SAVED_KEPT:])
            )
        )

    def delete_filter(self, name: str) -> None:
        """Forget a saved filter."""
        self._change(lambda kept: replace(kept, saved=_without(kept.saved, name)))

    def used_filter(self, text: str) -> None:
        """Put a filter at the end of the history."""
        self._change(
            lambda kept: replace(kept, history=(*(one for one in kept.history if one != text), text)[-HISTORY_KEPT:])
        )

    # -- the file -------------------------------------------------------------------------------

    def _change(self, change: Callable[[_Kept], _Kept]) -> None:
        with self._lock:
            # What one sees changes at once, whatever becomes of the file.
            self._kept = change(self._kept)
            try:
                with self._alone():
                    kept = change(self._read())
                    with whole_file(self._path) as file:
                        file.write(_written(kept))
            except (OSError, BadInput) as error:
                self.problem = f"Views cannot be remembered: {error}"
                return
            self._kept = kept

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other dashboard of this host writes meanwhile; the lock ends with the process, however it ends."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> _Kept:
        try:
            if self._path.stat().st_size > MOST_BYTES:
                raise ValueError("it is too large")
            return _understood(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return _Kept()
        except (ValueError, RecursionError, OSError) as error:
            self._set_aside(error)
            return _Kept()

    def _set_aside(self, error: Exception) -> None:
        aside = self._path.with_suffix(".json.old")
        try:
            self._path.replace(aside)
            where = f"it is now {aside}"
        except OSError:
            where = "it was left where it is"
        self.problem = f"{self._path} could not be used ({error}); {where}. Lists begin as new."


def _key(place: str, name: str) -> str:
    return f"{place} {name}"


def _without(saved: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: text for key, text in saved.items() if key != name}


def _written(kept: _Kept) -> bytes:
    lists = {key: asdict(view) for key, view in kept.lists.items()}
    told = {"version": VERSION, "lists": lists, "saved": dict(kept.saved), "history": kept.history}
    return json.dumps(told, indent=1).encode()


def _understood(told: object) -> _Kept:
    """What a file says, every part of it checked.

    Raises:
        ValueError: it is not such a file.
    """
    if not isinstance(told, dict):
        raise ValueError("it holds no views")
    if told.get("version") != VERSION:
        raise ValueError(f"it is of version {told.get('version')!r:.20}, not {VERSION}")
    lists, saved, history = told.get("lists", {}), told.get("saved", {}), told.get("history", [])
    if not isinstance(lists, dict) or not isinstance(saved, dict) or not isinstance(history, list):
        raise ValueError("it holds no views")
    return _Kept(
        lists={_text(key): _list_view(view) for key, view in list(lists.items())[-LISTS_KEPT:]},
        saved={_text(name): _text(text) for name, text in list(saved.items())[-SAVED_KEPT:]},
        history=tuple(_text(text) for text in history[-HISTORY_KEPT:]),
    )


def _list_view(told: object) -> ListView:
    if not isinstance(told, dict):
        raise ValueError("a view in it is none")
    columns, reverse = told.get("columns"), told.get("reverse", False)
    if columns is not None and not isinstance(columns, list):
        raise ValueError("the columns of a view are none")
    if not isinstance(reverse, bool):
        raise ValueError("the order of a view is none")
    kept = None if columns is None else tuple(_text(column) for column in columns)
    return ListView(kept, _text(told.get("sort", "")), reverse, _text(told.get("filter", "")))


def _text(told: object) -> str:
    if not isinstance(told, str) or len(told) > _MOST_CHARACTERS:
        raise ValueError("a text in it is none, or too long")
    return told
