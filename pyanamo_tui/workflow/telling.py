"""Finds the one line of a log that tells why something failed.

A log's last line is often the echo of a failure, not its cause: a stack frame, `Execution halted`, a usage text.
Lines are ranked by what the common tools print (bash, Python, Java, R, samtools, bwa, GATK, the AWS CLI,
Slurm, nextflow); the last line of the highest rank is the telling one.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from pyanamo_tui.workflow.errorlines import without_zero_counts

_LINES: Final = 400
_LINE_LENGTH: Final = 600
"""How much of a log is looked at: its last lines, and the beginning of each."""


class Rank(IntEnum):
    """How much a line says about why something failed."""

    NOISE = 0
    WEAK = 1
    PLAIN = 2
    ERROR = 3
    DECISIVE = 4
    """It names the cause itself, whatever other programs said afterwards because of it."""


_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")


def _any(*patterns: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


_NOISE: Final = _any(
    r"\s*at (?:[\w$.<>/]+\(|async )",
    r"\s*\.\.\. \d+ (?:more|common frames)",
    r'\s*File ".*", line \d+',
    r"\s*[\^~]+\s*$",
    r"\s+(?:raise|return|self\.|yield|await|with|for|if)\b",
    r"\s*Traceback \(most recent call last\)",
    r"\s*(?:During handling of|The above exception was)",
    r"\s*(?:Execution halted|Calls: |Backtrace:|In addition: |Warning messages?:|Stack ?trace:|\[\d+\] )",
    r"[\W_]*$",
    r"\s*(?:\(empty\)|/\S*)$",
    r"\s*(?:usage|Usage|USAGE)\b",
    r"\s+-{1,2}[\w-]+[ ,=]",
    r"\s*(?:See|Try|For more|Run|Use|Type) .{0,80}(?:--?h(?:elp)?\b|help|for (?:more )?(?:information|details|usage))",
    r"\s*(?:Command (?:exited|terminated) (?:with|by)|Command being timed|\s*(?:Exit status|Elapsed|Maximum resident))",
    r"\s*(?:real|user|sys)\s+\d+m",
    r"\s*\[main\] (?:Real time|CMD|Version)",
    r"\[M::",
    r"\[bam_sort_core\] merging",
    r"\s*\[?(?:bns|bwt|bwa)_\w+\]? .*(?:sec|elapsed)",
    r".*\d{1,3}(?:\.\d+)?\s?%(?:\||\s|$)",
    r".*\b(?:ETA|MB/s|kB/s|KiB/s|MiB/s|it/s)\b",
    r"(?:\S+ ){0,4}\W*(?:INFO|DEBUG|TRACE|NOTE)\b",
    r"\s*(?:Using GATK jar|Running:$|Picked up |Runtime\.totalMemory|Tool returned|Set the system property GATK_)",
    r"\s*java -D",
    r".*(?:done\. Elapsed time|Shutting down engine)",
    r"\s*(?:Work dir|Command executed|Command exit status|Command output|Command error)\s?:",
    r"\s*(?:Command wrapper|Tip|Container)\s?:",
    r"\s*-- Check '",
    r"\+\+* \w",
    r"\s*(?:Started job|Finished|Finishing|Starting|Loading|Reading|Writing|Processing|Processed)\b[^:]*$",
    r"#",
)
_WEAK: Final = _any(
    r"\W*(?:\S+ ){0,3}\W*(?:warning|warn)\b",
    r".*\b(?:CalledProcessError|returned? (?:a )?non-?zero exit|non-zero exit (?:status|code))\b",
    r".*\bterminated with an error exit",
    r"make(?:\[\d+\])?: \*\*\* ",
    r"srun: error: .*(?:Exited with exit code|task \S+ exited)",
    r"slurmstepd: error: \*\*\* (?:STEP|JOB).* CANCELLED AT .*\*\*\*$",
    r"srun: (?:Job step aborted|Terminating)",
    r".*\b[Ee]xit(?:ing|ed)?\b(?: with)?(?: status| code)?:? ?\d*\W*$",
    r"\s*(?:ERROR ~ )?(?:Error executing process|Caused by:\s*$|Process `.*` terminated)",
    r".*(?:Broken pipe|SIGPIPE)",
    r"\W*EXITING(?: because of fatal)?\W*$",
    r"[A-Z][a-z]{2} \d{1,2} \d\d:\d\d:\d\d \.{3,} FATAL ERROR, exiting\W*$",
    r"error: (?:rule|job) ",
    flags=re.IGNORECASE,
)
_DECISIVE: Final = _any(
    r"no space left on device|disk quota exceeded|\bENOSPC\b",
    r"out of memory|OutOfMemoryError|oom[-_ ]?kill|cannot allocate memory|std::bad_alloc|\bMemoryError\b",
    r"cannot allocate vector of size|insufficient memory|exceeded memory limit",
    r"^(?:.*line \d+:\s+\d+ )?(?:Killed|Segmentation fault|Aborted|Bus error|Illegal instruction)\b",
    r"command not found",
    r"An error occurred \(\w+\) when calling",
    r"DUE TO TIME LIMIT|DUE TO PREEMPTION|DUE TO NODE FAILURE",
    r"A USER ERROR has occurred",
    r"^Caused by: \S",
    r"\b(?:Expired|Invalid)(?:Token|AccessKey)|Unable to locate credentials",
    flags=re.IGNORECASE,
)
_ERROR: Final = _any(
    r"\b(?:error|errors|fatal|exception|failed|failure|fail|panic|abort(?:ed)?|denied|refused|invalid|corrupt(?:ed)?)\b",
    r"\b(?:cannot|can't|can not|could not|couldn't|unable|not found|no such|does not exist|doesn't exist|missing)\b",
    r"\b(?:truncated|unexpected|unrecogni[sz]ed|unknown|illegal|not permitted|too many|timed? ?out|unbound)\b",
    r"\bundefined\b",
    r"^[\w.]*(?:Error|Exception|Interrupt|SystemExit)\b",
    r"\[E::",
    r"Assertion",
    flags=re.IGNORECASE,
)
_R_ERROR: Final = re.compile(r"Error in .{0,200}?:\s*$")


def plain_lines(log: str) -> list[str]:
    """The last lines of a log without escape sequences and what a carriage return overwrote; tabs as spaces.

    What else is hidden in a line stays in it: a byte order mark before a file's name may be why there is no such file.
    """
    return [_without_escapes(line[:_LINE_LENGTH]).rstrip() for line in _last_written(log)]


def without_controls(line: str) -> str:
    """A line without escape sequences and control characters; tabs as spaces."""
    return _CONTROLS.sub("", _without_escapes(line))


def _without_escapes(line: str) -> str:
    return _ESCAPES.sub("", line).expandtabs(4)


def _last_written(log: str) -> list[str]:
    shown = []
    for line in log.replace("\r\n", "\n").split("\n")[-_LINES:]:
        parts = [part for part in line.split("\r") if part.strip()]
        shown.append(parts[-1] if parts else "")
    return shown


def rank_of(line: str) -> Rank:
    """How much this line, by itself, says about why something failed. What is hidden in it does not count."""
    line = _CONTROLS.sub("", line)
    if not line.strip() or _NOISE.match(line):
        return Rank.NOISE
    if _DECISIVE.search(line):
        return Rank.DECISIVE
    if _WEAK.match(line):
        return Rank.WEAK
    if _ERROR.search(line) and _ERROR.search(without_zero_counts(line)):
        return Rank.ERROR
    return Rank.PLAIN


def telling_line(log: str) -> tuple[str, Rank]:
    """The line that tells why, as it was printed but for its surroundings, and its rank; `""` where none tells."""
    lines = plain_lines(log)
    best, rank = -1, Rank.NOISE
    for index in range(len(lines) - 1, -1, -1):
        found = rank_of(lines[index])
        if found > rank:
            best, rank = index, found
            if rank == Rank.DECISIVE:
                break
    return (_whole(lines, best), rank) if best >= 0 else ("", Rank.NOISE)


def _whole(lines: list[str], index: int) -> str:
    """The line with the one that goes on with its sentence, where a tool breaks it (R, STAR, nextflow)."""
    line = lines[index].strip()
    before = lines[index - 1].strip() if index else ""
    following = next((after.strip() for after in lines[index + 1 : index + 3] if after.strip()), "")
    if _R_ERROR.match(line) or (line.endswith(":") and rank_of(following) >= Rank.PLAIN):
        return f"{line} {following}"
    if lines[index][:1].isspace() and _R_ERROR.match(before):
        return f"{before} {line}"
    return line


def last_lines(log: str, count: int) -> tuple[str, ...]:
    """The last so many lines in which something is to be seen, as `plain_lines` gives them."""
    return tuple(line for line in plain_lines(log) if _CONTROLS.sub("", line).strip())[-count:]
