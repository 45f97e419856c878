"""Which lines of a log read like an error, and which only say that there was none: "9 done, 0 failed"."""

from __future__ import annotations

import re
from typing import Final

_SPAN: Final = 512
"""Characters at a line's start that are looked at."""
_COLOURS: Final = re.compile("\x1b\\[[0-9;:]{0,64}m")
_WORDS: Final = (
    *("error", "exception", "fatal", "fail", "killed", "traceback", "panic", "abort", "core dumped", "out of memory"),
    *("segmentation fault", "no such file", "no space left", "permission denied", "command not found"),
)
_ERROR: Final = re.compile(
    r"(?:(?<![A-Za-z])(?i:errors?|exceptions?)|(?<=[a-z])(?:Error|Exception))\b"
    r"|\b(?i:fatal|failed|failures?|killed|traceback|panic|abort(?:ed)?|core dumped|out of memory"
    r"|segmentation fault|no such file|no space left|permission denied|command not found)\b"
)

_COUNTED: Final = r"(?:items?|tasks?|jobs?|tests?|steps?|reads?|records?|files?|samples?|lines?|workers?)"
_PLURALS: Final = r"(?:errors|failures|exceptions)"
_WHAT: Final = r"(?:errors?|failures?|failed|exceptions?|fatal|killed|aborted)"
_KIND: Final = r"(?:(?:fatal|other|more|further|serious|new|such|known|unexpected) )?"
_NONE: Final = re.compile(
    # "0 errors", whatever stands before it; but not "v1.0 errors", "10:00 errors" or "rank_0 errors".
    rf"(?<![\w.,:#-])0+ {_KIND}{_PLURALS}\b"
    rf"|(?<![\w.,:#-])0+ {_COUNTED} (?:have |had |were )?{_WHAT}\b"
    # "0 failed" only where a count can stand: "rank 0 failed" and "node 0 aborted" are errors.
    r"|(?:^|[,;(|/\[=>]|:\s|\b(?:and|with|had|has|have|found|were|are|was|is|but|done|passed|ok|succeeded|skipped|total"
    rf"|completed|finished))\s*(?<![\w.])0+ {_KIND}{_WHAT}\b"
    # "no errors", "no tasks failed", "without any failure".
    rf"|\b(?:no|zero|without|without any) {_KIND}{_WHAT}\b"
    rf"|\b(?:no|zero) {_COUNTED} (?:have |had |were )?{_WHAT}\b"
    # "failed: 0", "errors=0", '"failures": 0'; but not "Error: 0 reads mapped".
    rf"|\b{_WHAT}(?: {_COUNTED}| count)?[\"']?\s*[:=]\s*(?:0+|none|false)"
    r"(?=\s*(?:$|[,;|)\]}/]|\.(?:\s|$)|[\"']?[\w ]+[\"']?\s*[:=]))",
    re.IGNORECASE,
)


def without_zero_counts(line: str) -> str:
    """A line less what says in it that nothing failed; the same line where nothing says so."""
    return _NONE.sub(" ", line)


def speaks_of_error(line: str) -> bool:
    """Whether a line reads like an error. It is a place to look at, not a verdict."""
    start = line[:_SPAN]
    if "\x1b" in start:
        start = _COLOURS.sub("", start)
    lower = start.lower()
    # Looking for the words alone is much quicker than the expression, and most lines have none of them.
    if not any(word in lower for word in _WORDS) or _ERROR.search(start) is None:
        return False
    return _ERROR.search(without_zero_counts(start)) is not None
