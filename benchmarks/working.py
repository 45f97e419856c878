"""The engine: items a second against a loop that does nothing but the three needful steps, and writes a claim costs."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial

from benchmarks.places import REGION, fill, new_table, server, waiting
from benchmarks.report import Figure, Goal, by_rate, seconds
from pyanamo_tui.engine.claim import Candidates, Claimer
from pyanamo_tui.engine.eventlog import EventLog
from pyanamo_tui.workflow import schema
from tests.standins import Kind

ITEMS = 500
ENGINES = 16
CLAIMED = 1_000
TASK_SECONDS = 0.2

BARE_LOOP = """
import subprocess, sys
import boto3
table, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = boto3.client("dynamodb", region_name="eu-west-2", endpoint_url=url)
for number in range(count):
    key = {"itemID": {"S": f"Sample-{number:06}"}}
    client.update_item(
        TableName=table, Key=key, UpdateExpression="SET ItemState = :l, lockID = :i",
        ConditionExpression="ItemState = :t", ReturnValues="ALL_NEW",
        ExpressionAttributeValues={":l": {"S": "locked"}, ":i": {"S": "x" * 30}, ":t": {"S": "todo"}},
    )
    subprocess.run(["true"], stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True)
    client.update_item(
        TableName=table, Key=key, UpdateExpression="SET ItemState = :d, #log = :m",
        ConditionExpression="lockID = :i", ExpressionAttributeNames={"#log": "Log"},
        ExpressionAttributeValues={":d": {"S": "done"}, ":i": {"S": "x" * 30}, ":m": {"M": {}}},
    )
"""


def engine() -> list[Figure]:
    """500 items of `true` by one engine, one at a time; both are whole processes, their start included."""
    pairs = []
    with server(Kind.DYNALITE) as url, tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            one = new_table(url)
            fill(one, waiting(ITEMS))
            run = [sys.executable, "-m", "pyanamo_tui.engine.main", "-t", one.table, "-r", REGION]
            ours = [*run, "--endpoint-url", url, "--log-json", "--work-dir", folder]
            spent = seconds(partial(subprocess.run, ours, check=True, stdout=subprocess.DEVNULL))
            if len(one.items.query_state("done", index=schema.SUMMARY_INDEX).records) != ITEMS:
                raise RuntimeError("the engine did not do every item")
            bare_table = new_table(url)
            fill(bare_table, waiting(ITEMS))
            bare = [sys.executable, "-c", BARE_LOOP, bare_table.table, url, str(ITEMS)]
            pairs.append((spent, seconds(partial(subprocess.run, bare, check=True))))
    against = "bare loop: conditional claim, spawn, conditional finish"
    return [by_rate(f"engine, {ITEMS} items of `true`, one at a time", against, Kind.DYNALITE.value, ITEMS, pairs)]


def claims() -> list[Figure]:
    """Writes that 16 engines send for each item claimed, each item taking a fifth of a second."""
    with server(Kind.DYNALITE) as url, open(os.devnull, "w") as nowhere:
        one = new_table(url)
        fill(one, waiting(CLAIMED))
        engines = [
            Claimer(
                one.items,
                Candidates(one.items, schema.SUMMARY_INDEX, chance=random.Random(number)),
                schema.SUMMARY_INDEX,
                owner=f"engine-{number}",
                lease=300,
                log=EventLog("bench", descriptor=nowhere.fileno()),
                stopping=lambda: False,
                giving_up=lambda: False,
                pause=time.sleep,
            )
            for number in range(ENGINES)
        ]
        begin = threading.Barrier(ENGINES)
        taken: list[str] = []

        def work(claimer: Claimer) -> None:
            begin.wait()
            while (found := claimer.take()) is not None:
                taken.append(schema.record_id(found.record))
                time.sleep(TASK_SECONDS)

        threads = [threading.Thread(target=work, args=(claimer,)) for claimer in engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if len(set(taken)) != CLAIMED or len(taken) != CLAIMED:
        raise RuntimeError("an item was not claimed exactly once")
    writes = sum(claimer.writes for claimer in engines)
    ours, floor = f"{writes:,} writes", f"{CLAIMED:,} claims"
    what, against = f"{ENGINES} engines on {CLAIMED:,} items", "one write a claim"
    return [Figure(what, against, Kind.DYNALITE.value, ours, floor, writes / CLAIMED, Goal.AT_MOST, 1.3)]
