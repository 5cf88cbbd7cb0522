"""`python3 -m switchyard follow`: keeps a file, a command, a load balancer or a local HTTP read as the flags of a stash are.

It stands beside switchyard.py, whose client keeps the flags, and needs the standard library only. Options, messages and
the files are those of `switchyard follow` of the command line. The address of the stash is in SWITCHYARD_URL and
SWITCHYARD_STASH. Its sections: options, formats, flagd, files, tasks and commands, answers, servers, the follower.

It runs until SIGTERM or Ctrl-C. All that it does comes from the last known values, through any outage of the service, and a
time-box ends by the clock.
"""

from __future__ import annotations

import asyncio
import email.utils
import errno
import json
import math
import os
import re
import secrets
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple
from urllib.parse import parse_qsl, urlsplit

import switchyard

DONE, REFUSED, MISUSED, INTERRUPTED = 0, 1, 2, 130

# Options.

_USAGE = """\
usage: python3 -m switchyard follow [--file PATH] [--agent-check PORT] [--listen PORT] [--exec COMMAND …]

  --file PATH          keep this file as the flags are; it is replaced as a whole
  --format FORMAT      of the file: json (where nothing is said), env, nginx-map or flagd
  --prefix NAME        of each name in the format env: SHOP_
  --keys a,b.*         only these flags, by keys and patterns
  --state FILE         keep the last known flags, for a start in an outage
  --agent-check PORT   answer HAProxy's agent-check, by --flag
  --flag KEY           what --agent-check tells: a switch, a state, a percentage or a split
  --variant NAME       of a split: the name whose share is the weight
  --listen PORT        answer /flags, /item/KEY, /gate/KEY and /healthz over HTTP
  --timeout 30s        after which --exec is killed, with its children
  --quiet              no messages but errors
  --exec COMMAND …     run this at the start and after each change: all words that follow

SWITCHYARD_URL and SWITCHYARD_STASH have the address. Ports are of this machine alone, unless a host is given: 0.0.0.0:8790."""

_VALUED = ("file", "format", "prefix", "keys", "state", "agent-check", "flag", "variant", "listen", "timeout")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PATTERNS_MAX, _KEYS_MAX = 20, 1_000
_KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Misuse(Exception):
    """Wrong usage: nothing was done."""


class _Stopped(Exception):
    """The follower cannot begin. The message says why."""


class Endpoint(NamedTuple):
    host: str
    port: int


class Spec(NamedTuple):
    url: str
    stash: str
    keys: List[str]
    state: Optional[str]
    file: Optional[str]
    # None: flagd's, which asks the service.
    format: Optional["Format"]
    words: Optional[List[str]]
    limit: float
    agent: Optional[Endpoint]
    flag: str
    variant: Optional[str]
    listen: Optional[Endpoint]
    quiet: bool


def parse_spec(arguments: Sequence[str], environ: Mapping[str, str]) -> Spec:
    """Raises Misuse."""
    given, words, quiet = _split_options(arguments)
    file, agent, listen = given.get("file"), given.get("agent-check"), given.get("listen")
    if file is None and agent is None and listen is None and words is None:
        raise Misuse("follow takes at least one of --file, --agent-check, --listen and --exec.")
    for options, fulfilled, other in (
        (("format",), file is not None, "--file"),
        (("prefix",), given.get("format") == "env", "--format env"),
        (("flag", "variant"), agent is not None, "--agent-check"),
        (("timeout",), words is not None, "--exec"),
    ):
        for option in options:
            if option in given and not fulfilled:
                raise Misuse(f"--{option} goes with {other}.")
    if agent is not None and not _KEY.fullmatch(given.get("flag", "")):
        raise Misuse("--agent-check takes --flag <key>: the flag that it tells HAProxy.")
    url, stash = environ.get("SWITCHYARD_URL", ""), environ.get("SWITCHYARD_STASH", "")
    if not url or not stash:
        raise Misuse("Set SWITCHYARD_URL and SWITCHYARD_STASH: the address of the service, with /api, and the stash.")
    return Spec(
        url=url,
        stash=stash,
        keys=_parse_keys(given.get("keys")),
        state=given.get("state"),
        file=file,
        format=_parse_format(given.get("format", "json"), given.get("prefix", "")),
        words=words,
        limit=_parse_duration(given.get("timeout", "30s")),
        agent=None if agent is None else parse_endpoint("--agent-check", agent),
        flag=given.get("flag", ""),
        variant=given.get("variant"),
        listen=None if listen is None else parse_endpoint("--listen", listen),
        quiet=quiet,
    )


def _split_options(arguments: Sequence[str]) -> Tuple[Dict[str, str], Optional[List[str]], bool]:
    given: Dict[str, str] = {}
    quiet, rest = False, list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word[2:].partition("=")
        if word == "--exec":
            return given, _check_words(rest), quiet
        if word in ("-q", "--quiet"):
            quiet = True
        elif word.startswith("--") and name in _VALUED and (equals or rest):
            given[name] = value if equals else rest.pop(0)
        else:
            raise Misuse(f"{word[:60]} is no option with a value of follow.\n{_USAGE}")
    return given, None, quiet


def _check_words(words: List[str]) -> List[str]:
    if not words or not words[0].strip():
        raise Misuse("--exec takes a command.")
    if len(words) > 1 and re.search(r"\s", words[0]):
        raise Misuse(
            f'All words after --exec are its command, so other options stand before it; "{words[0][:60]}" is no program.'
        )
    return words


