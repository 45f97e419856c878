"""`@`: choose where to work. Recent places and the tables of a profile, region and endpoint, narrowed as one types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label, OptionList, Select
from textual.widgets.option_list import Option

from pyanamo_tui.core.context import AWS, Context, Listing, Offer, OpenWorkspace, list_place, offer
from pyanamo_tui.core.recent import RecentPlaces
from pyanamo_tui.errors import PyanamoError
from pyanamo_tui.tui.format import counted
from pyanamo_tui.tui.modals.dialog import Dialog
from pyanamo_tui.tui.widgets.text_line import TextLine
from pyanamo_tui.workflow.printable import printable

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from pyanamo_tui.settings import Settings

_DEFAULT: Final = ""
"""What a Select holds where AWS's own configuration decides."""
_SHOWN: Final = 500


@dataclass
class _Offered(Message):
    offer: Offer
    recent: tuple[Context, ...]


@dataclass
class _Listed(Message):
    asked: Context
    listing: Listing | PyanamoError


def _option(value: str) -> tuple[Text, str]:
    return Text(printable(value)), value


class PlaceModal(Dialog[Context | None]):
    """Dismissed with the Context chosen, or None.

    Args:
        settings: of the place that is open; its named endpoints are offered.
        region: the region in use.
        who: account and role in use, in words.
        open_workspace: makes a Workspace to list tables by; called on a background thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "cancel", id="place.leave"),
        Binding("down", "move(1)", "down", id="place.down", show=False),
        Binding("up", "move(-1)", "up", id="place.up", show=False),
    ]

    def __init__(self, settings: Settings, region: str, who: str, open_workspace: OpenWorkspace) -> None:
        super().__init__()
        self._settings = settings
        self._now = replace(Context.of(settings), region=region or settings.region)
        self._who = who
        self._open_workspace = open_workspace
        self._asked: Context | None = None
        self._recent: tuple[Context, ...] = ()
        self._tables: tuple[str, ...] = ()
        self._shown: list[Context] = []
        self._endpoints = dict(settings.endpoints)

    def compose(self) -> ComposeResult:
        """Who and where, three choices, a line to type in, the list."""
        now, url = self._now, self._now.endpoint_url
        named = [(AWS, _DEFAULT), *((name, where) for name, where in self._endpoints.items())]
        if url is not None and url not in self._endpoints.values():
            named.append((url, url))
        with Vertical(classes="dialog place-dialog"):
            yield Label("Open another table or place", classes="dialog-title")
            yield Label(Text(self._who_words(self._who)), id="place-who")
            with Horizontal(id="place-choices"):
                yield from self._choice("Profile", "place-profile", [("(default)", _DEFAULT)], now.profile)
                yield from self._choice("Region", "place-region", [], now.region)
                yield from self._choice("Endpoint", "place-endpoint", named, url)
            yield TextLine(placeholder="type to narrow, or a table's whole name", compact=True, id="place-table")
            listed = OptionList(id="place-list", compact=True)
            listed.can_focus = False  # the line keeps the keys, so that tab leads to profile, region and endpoint
            yield listed
            yield Label("reading the tables …", id="place-line")
            yield Label("enter opens · up down choose · tab to profile, region, endpoint · esc", classes="dialog-hint")

    def _choice(self, label: str, name: str, options: list[tuple[str, str]], value: str | None) -> ComposeResult:
        held = value or _DEFAULT
        known = [(Text(printable(words)), key) for words, key in options]
        if held not in [key for _, key in known]:
            known.append(_option(held) if held else (Text("(default)"), held))
        with Vertical(classes="place-choice"):
            yield Label(label, classes="form-label")
            yield Select(known, value=held, allow_blank=False, compact=True, id=name)

    def _who_words(self, who: str) -> str:
        return f"as {printable(who)}" if who else "nobody says here whose credentials these are"

    def on_mount(self) -> None:
        """Ready to type; everything that must be read is read behind."""
        self.query_one(Input).focus()
        self._read_offer()
        self._list_tables()

    # -- what is offered ------------------------------------------------------------------------

    @work(thread=True, group="offer", exit_on_error=False, description="read AWS configuration")
    def _read_offer(self) -> None:
        try:
            found = offer()
        except PyanamoError:
            # A broken AWS configuration is told where the tables are listed, by the same error.
            found = Offer()
        self.post_message(_Offered(found, RecentPlaces().read()))

    @on(_Offered)
    def _show_offer(self, message: _Offered) -> None:
        self._recent = tuple(place for place in message.recent if place != self._now)
        self._extend("#place-profile", message.offer.profiles)
        self._extend("#place-region", message.offer.regions)
        self._fill()

    def _extend(self, name: str, values: tuple[str, ...]) -> None:
        select: Select[str] = self.query_one(name, Select)
        held = select.value
        first = [(Text("(default)"), _DEFAULT)] if name == "#place-profile" or held == _DEFAULT else []
        extra = [str(held)] if held not in {*values, _DEFAULT} else []
        with self.prevent(Select.Changed):
            select.set_options([*first, *(_option(value) for value in (*extra, *values))])
            select.value = held

    def _chosen(self) -> Context:
        def value(name: str) -> str | None:
            held = self.query_one(name, Select).value
            return held if isinstance(held, str) and held else None

        return Context(
            region=value("#place-region"), profile=value("#place-profile"), endpoint_url=value("#place-endpoint")
        )

    @on(Select.Changed)
    def _place_changed(self) -> None:
        self._list_tables()

    def _list_tables(self) -> None:
        chosen = self._chosen()
        if chosen == self._asked:
            return
        self._asked, self._tables = chosen, ()
        self.query_one("#place-line", Label).update("reading the tables …")
        self._fill()
        self._list(chosen)

    @work(thread=True, group="list", exclusive=True, exit_on_error=False, description="list tables")
    def _list(self, place: Context) -> None:
        try:
            listing: Listing | PyanamoError = list_place(place.applied(self._settings), self._open_workspace)
        except PyanamoError as error:
            listing = error
        self.post_message(_Listed(place, listing))

    @on(_Listed)
    def _show_listed(self, message: _Listed) -> None:
        if message.asked != self._asked:
            return
        line = self.query_one("#place-line", Label)
        if isinstance(message.listing, PyanamoError):
            line.update(Text(printable(f"{message.listing.message}. {message.listing.hint}")))
            return
        found = message.listing
        who = found.identity
        self.query_one("#place-who", Label).update(
            Text(self._who_words(f"{who.account} · {who.role}" if who is not None else ""))
        )
        self._tables = found.tables
        tables = counted(len(found.tables), "table")
        line.update(Text(printable(f"{tables} in {found.region}")))
        self._fill()

    # -- the list -------------------------------------------------------------------------------

    @on(Input.Changed)
    def _narrow(self) -> None:
        self._fill()

    def _fill(self) -> None:
        typed = self.query_one(Input).value.strip().lower()
        place = self._chosen()
        here = [replace(place, table=name) for name in self._tables if typed in name.lower()]
        recent = [one for one in self._recent if typed in f"{one.table} {one.words(self._endpoints)}".lower()]
        self._shown = [*recent, *here][:_SHOWN]
        width = max((len(printable(one.table or "")) for one in self._shown), default=0)
        listed = self.query_one(OptionList)
        listed.clear_options()
        for number, one in enumerate(self._shown):
            text = Text(f"{printable(one.table or ''):<{min(width, 40)}}", no_wrap=True, overflow="ellipsis")
            if number < len(recent):
                text.append(f"  recent · {printable(one.words(self._endpoints))}", "dim")
            elif one == replace(self._now, table=one.table) and one.table == self._now.table:
                text.append("  open now", "dim")
            listed.add_option(Option(text))
        if self._shown:
            listed.highlighted = 0

    def action_move(self, rows: int) -> None:
        """The arrows move in the list while the line keeps the keys."""
        listed = self.query_one(OptionList)
        if rows > 0:
            listed.action_cursor_down()
        else:
            listed.action_cursor_up()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        number = self.query_one(OptionList).highlighted
        if number is not None and number < len(self._shown):
            self.dismiss(self._shown[number])
        elif event.value.strip():
            # Whoever may not list tables can still name one.
            self.dismiss(replace(self._chosen(), table=event.value.strip()))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])

    def action_leave(self) -> None:
        """Stay where we are."""
        self.dismiss(None)
