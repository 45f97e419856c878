"""What counts as a failure, and whether failures that a person would call one get one signature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyanamo_tui.workflow import failures, schema
from pyanamo_tui.workflow.failures import (
    FailureTally,
    advice,
    explain,
    group_failures,
    group_key,
    is_failure,
    item_failure,
    signature,
)
from pyanamo_tui.workflow.model import ItemFacts, ItemState, LogEntry
from pyanamo_tui.workflow.schema import Record, mapping, number, text

CORPUS: Final = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Sample:
    """One failure of the corpus: how it ended, the tails that are variants of it, the signature they must share."""

    name: str
    exit_code: int | None
    reason: str
    signature: str
    tails: tuple[str, ...]


def read_sample(path: Path) -> Sample:
    head, _, body = path.read_bytes().decode().partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.split("\n"))
    code = None if fields["exit"] == "none" else int(fields["exit"])
    return Sample(path.stem, code, fields.get("reason", ""), fields["signature"], tuple(body.split("\n=====\n")))


SAMPLES: Final = [read_sample(path) for path in sorted(CORPUS.glob("*.txt")) if path.stem != "README"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_variant_of_a_failure_gets_its_one_signature(sample: Sample) -> None:
    found = [signature(sample.exit_code, sample.reason, tail) for tail in sample.tails]
    assert found == [sample.signature] * len(sample.tails)


def test_different_failures_get_different_signatures() -> None:
    same_cause = {"bwa-index": "srun-exit", "samtools-disk": "disk-full"}
    names: dict[str, list[str]] = {}
    for sample in SAMPLES:
        names.setdefault(sample.signature, []).append(sample.name)
    shared = [sorted(group) for group in names.values() if len(group) > 1]
    assert sorted(shared) == sorted(sorted(pair) for pair in same_cause.items())
    assert len(SAMPLES) >= 50


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 'gene_name'", "KeyError: 'sample_name'"),
        ("ModuleNotFoundError: No module named 'pysam'", "ModuleNotFoundError: No module named 'numpy'"),
        ("bash: line 1: bwa-mem3: command not found", "bash: line 1: bwa-mem2: command not found"),
        (
            "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
            "An error occurred (NoSuchKey) when calling the GetObject operation: No such key",
        ),
        ("curl: (6) Could not resolve host: a.org", "curl: (7) Failed to connect to a.org"),
        ("HTTP Error 404: Not Found", "HTTP Error 503: Not Found"),
        ("[E::bgzf_read] failed", "[E::hts_open] failed"),
    ],
)
def test_what_tells_failures_apart_is_not_masked(one: str, other: str) -> None:
    assert signature(1, "", one) != signature(1, "", other)


def test_the_exit_code_tells_failures_apart() -> None:
    assert signature(1, "", "Error: x") != signature(2, "", "Error: x")


SAMPLE_NAMES: Final = st.one_of(
    st.from_regex(r"(NA|HG|SRR|ERR|S|sample_|Tumor-|P)[0-9]{1,8}(_L00[1-8])?(_R[12])?", fullmatch=True),
    st.uuids().map(str),
)
NUMBERS: Final = st.integers(min_value=0, max_value=10**9)
CLOCKS: Final = st.integers(0, 2**31).map(lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}")
TEMPLATES: Final = (
    "[{clock}] ERROR: sample {name} failed at record {number}",
    "Error: cannot open /data/{name}/{name}.bam",
    "fatal: {name}.fastq.gz has {number} reads, expected more",
    "tool: invalid value {number} in 's3://bucket/{name}/x.vcf.gz' line {number}",
    "[E::hts_idx_load] Could not load index of {name}.bam on ip-10-0-{number}-1.ec2.internal",
    "ValueError: duplicate id '{name}'",
    "RuntimeError: worker 0x{number} died on {name} at {clock}",
)


DETAILS: Final = st.fixed_dictionaries({"name": SAMPLE_NAMES, "number": NUMBERS, "clock": CLOCKS})


@given(st.sampled_from(TEMPLATES), DETAILS, DETAILS)
def test_samples_numbers_and_times_do_not_split_a_group(
    template: str, one: dict[str, object], other: dict[str, object]
) -> None:
    assert signature(1, "", template.format(**one)) == signature(1, "", template.format(**other))


@given(st.none() | st.integers(), st.text(max_size=200), st.text(max_size=500))
def test_a_signature_is_one_short_line_whatever_it_is_made_of(code: int | None, reason: str, tail: str) -> None:
    found = signature(code, reason, tail)
    assert 0 < len(found) <= failures.SIGNATURE_LENGTH
    assert found == " ".join(found.split())
    assert "\x1b" not in found
    assert found == signature(code, reason, tail)


def test_noise_after_the_telling_line_does_not_hide_it() -> None:
    told = "[E::bwa_idx_load_from_disk] fail to locate the index files"
    noise = [
        "",
        "    at org.example.Main.main(Main.java:3)",
        "Command exited with non-zero status 1",
        "Execution halted",
        "WARNING: something deprecated",
        " 45%|####      | 9/20 [00:01<00:02,  5.0it/s]",
        "2026-11-02 10:11:12 INFO done",
        "make: *** [align] Error 1",
    ]
    for line in noise:
        assert signature(1, "", f"{told}\n{line}\n") == f"exit 1 · {told}", line


def test_secrets_do_not_get_into_a_signature() -> None:
    found = signature(
        1, "", "Error: GET https://h/x?X-Amz-Signature=abcdef123 token=SECRETVALUE password=hunter2x refused"
    )
    assert "SECRETVALUE" not in found
    assert "hunter2x" not in found
    assert "abcdef" not in found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (137, "killed by SIGKILL: usually out of memory or a spot machine taken away"),
        (-9, "killed by SIGKILL: usually out of memory or a spot machine taken away"),
        (127, "the command was not found: not installed, or not on PATH"),
        (0, "it ended well"),
        (170, "killed by signal 42"),
        (None, "no exit code was kept: the original engine does not read them"),
        (77, "the program's own code: see its manual"),
    ],
)
def test_an_exit_code_is_explained_in_words(code: int | None, words: str) -> None:
    assert explain(code) == words


@pytest.mark.parametrize(
    ("told", "code", "word"),
    [
        ("exit 1 · No space left on device", 1, "disk"),
        ("exit 1 · java.lang.OutOfMemoryError: Java heap space", 1, "-Xmx"),
        ("exit 137 (SIGKILL) · Killed", 137, "memory"),
        ("exit 127 · bwa: command not found", 127, "image"),
        ("not found · bwa-mem3", 127, "image"),
        ("timeout after 3 h", 124, "time limit"),
        ("exit 254 · An error occurred (ExpiredToken) when calling the GetObject operation", 254, "credentials"),
        ("exit 1 · An error occurred (AccessDenied) when calling the GetObject operation", 1, "IAM"),
        ("exit 1 · gzip: <path>: unexpected end of file", 1, "damaged"),
        ("exit 1 · [E::bwa_idx_load_from_disk] fail to locate the index files", 1, "index"),
        (None, None, "Read the log"),
    ],
)
def test_advice_fits_the_failure(told: str | None, code: int | None, word: str) -> None:
    assert word in advice(told, code)


def test_advice_falls_back_on_the_log_and_then_the_code() -> None:
    assert "disk" in advice("exit 1", 1, "cp: x: No space left on device")
    assert advice("exit 143 (SIGTERM)", -15) == advice(None, 143)


def test_what_a_program_wrote_before_it_was_killed_is_not_why() -> None:
    written = "[M::bwa_idx_load_from_disk] read 0 ALT contigs\nopen: no such file, made anew\n"
    assert advice("exit 137 (SIGKILL) · Killed", 137, written) == advice(None, 137)
    assert "-Xmx" in advice("exit 137 (SIGKILL) · Killed", 137, "java.lang.OutOfMemoryError: Java heap space")
    assert advice("exit 1 · x", 1, "[E::bwa_idx_load_from_disk] fail to locate the index files").startswith(
        "Make the index"
    )


FAILED: Final = ItemFacts("x", ItemState.FAILED)
DONE: Final = ItemFacts("x", ItemState.DONE, ended_at=100.0)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (FAILED, True),
        (DONE, False),
        (replace(DONE, exit_code=0), False),
        (replace(DONE, exit_code=2), True),
        (replace(DONE, exit_code=2, updated_at=100.4), True),
        (replace(DONE, exit_code=2, updated_at=50.0), False),
        (replace(DONE, ended_with_error=True), True),
        (replace(DONE, nested_tasks=4, failed_tasks=1), True),
        (replace(DONE, nested_tasks=4, failed_tasks=0), False),
        (ItemFacts("x", ItemState.WALL_TIME), False),
        (ItemFacts("x", ItemState.WALL_TIME, nested_tasks=4, failed_tasks=1), True),
        (ItemFacts("x", ItemState.TODO, exit_code=2, signature="exit 2"), False),
        (ItemFacts("x", ItemState.LOCKED, nested_tasks=4, failed_tasks=1), False),
        (ItemFacts("x", "Pending", exit_code=2), False),
    ],
)
def test_what_counts_as_a_failure(facts: ItemFacts, expected: bool) -> None:
    assert is_failure(facts) is expected


def test_groups_are_by_signature_then_exit_code_largest_first() -> None:
    items = [
        replace(FAILED, item_id="b", signature="exit 2 · x", exit_code=2, ended_at=5.0, step="Align", owner="h1"),
        replace(FAILED, item_id="a", signature="exit 2 · x", exit_code=2, ended_at=9.0, step="Call", owner="h1"),
        replace(FAILED, item_id="c", exit_code=137),
        replace(FAILED, item_id="d"),
        replace(DONE, item_id="e"),
    ]
    groups = group_failures(items)
    assert [(group.signature, group.count) for group in groups] == [
        ("exit 2 · x", 2),
        ("exit 137 (SIGKILL) · Killed", 1),
        ("no signature", 1),
    ]
    largest = groups[0]
    assert (largest.item_ids, largest.steps, largest.owners) == (("a", "b"), ("Align", "Call"), ("h1",))
    assert (largest.first, largest.last, largest.exit_code) == (5.0, 9.0, 2)
    assert (groups[2].first, groups[2].last, groups[2].exit_code) == (None, None, None)
    assert group_failures([]) == ()


FACTS: Final = st.builds(
    ItemFacts,
    item_id=st.sampled_from("abcdef"),
    state=st.sampled_from([*ItemState, "Pending"]),
    step=st.none() | st.sampled_from(["Align", "Call"]),
    owner=st.none() | st.sampled_from(["h1", "h2"]),
    ended_at=st.none() | st.sampled_from([1.0, 2.0, 3.0]),
    nested_tasks=st.none() | st.integers(0, 3),
    failed_tasks=st.none() | st.integers(0, 3),
    exit_code=st.none() | st.sampled_from([0, 1, 137]),
    signature=st.none() | st.sampled_from(["exit 1 · a", "exit 1 · b"]),
)


@given(st.lists(st.tuples(FACTS, st.booleans())))
def test_a_tally_kept_up_to_date_equals_grouping_from_scratch(history: list[tuple[ItemFacts, bool]]) -> None:
    tally = FailureTally()
    known: dict[str, ItemFacts] = {}
    for facts, gone in history:
        tally.update(known.pop(facts.item_id, None), None if gone else facts)
        if not gone:
            known[facts.item_id] = facts
        groups = tally.groups()
        assert groups == group_failures(known.values())
        failed = [one for one in known.values() if is_failure(one)]
        assert {group.signature: set(group.item_ids) for group in groups} == {
            group_key(one): {other.item_id for other in failed if group_key(other) == group_key(one)} for one in failed
        }
        for group in groups:
            members = [known[item_id] for item_id in group.item_ids]
            ended = [one.ended_at for one in members if one.ended_at is not None]
            assert group.count == len(members)
            assert (group.first, group.last) == (min(ended, default=None), max(ended, default=None))
            assert group.steps == tuple(sorted({one.step for one in members if one.step is not None}))
            assert group.owners == tuple(sorted({one.owner for one in members if one.owner is not None}))


def single(state: str, log: dict[str, schema.AttributeValue], **more: schema.AttributeValue) -> Record:
    record = schema.new_single("S1", "Align", "bwa mem")
    return {**record, "ItemState": text(state), "Log": mapping(log), **more}


def test_a_single_item_says_why_it_failed() -> None:
    log = schema.write_log(LogEntry(stderr="line one\nError: cannot open /x/S1.bam\nExecution halted\n", exit_code=1))
    record = single("failed", log["M"], Exit_Code=number(1))
    found = item_failure(schema.read_item(record))
    assert found is not None
    assert found.signature == "exit 1 · Error: cannot open <path>"
    assert found.exit_code == 1
    assert found.sample.task is None
    assert found.sample.line == "Error: cannot open /x/S1.bam"
    assert found.sample.lines == ("line one", "Error: cannot open /x/S1.bam", "Execution halted")
    assert found.sample.complete


def test_what_is_hidden_in_a_line_stays_in_it_and_out_of_the_signature() -> None:
    hidden = "\x00\x00\ncat: \ufeffS1.bam: No such file or directory\n\x1b[31m\u202eKilled\x1b[0m\n\x00\n"
    log = schema.write_log(LogEntry(stderr=hidden, exit_code=1))
    found = item_failure(schema.read_item(single("failed", log["M"], Exit_Code=number(1))))
    assert found is not None
    assert found.sample.lines == ("cat: \ufeffS1.bam: No such file or directory", "\u202eKilled")
    assert found.sample.line == "\u202eKilled"
    assert found.signature == "exit 1 · Killed"


def test_a_done_item_whose_log_says_that_it_failed_says_why() -> None:
    log = schema.write_log(LogEntry(status="Execution Failed", stderr="bwa: command not found"))
    found = item_failure(schema.read_item(single("done", log["M"])))
    assert found is not None
    assert found.signature == "Execution Failed · bwa: command not found"


def test_a_nested_item_names_the_tasks_that_failed() -> None:
    record = schema.new_nested("S1", "Call", ["seq 1", "seq 2", "seq 3"])
    tasks = record["TaskScript"]["M"]
    tasks["Task_0"]["M"]["Status"] = text("done")
    tasks["Task_1"]["M"]["Status"] = text("failed")
    tasks["Task_2"]["M"]["Status"] = text("done")
    record["Log"] = mapping(
        {
            "Task_0": schema.write_log(LogEntry(exit_code=0)),
            "Task_1": schema.write_log(LogEntry(exit_code=137, stderr="x.sh: line 1: 9 Killed   gatk")),
            "Task_2": schema.write_log(LogEntry(status="Execution Failed")),
        }
    )
    record["ItemState"] = text("failed")
    record["Error_Signature"] = text("Execution Failed")
    found = item_failure(schema.read_item(record))
    assert found is not None
    assert [(task.task, task.signature) for task in found.tasks] == [
        ("Task_1", "exit 137 (SIGKILL) · Killed"),
        ("Task_2", "Execution Failed"),
    ]
    assert found.sample.task == "Task_2"


def test_an_item_that_did_not_fail_has_no_why() -> None:
    assert item_failure(schema.read_item(schema.new_single("S1", "Align", "true"))) is None
    assert item_failure(schema.read_item(schema.new_nested("S1", "Align", ["true"]))) is None


def test_a_failed_item_of_which_nothing_is_known_is_still_a_failure() -> None:
    found = item_failure(schema.read_item({"itemID": text("x"), "ItemState": text("failed")}))
    assert found is not None
    assert (found.signature, found.sample.lines) == ("no signature", ())