def _parse_keys(text: Optional[str]) -> List[str]:
    keys = [] if text is None else [key.strip() for key in text.split(",")]
    for key in keys:
        if not re.fullmatch(r"[A-Za-z0-9._*-]{1,128}", key):
            raise Misuse(f'--keys takes keys and patterns, such as shop.*,ops.on-call; "{key[:60]}" is neither.')
    if len(keys) > _KEYS_MAX or sum("*" in key for key in keys) > _PATTERNS_MAX:
        raise Misuse(f"--keys takes {_KEYS_MAX} entries, of which {_PATTERNS_MAX} may be patterns.")
    return keys


def _parse_format(name: str, prefix: str) -> Optional["Format"]:
    if not re.fullmatch(r"(?:[A-Za-z_][A-Za-z0-9_]{0,63})?", prefix):
        raise Misuse(f'--prefix takes the beginning of a name of a variable, such as SHOP_; "{prefix[:60]}" is not one.')
    formats: Dict[str, Optional[Format]] = {
        "json": to_json,
        "env": lambda flags: to_env(flags, prefix),
        "nginx-map": to_nginx_map,
        "flagd": None,
    }
    if name not in formats:
        raise Misuse(f'--format takes {", ".join(formats)}; "{name[:60]}" is not one.')
    return formats[name]


def _parse_duration(text: str) -> float:
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    if match is None:
        raise Misuse(f'--timeout takes a duration such as 90s, 30m or 2h; "{text[:60]}" is not one.')
    return float(match[1]) * _UNITS[match[2]]


def parse_endpoint(option: str, text: str) -> Endpoint:
    """`[HOST:]PORT`, this machine alone unless a host is given. Raises Misuse."""
    match = re.fullmatch(r"(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]+)):)?([0-9]{1,5})", text)
    if match is None or int(match[3]) > 65_535:
        raise Misuse(f'{option} takes a port, or <host>:<port>; "{text[:60]}" is neither. 0 is a free port.')
    return Endpoint(match[1] or match[2] or "127.0.0.1", int(match[3]))


def create_matcher(entries: Sequence[str]) -> Callable[[str], bool]:
    """Matches what any of the keys and patterns matches; `*` is any run of characters. Each pattern takes linear time."""
    keys, patterns = set(entries), [entry.split("*") for entry in entries if "*" in entry]

    def matches(pieces: Sequence[str], key: str) -> bool:
        if len(key) < sum(map(len, pieces)) or not key.startswith(pieces[0]) or not key.endswith(pieces[-1]):
            return False
        at, end = len(pieces[0]), len(key) - len(pieces[-1])
        for piece in pieces[1:-1]:
            # The first place is the best one, because it leaves the most for the pieces after it.
            found = key.find(piece, at, end)
            if found == -1:
                return False
            at = found + len(piece)
        return at <= end

    return lambda key: key in keys or any(matches(pieces, key) for pieces in patterns)


# Formats. Each either writes every flag so that its reader gets the exact text back, or refuses the whole file.

Flags = Sequence[Tuple[str, str]]
Format = Callable[[Flags], str]


class CannotRender(Exception):
    """The message says which flag the format cannot write, and why."""


def to_json(flags: Flags) -> str:
    """One JSON object, a line for each flag. The texts are those of the service: `false` is `"false"`."""
    lines = [f"  {_to_json_text(key)}: {_to_json_text(text)}" for key, text in flags]
    return "{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n"


def _to_json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=not _is_encodable(text))


def to_env(flags: Flags, prefix: str) -> str:
    """`NAME='text'` lines, which sh sources and systemd reads as an EnvironmentFile. Both get the exact text.

    A quote and a backslash stand in double quotes: systemd reads `'\\''` in another way, and so do older versions of it a
    backslash in single quotes.
    """
    clash = _find_clash(flags, lambda key: to_env_name(key, prefix))
    if clash is not None:
        raise CannotRender(
            f"the flags {clash[0]} and {clash[1]} would both be {clash[2]}; rename one, or leave one out with --keys"
        )
    lines = []
    for key, text in flags:
        name = to_env_name(key, prefix)
        if not prefix and _RESERVED.fullmatch(name):
            raise CannotRender(f"the flag {key} would set {name}, which decides what programs run; give names a --prefix")
        if "\0" in text or not _is_encodable(text):
            raise CannotRender(f"{_describe_flag(key, text)}, which no environment can hold")
        quoted = text.replace("\\", "\0").replace("'", "'\"'\"'").replace("\0", "'\"\\\\\"'")
        lines.append(f"{name}='{quoted}'\n")
    return "".join(lines)


def to_env_name(key: str, prefix: str = "") -> str:
    """`checkout.maintenance-mode` is `CHECKOUT_MAINTENANCE_MODE`. A name cannot begin with a digit."""
    name = (prefix + key).upper().replace(".", "_").replace("-", "_")
    return f"_{name}" if name[:1].isdigit() else name


# Who may write a flag must not decide what a shell, a loader or an interpreter runs.
_RESERVED = re.compile(
    r"PATH|IFS|ENV|HOME|SHELL|SHELLOPTS|BASHOPTS|BASH_.*|PS[0-9]|PROMPT_COMMAND|PPID|UID|EUID|LD_.*|DYLD_.*|GCONV_PATH|LOCPATH"
    r"|NODE_.*|PYTHON.*|PERL.*|RUBY.*|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|GIT_.*"
)

