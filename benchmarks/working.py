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
ROUNDS = 6
ENGINES = 16
CLAIMED = 1_000
TASK_SECONDS = 0.2

BARE_LOOP = """
import subprocess, sys, time
import boto3
table, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = boto3.client("dynamodb", region_name="eu-west-2", endpoint_url=url)
for number in range(count):
    key = {"itemID": {"S": f"Sample-{number:06}"}}
    client.update_item(
        TableName=table, Key=key, UpdateExpression="SET ItemState = :l, lockID = :i, Lock_Date = :d, InstanceID = :o",
        ConditionExpression="ItemState = :t", ReturnValues="ALL_NEW",
        ExpressionAttributeValues={
            ":l": {"S": "locked"}, ":i": {"S": "x" * 30}, ":t": {"S": "todo"}, ":o": {"S": "host"},
            ":d": {"S": time.strftime("%d/%m/%Y-%H:%M:%S")},
        },
    )
    done = subprocess.run(["true"], stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True)
    out, err = done.stdout.decode(), done.stderr.decode()
    client.update_item(
        TableName=table, Key=key, UpdateExpression="SET ItemState = :s, #log = :m, Log_Length = :n, Done_Date = :d",
        ConditionExpression="lockID = :i", ExpressionAttributeNames={"#log": "Log"},
        ExpressionAttributeValues={
            ":s": {"S": "done"}, ":i": {"S": "x" * 30}, ":n": {"N": str(out.count(chr(10)))},
            ":m": {"M": {"Status": {"S": str(done.returncode)}, "stdout": {"S": out}, "stderr": {"S": err}}},
            ":d": {"S": time.strftime("%d/%m/%Y-%H:%M:%S")},
        },
    )
"""
"""What the table's format asks of any worker, and nothing else: no search, lease, log of events or fence that explains.

Its attributes are the format's, since the servers keep the indexes on them, which costs more than the write itself.
"""


def engine() -> list[Figure]:
    """500 items of `true` by one engine, one at a time; both are whole processes, their start included."""
    pairs = []
    with server(Kind.DYNALITE) as url, tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            # What else the machine does comes and goes: each goes first as often as the other.
            ways = [partial(_by_engine, url, folder), partial(_by_bare_loop, url)]
            spent = {way.func: way() for way in (ways if number % 2 else ways[::-1])}
            pairs.append((spent[_by_engine], spent[_by_bare_loop]))
    against = "bare loop: conditional claim, spawn, conditional finish"
    return [by_rate(f"engine, {ITEMS} items of `true`, one at a time", against, Kind.DYNALITE.value, ITEMS, pairs)]


def _by_engine(url: str, folder: str) -> float:
    one = new_table(url)
    fill(one, waiting(ITEMS))
    run = [sys.executable, "-m", "pyanamo_tui.engine.main", "-t", one.table, "-r", REGION]
    ours = [*run, "--endpoint-url", url, "--log-json", "--work-dir", folder]
    spent = seconds(partial(subprocess.run, ours, check=True, stdout=subprocess.DEVNULL))
    if len(one.items.query_state("done", index=schema.SUMMARY_INDEX).records) != ITEMS:
        raise RuntimeError("the engine did not do every item")
    return spent


def _by_bare_loop(url: str) -> float:
    one = new_table(url)
    fill(one, waiting(ITEMS))
    bare = [sys.executable, "-c", BARE_LOOP, one.table, url, str(ITEMS)]
    return seconds(partial(subprocess.run, bare, check=True))


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
