"""Masks what differs from sample to sample in a line of a log, so that one failure reads the same on all of them.

Names of programs, exceptions and error codes stay: they are what failures are told apart by.
"""

from __future__ import annotations

import re
from typing import Final

_ENDINGS: Final = (
    r"(?:bam|bai|cram|crai|sam|fa|fasta|fai|fq|fastq|vcf|bcf|gvcf|tbi|csi|bed|gtf|gff3?|gz|bgz|zip|tar|tgz|bz2|xz|zst|tsv|csv"
    r"|txt|json|ya?ml|py|R|r|Rmd|rds|RData|pl|sh|nf|jar|log|tmp|h5|h5ad|hdf5|loom|parquet|sqlite|db|dict|interval_list|idx"
    r"|amb|ann|bwt|pac|sa|pdf|html|png|metrics|table|out|err|list|conf|cfg|ini|toml|so|mtx|npz|npy|pkl|bw|bigwig|bigWig|wig"
    r"|2bit|sra|grp|recal|tranches|cpp|cc|c|hpp?|java)"
)
"""Endings by which a word without a slash is known to be a file."""

_CODES: Final = (
    r"(?:HTTP(?:/\d\.\d)?|HTTP Error|[Ss]tatus(?: code)?|[Ee]rror code|[Ee]xit(?:ed)?(?: with)?(?: status| code)?"
    r"|[Ss]ignal|Errno)[ :=]{0,3}\d{1,3}(?!\w)|\([45]\d\d\)"
)
_WORDS: Final = (
    r"(?<![\w.-])(?:sha(?:1|256|512)|md5|utf-?(?:8|16)|u?int(?:8|16|32|64)|float(?:16|32|64)|x86_64|hg(?:19|38)|GRCh3[78]"
    r"|mm(?:9|10|39)|b37|python[23]?|[Gg][Aa][Tt][Kk][34]|log4j|bwa-mem2|minimap2|bowtie2|hisat2|bedtools2|R[34]|[Ss]3|[Ee][Cc]2"
    r"|HDF5|h5py|lz4|bzip2|G1|boto3|urllib3|base64|strelka2|[Mm]utect2|HTTP[12]?|[Ii][Pp]v[46]|DESeq2|[Mm][Aa][Cc][Ss][23])"
    r"(?![\w-])"
)
"""Words with a digit that every sample's log has alike."""

_MONTH: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY: Final = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?"
_UNIT: Final = r"(?: ?(?:[kKMGT]i?[bB]|[kKMGTB]|bytes|bp|ms|s|sec|seconds|min|minutes|h|hours)\b| ?%)?"