# A word must fit into nginx's buffer of 4,096 bytes with its quotes.
_WORD_MAX_BYTES = 4_000
_NGINX_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def to_nginx_map(flags: Flags) -> str:
    """`"<key>" "<text>";` lines, for `include` within a `map` of nginx."""
    # A map ignores the case of its keys, and refuses the same key twice.
    clash = _find_clash(flags, str.lower)
    if clash is not None:
        raise CannotRender(f"nginx takes the flags {clash[0]} and {clash[1]} for the same key; leave one out with --keys")
    lines = []
    for key, text in flags:
        if "$" in text:
            raise CannotRender(f"{_describe_flag(key, text)}, and nginx reads $ as a variable")
        if "\0" in text or not _is_encodable(text):
            raise CannotRender(f"{_describe_flag(key, text)}, which nginx cannot read")
        word = f'"{"".join(_NGINX_ESCAPES.get(c, c) for c in text)}"'
        if len(word.encode()) > _WORD_MAX_BYTES:
            raise CannotRender(f"the flag {key} has a value that is longer than the {_WORD_MAX_BYTES} bytes that nginx reads")
        # Parameters of `map`. A flag of such a name, `include` above all, must not become one.
        escaped = f"\\{key}" if key in ("default", "hostnames", "include", "volatile") else key
        lines.append(f'"{escaped}" {word};\n')
    return "".join(lines)


def _find_clash(flags: Flags, to_name: Callable[[str], str]) -> Optional[Tuple[str, str, str]]:
    by_name: Dict[str, str] = {}
    for key, _ in flags:
        name = to_name(key)
        if name in by_name:
            return by_name[name], key, name
        by_name[name] = key
    return None


def _is_encodable(text: str) -> bool:
    """Whether the text has no halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _describe_flag(key: str, text: str) -> str:
    shown = json.dumps(text)[1:-1]
    cut = f'"{shown[:59]}…" ({len(text)} characters)' if len(shown) > 60 else f'"{shown}"'
    return f"the flag {key} has the value {cut}"


# flagd. The service writes the document: definitions follow from guards, which the follower does not know. Without an
# answer, the last document stays, but for flags whose value is another one by the clock or by an override: their definition
# is made from the old one, which shows the type.

_ON_OFF = {"on": True, "off": False}


class FlagdDocument:
    def __init__(self, source: "Source", path: str) -> None:
        self._source, self._path = source, path
        self._known: Optional[Dict[str, Any]] = None

    def render(self) -> Tuple[str, Optional[Exception]]:
        """The text, and why it lacks the newest changes: None if it has them. Raises the latter if no document is known."""
        source, failure = self._source, None
        revision = source.client.status().revision or 0
        try:
            self._known = _parse_document(source.fetch(f"flagd.json?min_revision={revision}"))
            if self._known is None:
                raise switchyard.NoAnswerError("The answer is not a document of flagd.")
        except Exception as fault:
            failure = fault
            # That of a follower before this one.
            self._known = self._known or _parse_document(_read_old(self._path) or "")
            if self._known is None:
                raise
        flags = {key: old for key, old in self._known["flags"].items() if source.is_selected(key)}
        for key, text, is_reverted in source.list_moved():
            # The service knows the end of the time-box itself.
            if is_reverted and failure is None:
                continue
            if text is None:
                flags.pop(key, None)
            else:
                flags[key] = to_definition(flags.get(key), text, is_reverted)
        document = json.dumps({**self._known, "flags": flags}, separators=(",", ":")) + "\n"
        version = str(self._known["metadata"].get("version", ""))
        is_behind = failure is not None and not (version.isdigit() and int(version) >= revision)
        return document, failure if is_behind else None


def _parse_document(text: str) -> Optional[Dict[str, Any]]:
    try:
        raw = json.loads(text)
    except ValueError:
        return None
    is_one = isinstance(raw, dict) and isinstance(raw.get("flags"), dict) and isinstance(raw.get("metadata"), dict)
    return raw if is_one else None


def to_definition(old: Optional[Mapping[str, Any]], text: str, is_reverted: bool) -> Dict[str, Any]:
    metadata: Dict[str, Any] = {"version": (old or {}).get("metadata", {}).get("version", 0)}
    if is_reverted:
        metadata["reverted"] = True
    try:
        value = _to_value((old or {"variants": {"default": ""}})["variants"], text)
    except Exception:
        metadata["disabled"] = "The value does not have the type that the flag had."
        return {"state": "DISABLED", "variants": {"default": {}}, "defaultVariant": None, "metadata": metadata}
    return {"state": "ENABLED", **value, "metadata": metadata}


def _to_value(variants: Mapping[str, Any], text: str) -> Dict[str, Any]:
    """Raises an exception if the text does not have the type that these variants show."""
    if variants.get("on") is True and variants.get("off") is False:
        if text in ("true", "false"):
            return {"variants": _ON_OFF, "defaultVariant": "on" if text == "true" else "off"}
        shares = switchyard._percentage(text)
        return _to_shares([("on" if is_on else "off", weight) for is_on, weight in shares], _ON_OFF)
    if "default" not in variants:
        try:
            shares = [(name, weight) for name, weight in switchyard._split(text) if weight > 0]
        except switchyard._TypeMismatch:
            return {"variants": {text: text}, "defaultVariant": text}
        return _to_shares(shares, {name: name for name, _ in shares})
    kind = type(variants["default"])
    if kind is str:
        return {"variants": {"default": text}, "defaultVariant": "default"}
    value = switchyard._number(text) if kind in (int, float) else switchyard._json(text)
    if value is None or isinstance(value, list):
        raise switchyard._TypeMismatch
    return {"variants": {"default": value}, "defaultVariant": "default"}


def _to_shares(shares: Sequence[Tuple[str, float]], variants: Mapping[str, Any]) -> Dict[str, Any]:
    """As the service writes shares: a share has every bucket below its end."""
    wanted = [(name, weight) for name, weight in shares if weight > 0]
    if len(wanted) == 1:
        return {"variants": variants, "defaultVariant": wanted[0][0]}
    total, so_far, before, fractional = sum(weight for _, weight in wanted), 0.0, 0, []
    for name, weight in wanted:
        so_far += weight
        end = so_far / total * switchyard.BUCKETS
        whole = math.floor(end + 0.5)
        # 33.3 of 100 is 33,300 buckets, although floating point gives a little more or less.
        last = min(whole if abs(end - whole) < 1e-6 else math.ceil(end), switchyard.BUCKETS)
        fractional.append([name, last - before])
        before = last
    return {"variants": variants, "defaultVariant": None, "targeting": {"fractional": fractional}}


# Files.

_DRAFT_MAX_AGE = 60.0
_FILE_MAX_BYTES = 2**26
_ERRNO_TEXTS = {
    errno.ENOENT: "its folder does not exist",
    errno.ENOTDIR: "its folder is not a folder",
    errno.EACCES: "this user may not write to its folder",
    errno.EPERM: "this user may not write to its folder",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EBUSY: "the file itself is mounted; mount its folder instead",
    errno.EXDEV: "the file itself is mounted; mount its folder instead",
}


class _NotAFile(Exception):
    pass


def replace_file(path: str, text: str, mode: int) -> None:
    """Replaces the file as a whole: a reader sees the old text or the new one, also after a crash. Raises OSError, _NotAFile.

    A link stays, and the file that it leads to is replaced. A file that exists keeps its mode and its owner.
    """
    target = os.path.realpath(path)
    try:
        old: Optional[os.stat_result] = os.stat(target)
    except FileNotFoundError:
        old = None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise _NotAFile(f"{path} is not a file")
    # An unpredictable name: in a folder that others can write to, they could put a link under a known one.
    draft = _draft_prefix(target) + secrets.token_hex(8)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(text.encode())
            if old is not None:
                os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
                try:
                    os.fchown(descriptor, old.st_uid, old.st_gid)
                except PermissionError:
                    pass  # only root may give a file away
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise
    _sync_folder(os.path.dirname(target))


def _sync_folder(folder: str) -> None:
    """Without it, a loss of power could undo the rename. Some file systems cannot do it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        pass


