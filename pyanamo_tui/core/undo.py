"""Takes a journalled action back, item by item, from what the journal says each was before and was left as.

Works the same for an action whose process was killed: an item without an outcome is compared with both.
"""

from __future__ import annotations

from pyanamo_tui.core.apply import changed_meanwhile
from pyanamo_tui.core.journal import LASTING
from pyanamo_tui.core.journalfile import ActionFile, Fate
from pyanamo_tui.core.plan import Decide, Step
from pyanamo_tui.errors import UsageError
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.change import Absent
from pyanamo_tui.workflow.dynamojson import same
from pyanamo_tui.workflow.schema import Record
from pyanamo_tui.workflow.transitions import Refused, exactly

_LEFT_ALONE = frozenset({Fate.SKIPPED, Fate.UNSENT})


def undoing(file: ActionFile) -> tuple[tuple[str, ...], Decide]:
    """The items that an action may have changed, and what taking it back does to each of them.

    Items are restored by a whole put on the condition that they are exactly what the action left, or, where it deleted
    them, that there is none of that id. Memory: the ids and their places in the file, not the pre-images.

    Raises:
        UsageError: it was done by AWS Batch, not to items.
    """
    if file.header.action in LASTING:
        raise UsageError(
            f"{file.header.action} {file.header.id} cannot be undone: it was done by AWS Batch, not to items",
            "Start pilots with pyanamo-tui batch submit, end them with pyanamo-tui batch terminate.",
        )
    fates = file.fates()
    places = {
        item_id: offset for number, (item_id, offset) in file.offsets().items() if fates.get(number) not in _LEFT_ALONE
    }

    def decide(item_id: str, record: Record | None, _now: float) -> Step:
        entry = file.entry_at(places[item_id])
        if entry.before is None and entry.number not in fates and record is not None:
            raise Refused("the program ended before it knew whether it made this item, or another did")
        if same(record, entry.before):
            raise Refused("it is what it was before the action already")
        if not same(record, entry.after):
            if record is None:
                raise Refused("it was deleted since")
            raise Refused(changed_meanwhile(entry.after, record).replace("meanwhile", "since"))
        conditions = (Absent((schema.ITEM_ID,)),) if record is None else exactly(record)
        return Step(item_id, record, entry.before, conditions=conditions)

    return tuple(places), decide