_KEPT: Final = ""
_MASKS: Final[tuple[tuple[str, str], ...]] = (
    (_KEPT, r"<[a-z]+>"),
    (_KEPT, _CODES),
    (_KEPT, r"(?:called|named) '[\w.-]+'|\w+(?:/\w+)*\.pm in @INC|\blib[\w+-]+\.so(?:\.\d+)*"),
    (
        "<region>",
        r"['\"]?\b(?:chr(?:\d+|[XYM]|MT|Un\w*)(?:_\w+)?|[Cc]hromosome \w+|scaffold_?\d+|contig_?\d+)"
        r"(?::[\d,]+(?:-[\d,]+)?)?(?![\w.-]*[\w/])['\"]?",
    ),
    ("<secret>", r"(?i:password|passwd|token|secret|api_?key|signature|x-amz-[\w-]+)=[^\s&]+"),
    ("<path>", r"(?:s3|gs|https?|ftp|file|docker|dynamodb)://[^\s'\"<>)\],;]+(?<!\.)"),
    ("<id>", r"arn:aws[\w-]*:[^\s'\"<>)\],;]+"),
    ("<path>", r"\d{12}\.dkr\.ecr\.[^\s'\"]+"),
    ("<path>", r"(?<!\w)(?P<q>['\"])(?=[^'\"]*/)[^'\"]{2,300}(?P=q)"),
    ("<path>", rf"(?<!\w)['\"][^'\"/]{{1,200}}\.{_ENDINGS}['\"]"),
    ("<id>", r"(?<!\w)(?P<w>['\"])(?=[^'\"]*\d)[^'\"\s]{1,200}(?P=w)"),
    ("<path>", rf"(?<![\w<])[\w+@%-][\w.+@%-]*\.{_ENDINGS}(?!\w)"),
    ("<id>", r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
    ("<date>", r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\b"),
    ("<date>", r"\b\d\d/\d\d/\d{2,4}\b(?:[- ]\d\d:\d\d:\d\d)?"),
    ("<date>", rf"\b{_DAY}{_MONTH} +\d{{1,2}}\b(?:,? \d{{4}})?"),
    ("<time>", r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:AM|PM|UTC|GMT))?\b"),
    ("<host>", r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/\d+)?\b"),
    ("<host>", r"\bip-\d+-\d+-\d+-\d+[\w.-]*"),
    ("<host>", r"\b[\w-]+(?:\.[\w-]+)*\.(?:amazonaws\.com|compute\.internal|ec2\.internal)\b(?::\d+)?(?:/\S*)?"),
    ("<id>", r"\b(?:i|vol|subnet|sg|eni|ami|vpc|rtb)-[0-9a-f]{8,17}\b"),
    ("<path>", r"(?<![\w<])(?:~|\.{1,2})?/[^\s'\":;,()\[\]<>|=]+(?<!\.)"),
    ("<path>", r"(?<![\w<])[\w.+@%-]+/(?:[\w.+@%-]+/)+[\w.+@%-]*"),
    ("<path>", r"(?<![\w<])(?=[\w.+@%-]*[\d_.-][\w.+@%-]*/)[\w.+@%-]+/[\w.+@%-]+"),
    ("<hex>", r"\b0x[0-9a-fA-F]+\b"),
    (_KEPT, _WORDS),
    ("<id>", r"(?<![\w<])[\w-]+:\d+:[\w-]+:\d+:\d+:\d+:\d+\b(?:[/#]\d)?"),
    ("<n>", r"(?<![\w<.])[-+]?\d+(?:,\d{3})*(?:\.\d+)*(?:[eE][-+]?\d+)?" + _UNIT + r"(?![\w-])"),
    ("<id>", r"(?<![\w<])(?=[\w.+-]*\d)[A-Za-z0-9](?:[\w.+-]*\w)?"),
)
"""What is masked by what, the first that matches at a place; an empty mask keeps the text as it is."""

_MASK: Final = re.compile("|".join(f"(?P<m{index}>{pattern})" for index, (_, pattern) in enumerate(_MASKS)))
_MASK_OF: Final = {f"m{index}": mask for index, (mask, _) in enumerate(_MASKS)}

_DATE: Final = (
    rf"(?:\d{{4}}[-/]\d\d[-/]\d\d|\d\d[-/]\d\d[-/]\d{{2,4}}"
    rf"|{_DAY}{_MONTH} +\d{{1,2}}(?:,? \d{{4}})?|\d{{1,2}} {_MONTH} \d{{4}})"
)
_CLOCK: Final = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?(?:AM|PM|UTC|GMT|Z|[+-]\d\d:?\d\d))?"
_LEVEL: Final = re.compile(r"\A[\[(]?(?:ERROR|FATAL|CRITICAL|SEVERE|EXCEPTION)[\])]?\s*[:|-]*\s+(?=\S)")
_STAMP: Final = re.compile(rf"\A[\[(]*(?:{_DATE}[T ,]*)?{_CLOCK}[\]),;:|]*\s*[-|]*\s*")
_SHELL: Final = re.compile(r"\A\S+: (?:line )?\d+: +(?:\d+ +)?(?=\S)")
_SIGNALLED: Final = re.compile(
    r"\A(?:\d+ +)?(Killed|Segmentation fault|Aborted|Bus error|Illegal instruction|Floating point exception"
    r"|Terminated)\b"
    r"(?:\s+\(core dumped\))?(?:\s.*)?\Z"
)
_DISK_FULL: Final = re.compile(r"No space left on device|Disk quota exceeded", re.I)
_OOM: Final = re.compile(
    r"oom-kill|oom_kill|Out of memory: Kill(?:ed)? process|Exceeded (?:job|step) memory limit", re.I
)
_FOLDED: Final = (
    (re.compile(r"\AException in thread (?:\"[^\"]*\"|\S+) "), ""),
    (re.compile(r"\ACaused by: "), ""),
    (re.compile(r"\A\*+ ?"), ""),
    (re.compile(r"\A(?:slurmstepd|srun): error: .*?(?=(?:CANCELLED|Detected|Exceeded) )"), "slurm: "),
    (re.compile(r"CANCELLED AT \S+ "), "CANCELLED "),
    (re.compile(r"(?: ?\*+|\s*[-.=]{3,})\Z"), ""),
    (re.compile(r"\s+"), " "),
    (re.compile(r"\AIn [\w.:]+\(.*?\) : "), ""),
    (re.compile(r"\A.*?(?=An error occurred \()"), ""),
    (re.compile(r"\A(?:/\S*/)?-?(?:ba|da|z|k)?sh: "), ""),
)
_R_ERROR: Final = re.compile(r"Error in ([\w.:]+).*? ?:\s+(.*)\Z")
_PROGRAM: Final = re.compile(
    r"\A(?:\[[EW]::\w+\] |[\w.+-]{1,40}: (?=command not found)|curl: \(\d+\) |[\w.+-]{1,40}: (?=error: )"
    r"|[a-z][a-z+-]{0,20}\d?: |\w[\w.$]{1,120}(?:Error|Exception): )"
)
_SAMPLE: Final = re.compile(
    r"\b((?:[Ss]amples?|SAMPLE|SM|ID|[Rr]ead ?group|[Rr]ead|[Rr]equest ?[Ii][Dd]|[Hh]ost ?[Ii][Dd]|[Jj]ob ?[Ii][Dd]"
    r"|pid)(?: name| id)?(?:=|: ?)(?!(?:unbound|unknown|not|no|is|missing|invalid)\b))['\"]?[^\s,;:)>\]'\"]+['\"]?"
)
_SAMPLE_QUOTED: Final = re.compile(r"\b([Ss]amples?(?: names?| id)?,? )(['\"])[^'\"]{1,200}\2")
_REPEATED: Final = re.compile(r"(<[a-z]+>)(?:(?:, ?|; ?| and | |:|-|\.\.|/|_)\1)+")
_NO_FILE: Final = re.compile(
    r"\A(?P<before>.*?)(?:\[Errno 2\] )?\(?No such file or directory\)?[:,.]? ?(?P<after>.*)\Z"
)
_SMALL_TOOL: Final = re.compile(
    r"\A(?:/\S*/)?(?:ba|da|z|k)?(?:sh|cat|ls|cp|mv|rm|ln|head|tail|wc|cut|sort|uniq|paste|join|grep|awk|gawk|sed|tar|gzip"
    r"|gunzip|pigz|md5sum|mkdir|touch|stat|du|tee|xargs|find|split|cmp|diff|comm|chmod|chown|readlink|realpath|rsync|cd"
    r"|source): (?:(?:cannot|can't|could not|unable to|failed to) \w+(?: for reading)?:? ?)?"
)
_QUOTES: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "`": "'"})