def _draft_prefix(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.switchyard-")


def _delete_old_drafts(path: str) -> None:
    """Deletes the drafts that killed processes have left. What cannot be deleted stays."""
    prefix = _draft_prefix(os.path.realpath(path))
    try:
        for entry in os.scandir(os.path.dirname(prefix)):
            if entry.path.startswith(prefix) and time.time() - entry.stat(follow_symlinks=False).st_mtime > _DRAFT_MAX_AGE:
                os.unlink(entry.path)
    except OSError:
        pass


def _read_old(path: str) -> Optional[str]:
    """None: there is no such file, or it cannot be read. It may still be replaced."""
    try:
        if os.stat(path).st_size > _FILE_MAX_BYTES:
            return None
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None


def describe_file_fault(fault: Exception) -> str:
    if isinstance(fault, OSError) and fault.errno in _ERRNO_TEXTS:
        return f"{_ERRNO_TEXTS[fault.errno]} ({errno.errorcode[fault.errno]})"
    return str(fault)


# Tasks and commands.


class FailureLog:
    """Reports failures of one thing, and its recovery. A failure that repeats is reported once."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._last: Optional[str] = None

    def fail(self, message: str) -> None:
        if message != self._last:
            self._warn(message)
        self._last = message

    def succeed(self, message: str) -> None:
        if self._last is not None:
            self._warn(message)
        self._last = None


class Task:
    """Runs a task once at a time, in a thread of its own. Requests that come meanwhile become one more run.

    A run that fails is repeated after a back-off, or at once if there is a new request.
    """

    def __init__(
        self,
        run: Callable[[], None],
        on_failure: Callable[[Exception], None],
        first: float,
        most: float,
        stop: threading.Event,
    ) -> None:
        self._run, self._on_failure, self._stop = run, on_failure, stop
        self._back_off = switchyard._BackOff(first, most)
        self._requested = threading.Event()
        self._thread = threading.Thread(target=self._run_all, daemon=True)
        self._thread.start()

    def request(self) -> None:
        self._requested.set()

    def end(self, seconds: float) -> None:
        """After `stop` is set: waits for the run that is under way."""
        self._requested.set()
        self._thread.join(seconds)

    def _run_all(self) -> None:
        while self._requested.wait() and not self._stop.is_set():
            self._requested.clear()
            try:
                self._run()
                self._back_off.reset()
            except Exception as fault:
                if self._stop.is_set():
                    return
                self._on_failure(fault)
                self._requested.wait(self._back_off.next())
                self._requested.set()


class CommandFailed(Exception):
    pass


# Between the request to end and the kill.
_GRACE = 2.0


def run_command(words: Sequence[str], environ: Mapping[str, str], limit: float, stop: threading.Event) -> None:
    """Runs a command in a process group of its own. Raises CommandFailed, OSError.

    At the time limit, and at `stop`, it is killed with its children. One word is a line for the shell, several are a program
    and its arguments.
    """
    process = subprocess.Popen(
        words[0] if len(words) == 1 else list(words),
        shell=len(words) == 1,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=2,
        start_new_session=True,
    )
    until, killed = time.monotonic() + limit, None
    while True:
        try:
            code = process.wait(0.1)
            break
        except subprocess.TimeoutExpired:
            if killed is None and (stop.is_set() or time.monotonic() > until):
                killed = f"it did not end within {limit:g} s, and was killed"
                if stop.is_set():
                    killed = "it was ended with the follower"
                _send_signal(process.pid, signal.SIGTERM)
                until = time.monotonic() + _GRACE
            elif killed is not None and time.monotonic() > until:
                _send_signal(process.pid, signal.SIGKILL)
    if killed is not None:
        # What the command left in its group ends too.
        _send_signal(process.pid, signal.SIGKILL)
        raise CommandFailed(killed)
    if code != 0:
        raise CommandFailed(f"it ended with {code}" if code > 0 else f"it was ended by {signal.Signals(-code).name}")


def _send_signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except OSError:
        pass  # it has ended


# Answers, from memory.

_WORDS = {"true": "maint", "false": "up ready", "ready": "up ready 100%", "drain": "drain", "maint": "maint"}


def to_agent_line(text: Optional[str], variant: Optional[str]) -> str:
    """The line of HAProxy's agent-check for the text of a flag. A line that is a comment changes nothing.

    HAProxy keeps what an earlier line said until a later one says otherwise, so a weight comes with `ready`, which ends a drain
    or a maintenance, and `ready` of a text with a weight of 100%.
    """
    if text is None:
        return "# no such flag"
    if variant is not None:
        try:
            shares = dict(switchyard._split(text))
        except Exception:
            shares = {}
        if variant not in shares:
            return "# not a split with this variant"
        return _to_weight(shares[variant] / sum(shares.values()) * 100)
    word = text.strip(switchyard._JS_BLANKS)
    if word in _WORDS:
        return _WORDS[word]
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%?", word)
    return _to_weight(float(match[1])) if match is not None and float(match[1]) <= 100 else "# not a state or a weight"


def _to_weight(percent: float) -> str:
    """In whole percent. A part of one percent is not rounded to nothing, which would take the server out."""
    return f"up ready {max(1, math.floor(percent + 0.5)) if percent > 0 else 0}%"


class Answer(NamedTuple):
    status: int
    headers: Dict[str, str]
    body: str = ""


_FETCH_SECONDS = 5.0
_RETRY_AFTER, _RETRY_AFTER_MAX = 30, 24 * 60 * 60
_VALUE_MAX = 200
_STATUS_TEXTS = {200: "OK", 204: "No Content", 304: "Not Modified", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
_STATUS_TEXTS.update({405: "Method Not Allowed", 503: "Service Unavailable"})


def _to_iso(seconds: float) -> str:
    at = datetime.fromtimestamp(round(seconds * 1000) / 1000, timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Source:
    """The selected flags of a client."""

    def __init__(self, client: switchyard.Client, stash: str, keys: Sequence[str]) -> None:
        self.client, self.address = client, stash
        self.is_selected = create_matcher(keys or ["*"])

    @property
    def stash(self) -> str:
        """As the service names it; its slug as long as the id is not known."""
        return self.client._stash_id or self.address

    @property
    def now(self) -> float:
        return self.client._clock.now()

    def read(self, key: str) -> Optional[str]:
        return self.client.get(key)

    def list(self, matches: Optional[Callable[[str], bool]] = None) -> List[Tuple[str, str]]:
        chosen = matches or self.is_selected
        return sorted((key, text) for key, text in self.client.all().items() if chosen(key))

    def list_moved(self) -> List[Tuple[str, Optional[str], bool]]:
        """The selected flags with another value than the service has sent: by the end of a time-box, or an override."""
        cache, overridden, now = self.client._cache, self.client._override, self.now
        ended = [(key, end.to, True) for key, end in cache.reverts.items() if end.at <= now and key not in overridden]
        moved: List[Tuple[str, Optional[str], bool]] = [*ended, *((key, text, False) for key, text in overridden.items())]
        return [one for one in moved if self.is_selected(one[0])]

    def fetch(self, route: str) -> str:
        """Raises RefusedError and NoAnswerError."""
        return self.client._call("GET", f"/stash/{self.stash}/{route}", {}, None, _FETCH_SECONDS)[1]

    def list_reverts(self, matches: Callable[[str], bool]) -> Dict[str, Any]:
        """The time-boxes that have not ended, without those of overridden flags."""
        now, overridden = self.now, self.client._override
        pending = self.client._cache.reverts.items()
        return {key: end for key, end in sorted(pending) if matches(key) and end.at > now and key not in overridden}


class LocalAnswers:
    """The answers of a follower over HTTP: those of the service for the same path, as far as a follower can know them."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def answer(self, target: str, if_none_match: Optional[str] = None) -> Answer:
        split = urlsplit(target)
        path, query = re.sub(r"^/api(?=/)", "", split.path), parse_qsl(split.query, keep_blank_values=True)
        if path == "/healthz":
            return self._answer_health()
        flags = re.fullmatch(r"(?:/stash/([^/]+))?/flags", path)
        other = re.fullmatch(r"/(gate|item)/(?:([^/]+)/)?([^/]+)", path)
        if flags is None and other is None:
            detail = "A follower has /flags, /item/KEY, /gate/KEY and /healthz."
            return self._refuse(404, "route_not_found", "There is no such path", detail)
        stash = flags[1] if flags is not None else other[2] if other is not None else None
        if stash not in (None, self._source.address, self._source.stash):
            return self._refuse(404, "stash_not_found", "Another stash", "This follower follows another stash.")
        if flags is not None or other is None:
            return self._answer_flags(query, if_none_match)
        if not _KEY.fullmatch(other[3]):
            return self._refuse(400, "invalid_key", "Not a key", "A key is 1 to 128 of A-Z a-z 0-9 . _ -.")
        return self._answer_item(other[3]) if other[1] == "item" else self._answer_gate(other[3], query)

    def _is_empty(self) -> bool:
        return self._source.client.status().revision is None

    def _headers(self) -> Dict[str, str]:
        status = self._source.client.status()
        confirmed = "" if status.confirmed_at is None else f"; as-of={_to_iso(status.confirmed_at)}"
        return {
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Switchyard-Revision": str(status.revision or 0),
            "Switchyard-Source": f"follower; {status.state}{confirmed}",
        }

    def _reply(self, status: int, body: Any, headers: Mapping[str, str] = {}) -> Answer:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n"
        return Answer(status, {**self._headers(), "Content-Type": "application/json; charset=utf-8", **headers}, text)

    def _refuse(self, status: int, code: str, title: str, detail: str) -> Answer:
        headers = {"Content-Type": "application/problem+json; charset=utf-8", "Switchyard-Problem": code}
        if status == 503:
            headers["Retry-After"] = "1"
        problem = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
        return self._reply(status, problem, headers)

    def _refuse_query(self, detail: str) -> Answer:
        return self._refuse(400, "invalid_query", "The query is not valid", f"{detail}.")

    def _refuse_empty(self) -> Answer:
        detail = "The service has not answered, and there is no state file."
        return self._refuse(503, "no_flags_yet", "No flags are known yet", detail)

    def _answer_flags(self, query: Sequence[Tuple[str, str]], if_none_match: Optional[str]) -> Answer:
        if any(name != "keys" for name, _ in query):
            return self._refuse_query('a follower knows the parameter "keys" only')
        entries = [entry for entry in query[0][1].split(",") if entry] if query else ["*"]
        if len(entries) > _KEYS_MAX or sum("*" in entry for entry in entries) > _PATTERNS_MAX:
            return self._refuse_query(f'"keys" takes {_KEYS_MAX} keys, of which {_PATTERNS_MAX} may be patterns')
        if self._is_empty():
            return self._refuse_empty()
        source, chosen, status = self._source, create_matcher(entries), self._source.client.status()

        def matches(key: str) -> bool:
            return source.is_selected(key) and chosen(key)

        tag = f'"{status.revision}{"+r" if status.reverted else ""}"'
        # With overrides the body is not that of a revision.
        headers = {} if status.overridden else {"ETag": tag}
        known = [re.sub("^W/", "", one.strip()) for one in (if_none_match or "").split(",")]
        if headers.get("ETag") in known and not status.reverted:
            return Answer(304, {**self._headers(), **headers})
        body: Dict[str, Any] = {"stash_id": source.stash, "revision": status.revision, "flags": dict(source.list(matches))}
        reverts = {key: {"at": _to_iso(end.at), "to": end.to} for key, end in source.list_reverts(matches).items()}
        if reverts:
            body["reverts"] = reverts
        return self._reply(200, body, headers)

    def _answer_item(self, key: str) -> Answer:
        if self._is_empty():
            return self._refuse_empty()
        text = self._source.read(key) if self._source.is_selected(key) else None
        if text is None:
            return Answer(404, {**self._headers(), "Switchyard-Problem": "item_not_found"})
        return Answer(200, {**self._headers(), "Content-Type": "text/plain; charset=utf-8"}, text)

    def _answer_gate(self, key: str, query: Sequence[Tuple[str, str]]) -> Answer:
        rule = dict(query)
        for name in rule:
            if name not in ("closed", "open", "else", "status"):
                return self._refuse_query(f'"{name[:60]}" is none of closed, open, else, status')
        if len(rule) != len(query) or ("open" in rule and "closed" in rule):
            return self._refuse_query("a parameter stands twice, or open and closed stand together")
        value = rule.get("open", rule.get("closed", "true"))
        other, status = rule.get("else", "open"), rule.get("status", "503")
        if value == "" or other not in ("open", "closed") or status not in ("503", "403"):
            return self._refuse_query('the value is empty, or "else" is not open or closed, or "status" not 503 or 403')
        text = self._source.read(key) if self._source.is_selected(key) else None
        is_open = other == "open" if text is None else (text == value) == ("open" in rule)
        gate = "unknown" if text is None else "open" if is_open else "closed"
        headers = {"Switchyard-Gate": gate}
        if text is None:
            headers["Switchyard-Problem"] = "no_flags_yet" if self._is_empty() else "item_not_found"
        end = self._source.list_reverts(lambda one: one == key and self._source.is_selected(key)).get(key)
        until = None if end is None or text is None else _to_iso(end.at)
        if until is not None:
            headers["Switchyard-Until"] = until
        if is_open:
            return Answer(204, {**self._headers(), **headers})
        seconds = _RETRY_AFTER if end is None else math.ceil(end.at - self._source.now)
        headers["Retry-After"] = str(min(max(seconds, 1), _RETRY_AFTER_MAX))
        shown = None if text is None or len(text.encode("utf-16-le", "surrogatepass")) // 2 > _VALUE_MAX else text
        return self._reply(int(status), {"gate": gate, "key": key, "value": shown, "until": until}, headers)

    def _answer_health(self) -> Answer:
        """503 only while there are no flags: last known values are what a follower is for."""
        status, empty = self._source.client.status(), self._is_empty()
        facts = {
            "status": "starting" if empty else "ok",
            "version": switchyard.__version__,
            "state": status.state,
            "since": _to_iso(status.since),
            "revision": status.revision,
            "confirmed_at": None if status.confirmed_at is None else _to_iso(status.confirmed_at),
            "error": status.error,
        }
        return self._reply(503 if empty else 200, facts)


# Servers: one thread with an event loop. Connections are bounded in number and time.

_AGENT_SECONDS, _REQUEST_SECONDS = 2.0, 5.0
_CONNECTIONS_MAX = 512
_HEADERS_MAX_BYTES = 16 * 1024
_LISTEN_TEXTS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "this user may not listen there",
}


