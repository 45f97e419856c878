"""Runs one claimed item to an end and writes how it ended: a single script here, nested tasks in `nested.py`."""

from __future__ import annotations

from pyanamo_tui.engine.claim import Claimed
from pyanamo_tui.engine.execution import Execution, Result, Shared
from pyanamo_tui.engine.lease import GaveUp, LockLost
from pyanamo_tui.engine.logkeeper import ENTRY_ROOM, Kept
from pyanamo_tui.engine.nested import Nested
from pyanamo_tui.engine.runner import NO_OUTCOME, Ended, HostFault
from pyanamo_tui.workflow import schema, transitions
from pyanamo_tui.workflow.change import Change


def run_item(shared: Shared, claimed: Claimed) -> Result:
    """Run an item that was just claimed.

    Raises:
        PyanamoError: AWS refuses us as a whole, e.g. the table is gone.
    """
    held = shared.leases.hold(claimed.record, claimed.lock_id, claimed.lease_until)
    try:
        kind = Nested if schema.map_of(claimed.record, schema.SCRIPT) is not None else Single
        return kind(shared, held).run()
    except LockLost:
        return Result.LOST
    except GaveUp as problem:
        shared.log.say(
            "gave-up",
            f"How the item ended could not be written: {problem}. Its lease will run out and it will run again",
            item=held.item_id,
            attempt=held.attempt,
        )
        return Result.GAVE_UP
    finally:
        shared.leases.let_go(held)


class Single(Execution):
    """An item with one script, or with nothing that could be run."""

    def run(self) -> Result:
        held, shared = self._held, self._shared
        if shared.stop.no_new_tasks:
            return self._release()
        try:
            ended, kept = self._run_script()
        except HostFault as fault:
            shared.host_fault(fault)
            return self._release()
        if ended.ending in NO_OUTCOME:
            return self._release()
        retry = not ended.ok and self._may_retry

        def finish(outcome: transitions.Outcome) -> Change:
            return transitions.finish(held.item, outcome, lock_id=held.lock_id, now=shared.clock(), retry=retry)

        self._write(finish, self._outcome(ended, kept))
        result = Result.DONE if ended.ok else Result.RETRY if retry else Result.FAILED
        self._say(result, kept.log.status, ended=ended)
        return result

    def _run_script(self) -> tuple[Ended, Kept]:
        script = self._held.record.get(schema.SCRIPT)
        if script is None:
            return self._unusable("the item has no script to run")
        if "S" not in script:
            return self._unusable("the script is not text")
        return self._execute("", script["S"], lambda: ENTRY_ROOM)