def mask(line: str) -> str:
    """The line with everything that differs between samples, hosts and days as `<path>`, `<id>`, `<n>` and the like.

    Stamps, log levels and a shell's `script: line 7:` before the message go; some messages that every program words
    in its own way are folded into one (a missing file, a kill for lack of memory).
    """
    line = line.strip().translate(_QUOTES)
    for pattern in (_STAMP, _LEVEL, _STAMP, _SHELL):
        line = pattern.sub("", line, count=1)
    if _OOM.search(line):
        return "Out of memory: killed by the kernel"
    if full := _DISK_FULL.search(line):
        return full.group().capitalize()
    if signalled := _SIGNALLED.match(line):
        return signalled.group(1)
    for pattern, plain in _FOLDED:
        line = pattern.sub(plain, line)
    if call := _R_ERROR.match(line):
        line = f"Error in {call.group(1)}: {call.group(2).strip()}"
    program = _PROGRAM.match(line)
    kept = program.group() if program else ""
    rest = _SAMPLE_QUOTED.sub(r"\1<id>", _SAMPLE.sub(r"\1<id>", line[len(kept) :]))
    return _no_file(_REPEATED.sub(r"\1", kept + _MASK.sub(_masked, rest)).strip())


def _masked(match: re.Match[str]) -> str:
    return _MASK_OF[match.lastgroup or ""] or match.group()


def _no_file(line: str) -> str:
    """A missing file said in one way, however the program said it."""
    found = _NO_FILE.match(line)
    if found is None:
        return line
    before = _SMALL_TOOL.sub("", found["before"]).strip(" :'\"")
    what = found["after"].strip(" .'\"")
    if not what and before.endswith("<path>"):
        before, what = before.removesuffix("<path>").rstrip(" :'\""), "<path>"
    missing = f"No such file {what}".rstrip()
    return f"{before}: {missing}" if before else missing