class Servers:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open = 0
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def listen(self, option: str, at: Endpoint, serve: Callable[..., Any], seconds: float) -> str:
        """Returns the address. Raises Misuse."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._open += 1
            try:
                if self._open <= _CONNECTIONS_MAX:
                    await asyncio.wait_for(serve(reader, writer), seconds)
            except (OSError, EOFError, ValueError, asyncio.TimeoutError, asyncio.LimitOverrunError):
                pass  # that caller gets no answer
            finally:
                self._open -= 1
                writer.transport.abort()

        async def start() -> Any:
            return await asyncio.start_server(accept, at.host, at.port, limit=_HEADERS_MAX_BYTES)

        try:
            server = asyncio.run_coroutine_threadsafe(start(), self._loop).result(10)
        except OSError as fault:
            why = _LISTEN_TEXTS.get(fault.errno or 0, str(fault))
            raise Misuse(f"{option} cannot listen on {at.host}:{at.port}: {why}.") from None
        host = f"[{at.host}]" if ":" in at.host else at.host
        return f"{host}:{server.sockets[0].getsockname()[1]}"


def serve_agent(source: Source, flag: str, variant: Optional[str]) -> Callable[..., Any]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{to_agent_line(source.read(flag), variant)}\n".encode())
        await writer.drain()
        writer.write_eof()
        # What it sends is dropped. To close before it has ended could take the line away from it.
        while await reader.read(65_536):
            pass

    return serve


def serve_http(answers: LocalAnswers) -> Callable[..., Any]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.split("\r\n")
        method, target, version = line.split(" ")
        if not version.startswith("HTTP/1."):
            return
        headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
        if method in ("GET", "HEAD"):
            answer = answers.answer(target, headers.get("if-none-match"))
        else:
            answer = Answer(405, {"Allow": "GET, HEAD"})
        body = answer.body.encode("utf-8", "surrogatepass")
        lines = [f"HTTP/1.1 {answer.status} {_STATUS_TEXTS[answer.status]}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines.append(f"Date: {email.utils.formatdate(usegmt=True)}")
        if answer.status not in (204, 304):
            lines.append(f"Content-Length: {len(body)}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if method == "HEAD" else body))
        await writer.drain()
        writer.write_eof()
        while await reader.read(65_536):
            pass

    return serve


# The follower.

_START = 3.0
_TOLD_AFTER = 3.0
_FILE_MODE = 0o644


class Follower:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._label = spec.stash if len(spec.stash) < 64 else spec.stash[:8]
        self._stop = threading.Event()
        self._tasks: List[Task] = []
        self._store_log = FailureLog(self.warn)
        self._told = FailureLog(self.warn)
        self._fresh_at = time.monotonic()
        # The task of a file whose text also follows from guards, and the revision at which it was last requested.
        self._flagd: Optional[Task] = None
        self._seen: Optional[int] = None
        store = None if spec.state is None else switchyard.FileStore(spec.state)
        self._client = switchyard.connect(spec.url, spec.stash, store=store, report=self._report)
        self._source = Source(self._client, spec.stash, spec.keys)

    def warn(self, message: str) -> None:
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
        print(f"{self._label}: {shown}", file=sys.stderr, flush=True)

    def _say(self, message: str) -> None:
        if not self._spec.quiet:
            self.warn(message)

    def _report(self, problem: switchyard.Problem) -> None:
        # Those of the service are told by `_look`, once they last.
        if problem.kind == "store":
            self._store_log.fail(f"{self._spec.state} cannot be used: {problem.message}")
        # A caller of the local HTTP server may ask for any key.
        elif problem.kind not in ("service", "missing"):
            self.warn(problem.message)

    def run(self, wait: Callable[[float], Optional[int]]) -> int:
        """Returns the exit code. `wait` returns it after a signal, and None after that many seconds."""
        try:
            self._start_servers()
            code = self._wait_for_flags(wait)
            if code is None:
                self._start_keeping()
            while code is None:
                code = wait(1.0)
                self._look()
            return code
        finally:
            self._stop.set()
            for task in self._tasks:
                task.end(_GRACE + 5)
            self._client.close()

    def _start_servers(self) -> None:
        spec = self._spec
        if spec.agent is None and spec.listen is None:
            return
        servers = Servers()
        if spec.agent is not None:
            serve = serve_agent(self._source, spec.flag, spec.variant)
            address = servers.listen("--agent-check", spec.agent, serve, _AGENT_SECONDS)
            self._say(f"answers HAProxy's agent-check at {address}, by {spec.flag}")
        if spec.listen is not None:
            address = servers.listen("--listen", spec.listen, serve_http(LocalAnswers(self._source)), _REQUEST_SECONDS)
            self._say(f"answers HTTP at http://{address}")

    def _wait_for_flags(self, wait: Callable[[float], Optional[int]]) -> Optional[int]:
        """Waits for the flags of the service, or, if it does not answer in time, for those of the state file."""
        client, until = self._client, time.monotonic() + _START
        while True:
            status = client.status()
            if status.state == "fresh" or (status.revision is not None and time.monotonic() > until):
                return None
            if status.revision is None and client._missing_since is not None:
                raise _Stopped(status.error or "There is no such stash.")
            code = wait(0.05 if time.monotonic() < until else 0.25)
            if code is not None:
                return code
            self._look()

    def _start_keeping(self) -> None:
        """The command runs once at the start too: it may not have run for the last change before a crash."""
        spec, source, client = self._spec, self._source, self._client
        on_kept = self._start_runner() if spec.words is not None else lambda _: None
        status = client.status()
        if spec.file is not None:
            try:
                if spec.format is not None:
                    spec.format(source.list())
            except CannotRender as flaw:
                raise _Stopped(f"{spec.file} was not written: {flaw}.") from None
            self._start_keeper(spec.file, on_kept)
        elif spec.words is not None:
            seen: List[str] = []

            def look(*_: Any) -> None:
                text = to_json(source.list())
                on_kept(seen != [text])
                seen[:] = [text]

            client.watch(look)
            look()
        which = f" of {', '.join(spec.keys)}" if spec.keys else ""
        fresh = "" if status.state == "fresh" else ", the last known values: the service has not confirmed them"
        self._say(f"following from revision {status.revision}, {len(source.list())} flags{which}{fresh}")
        if spec.agent is not None and source.read(spec.flag) is None:
            self.warn(f"There is no flag {spec.flag} yet: HAProxy keeps the server as it is.")

    def _start_runner(self) -> Callable[[bool], None]:
        spec, words = self._spec, self._spec.words or []
        log, shown, has_run = FailureLog(self.warn), " ".join(words), threading.Event()

        def run() -> None:
            environ = {"SWITCHYARD_REVISION": str(self._client.status().revision or 0)}
            if spec.file is not None:
                environ["SWITCHYARD_FILE"] = spec.file
            run_command(words, environ, spec.limit, self._stop)
            log.succeed(f'The command "{shown}" succeeds again.')

        def on_failure(fault: Exception) -> None:
            log.fail(f'The command "{shown}" failed: {fault}. It is tried again.')

        task = Task(run, on_failure, 1.0, 60.0, self._stop)
        self._tasks.append(task)

        def on_kept(was_replaced: bool) -> None:
            if was_replaced or not has_run.is_set():
                task.request()
            has_run.set()

        return on_kept

    def _start_keeper(self, path: str, on_kept: Callable[[bool], None]) -> None:
        log = FailureLog(self.warn)
        # What the file holds; empty: not known.
        kept: List[Optional[str]] = []
        to_text, flagd = self._spec.format, FlagdDocument(self._source, path)

        def run() -> None:
            behind: Optional[Exception] = None
            try:
                if to_text is not None:
                    text = to_text(self._source.list())
                else:
                    text, behind = flagd.render()
            except CannotRender as flaw:
                return log.fail(f"{path} stays as it was: {flaw}.")
            if not kept:
                _delete_old_drafts(path)
                kept.append(_read_old(path))
            is_other = text != kept[0]
            if is_other:
                kept.clear()
                replace_file(path, text, _FILE_MODE)
                kept.append(text)
                self._say(f"#{self._client.status().revision} {path} was replaced")
            if behind is None:
                log.succeed(f"{path} is as the flags are again.")
            on_kept(is_other)
            if behind is not None:
                raise behind
            return None

        def on_failure(fault: Exception) -> None:
            if isinstance(fault, (switchyard.RefusedError, switchyard.NoAnswerError)):
                log.fail(f"{path} lacks the newest changes: {str(fault).rstrip('.')}. It is tried again.")
            else:
                log.fail(f"{path} stays as it was: {describe_file_fault(fault)}. It is tried again.")

        task = Task(run, on_failure, 0.5, 10.0, self._stop)
        self._tasks.insert(0, task)
        self._client.watch(lambda *_: task.request())
        task.request()
        if to_text is None:
            self._flagd = task

    def _look(self) -> None:
        """Tells when the flags are no longer confirmed, why, and when they are again."""
        status = self._client.status()
        if self._flagd is not None and status.revision != self._seen:
            # The change of a guard is a revision at which no flag changes.
            self._seen = status.revision
            self._flagd.request()
        if status.state == "fresh":
            self._fresh_at = time.monotonic()
            self._told.succeed(f"The service answers again: revision {status.revision}.")
        elif status.state == "gone":
            self._told.fail("The stash was deleted. The last known values stay; end this follower, or give it another stash.")
        elif time.monotonic() - self._fresh_at > _TOLD_AFTER:
            kept = "No values are known yet" if status.revision is None else "The last known values stay"
            self._told.fail(f"{status.error or 'The service has not confirmed the flags.'} {kept}.")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    if arguments and arguments[0] in ("-h", "--help"):
        print(_USAGE)
        return DONE
    try:
        spec = parse_spec(arguments, os.environ)
        # The signals come as bytes of a pipe: a handler that takes a lock could wait for the code that it interrupts.
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writing)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

        def wait(seconds: float) -> Optional[int]:
            if not select.select([reading], [], [], seconds)[0]:
                return None
            received = os.read(reading, 64)
            for number, code in ((signal.SIGTERM, DONE), (signal.SIGINT, INTERRUPTED)):
                if number in received:
                    return code
            return None

        return Follower(spec).run(wait)
    except (Misuse, ValueError) as fault:
        print(fault, file=sys.stderr)
        return MISUSED
    except _Stopped as fault:
        print(fault, file=sys.stderr)
        return REFUSED
