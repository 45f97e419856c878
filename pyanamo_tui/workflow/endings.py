"""How a process ended, in words: exit codes, signals, what the engine did to it, and what to try next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

SIGNAL_BASE: Final = 128
"""A shell's exit code of a process killed by signal n is 128 + n."""
_LAST_SIGNAL: Final = 64

_SIGNALS: Final = {
    1: ("SIGHUP", "Hangup", "its terminal or session went away"),
    2: ("SIGINT", "Interrupt", "somebody or something interrupted it"),
    3: ("SIGQUIT", "Quit", "somebody asked it to quit with a core dump"),
    4: ("SIGILL", "Illegal instruction", "usually a program built for another processor than this host's"),
    6: ("SIGABRT", "Aborted", "the program gave up on itself: a failed assertion, or memory that it could not get"),
    7: ("SIGBUS", "Bus error", "often a file that shrank or a full disk under a mapped file"),
    8: ("SIGFPE", "Floating point exception", "an arithmetic error such as a division by zero"),
    9: ("SIGKILL", "Killed", "usually out of memory or a spot machine taken away"),
    11: ("SIGSEGV", "Segmentation fault", "a bug in the program, or damaged input"),
    13: ("SIGPIPE", "Broken pipe", "what read its output ended first"),
    14: ("SIGALRM", "Alarm clock", "a timer of its own ran out"),
    15: ("SIGTERM", "Terminated", "asked to end: the job was cancelled, or its machine taken away"),
    24: ("SIGXCPU", "CPU time limit exceeded", "it used more processor time than it is allowed"),
    25: ("SIGXFSZ", "File size limit exceeded", "it wrote a larger file than it is allowed"),
    31: ("SIGSYS", "Bad system call", "a call that this host's kernel or container forbids"),
}
_CODES: Final = {
    0: "it ended well",
    1: "a general error: the last lines of its log say which",
    2: "often wrong arguments or a missing file",
    124: "stopped by a time limit",
    125: "the command that should have started it failed itself (timeout, docker)",
    126: "found, but it could not be executed: a missing permission, or no program",
    127: "the command was not found: not installed, or not on PATH",
    255: "an error out of the usual range: often ssh, or a script that ended with -1",
}
_USAGE_CODES: Final = {
    64: "used wrongly",
    65: "bad input data",
    66: "no input",
    70: "an internal error",
    73: "no output",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How something ended: `head` begins its signature, `word` is what a shell prints for it.

    `whole` says that this alone tells why, so that the log adds nothing.
    """

    head: str
    word: str = ""
    whole: bool = False


_TIME: Final = re.compile(r"\A(?:timed? ?out|time limit|wall ?time)", re.IGNORECASE)
_UNSTARTED: Final = re.compile(r"\A(not found|not executable|unusable command)\s*(?:[:·-]\s*(.*))?\Z", re.DOTALL)
_SIGNAL_NAME: Final = re.compile(r"\b(SIG[A-Z0-9]+)\b")


def signal_of(exit_code: int | None) -> int | None:
    """The number of the signal that an exit code stands for, a shell's (137) or Python's (-9); None for others."""
    if exit_code is None:
        return None
    number = -exit_code if exit_code < 0 else exit_code - SIGNAL_BASE
    return number if 0 < number <= _LAST_SIGNAL else None


def signal_name(number: int) -> str:
    """The name of a signal by Linux's numbers, whatever this host's are: the workers run on Linux."""
    return _SIGNALS[number][0] if number in _SIGNALS else f"signal {number}"


def head_of(exit_code: int) -> str:
    """An exit code as a signature begins with it: `exit 2`, `exit 137 (SIGKILL)`."""
    number = signal_of(exit_code)
    return f"exit {exit_code}" if number is None else f"exit {SIGNAL_BASE + number} ({signal_name(number)})"


def ending_of(exit_code: int | None, reason: str = "") -> Ending:
    """How it ended, from the exit code and what the engine says of it."""
    reason = " ".join(reason.split())
    if _TIME.match(reason):
        return Ending(re.sub(r"\Atimed out", "timeout", reason, flags=re.IGNORECASE), whole=True)
    if unstarted := _UNSTARTED.match(reason):
        what = (unstarted.group(2) or "").rsplit("/", 1)[-1].strip(" '\"")
        return Ending(f"{unstarted.group(1)} · {what}" if what else unstarted.group(1), whole=True)
    if exit_code is None:
        named = _SIGNAL_NAME.search(reason)
        known = {name: number for number, (name, _, _) in _SIGNALS.items()}
        if named is None or named.group(1) not in known:
            return Ending(reason or "no exit code")
        exit_code = SIGNAL_BASE + known[named.group(1)]
    number = signal_of(exit_code)
    if number in _SIGNALS:
        return Ending(head_of(exit_code), word=_SIGNALS[number][1])
    return Ending(head_of(exit_code), word="")


def explain(exit_code: int | None) -> str:
    """An exit code in words: `killed by SIGKILL: usually out of memory or a spot machine taken away`."""
    if exit_code is None:
        return "no exit code was kept: the original engine does not read them"
    number = signal_of(exit_code)
    if number is not None:
        told = _SIGNALS.get(number)
        return f"killed by {signal_name(number)}" + (f": {told[2]}" if told else "")
    known = _CODES.get(exit_code) or _USAGE_CODES.get(exit_code)
    return known or "the program's own code: see its manual"


_ADVICE: Final[tuple[tuple[str, str], ...]] = (
    (
        r"no space left|quota exceeded|ENOSPC",
        "Give the job more disk, or have the script remove what it no longer needs and use the large volume.",
    ),
    (
        r"OutOfMemoryError|heap space|GC overhead",
        "Raise Java's own limit (-Xmx) and the job's memory with it, or split the input.",
    ),
    (
        r"out of memory|cannot allocate|bad_alloc|MemoryError|allocate vector|memory limit|oom[-_ ]?kill",
        "Give the job more memory, use fewer threads, or split the input; then requeue.",
    ),
    (
        r"Expired ?Token|token .*expired|RequestExpired",
        "The credentials ran out while it worked: use the job's role, not pasted keys; then requeue.",
    ),
    (
        r"AccessDenied|Access Denied|not authorized|UnauthorizedOperation|\(403\)|Forbidden",
        "Allow the named action on that bucket or table in the job's IAM role; then requeue.",
    ),
    (r"Unable to locate credentials|InvalidAccessKey", "The job has no credentials: give its definition a job role."),
    (
        r"SlowDown|Throttl|TooManyRequests|RequestLimit|ProvisionedThroughput",
        "AWS asked for fewer requests: run fewer at once, or requeue later.",
    ),
    (
        r"NoSuchBucket|NoSuchKey|\(404\)|HTTP Error 404",
        "The object named is not there: check the bucket, key and region in the script.",
    ),
    (
        r"timed? ?out|TIME LIMIT|Connection (?:reset|refused|aborted)|Could not resolve host|Temporary failure"
        r"|EndpointConnection|Network is unreachable|NODE FAILURE|PREEMPTION",
        "Often passing: requeue, and raise the time limit if it comes back.",
    ),
    (
        r"command not found|\Anot found|No module named|there is no package called|error while loading shared libraries"
        r"|Can't locate \S+ in @INC|Could not find or load main class",
        "The image lacks a program or package: add it or correct its name and PATH, then requeue.",
    ),
    (
        r"GLIBC|illegal instruction|exec format error|UnsupportedClassVersion",
        "The program was built for another kind of host: use an image built for the instances that run it.",
    ),
    (
        r"permission denied|not executable|read-only file system",
        "Check the owner and mode of the file, and that the job may write there.",
    ),
    (
        r"truncated|unexpected end of file|no EOF|EOF marker|crc error|not in gzip format|corrupt"
        r"|invalid compressed data|bgzf|checksum",
        "An input file is damaged or still being written: copy or make it again, check its size, then requeue.",
    ),
    (
        r"index file|fail(?:ed)? to locate the index|could not (?:load|retrieve) index|\.fai|\.dict"
        r"|\[E::\w*idx_load",
        "Make the index of the reference or input file, next to it, and requeue.",
    ),
    (
        r"no such file|cannot open|can't open|couldn't (?:open|read)|fail(?:ed)? to open|does not exist"
        r"|FileNotFound|not found",
        "Check the path and that the step before made the file; then requeue.",
    ),
    (
        r"unrecogni[sz]ed|invalid option|unknown (?:option|argument)|the following arguments are required|usage",
        "The command line is wrong for this version of the program: correct the script.",
    ),
    (
        r"segmentation fault|SIGSEGV|SIGBUS|SIGABRT|assertion",
        "Try once more; if it comes back on the same input, check that input or use another version of the program.",
    ),
)
_ADVICES: Final = tuple((re.compile(pattern, re.IGNORECASE), words) for pattern, words in _ADVICE)
_BY_CODE: Final = {
    2: "Check the arguments and files that the script names.",
    124: "Raise the time limit, or split the work.",
    126: "Make the program executable (chmod +x), and check its first line.",
    127: "Check that the program is installed in the image and on PATH.",
    137: "Look at the job's status reason: give it more memory if it ran out, else requeue.",
    143: "Requeue: the job or its machine was stopped.",
}
_FROM_OUTSIDE: Final = frozenset({137, 143})
"""Ended by somebody else, so that what the program wrote last tells little, unless it is of memory."""
_OF_MEMORY: Final = _ADVICES[1:3]
_OTHERWISE: Final = "Read the log, run the command by hand on one item, then requeue the group."


def advice(signature: str | None, exit_code: int | None = None, stderr: str = "") -> str:
    """What to try, in a sentence: by the signature, else by what is in the end of the log, else by the exit code."""
    number = signal_of(exit_code)
    code = exit_code if number is None else SIGNAL_BASE + number
    written = _OF_MEMORY if code in _FROM_OUTSIDE else _ADVICES
    for told, known in ((signature or "", _ADVICES), (stderr[-4000:], written)):
        for pattern, words in known:
            if told and pattern.search(told):
                return words
    return _BY_CODE.get(code, _OTHERWISE) if code is not None else _OTHERWISE
