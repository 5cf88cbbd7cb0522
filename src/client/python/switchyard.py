"""Switchyard flags inside a Python service that must keep working while Switchyard is down.

One file, standard library only, Python 3.9 and later. Copy it beside your code, or install it as a wheel, `switchyard-flags`,
which src/local/build_wheel.py makes of this file: it is one file so that it can be copied. Its sections: errors and types,
evaluation, overrides, parsing, HTTP, the client, `python3 -m switchyard`. The wheel has the follower as well, switchyard_follow.py.

    import switchyard
    flags = switchyard.connect("https://flags.example/api", stash="prod-7f3k", service="checkout")
    flags.ready(2)                                  # waits at most 2 s for the first answer, and never raises
    if flags.bool("maintenance-mode", False): ...   # the flag "checkout.maintenance-mode"

A read is a lookup in memory: it sends no request, takes no lock and raises nothing. One daemon thread keeps the memory
current: by a stream, and by polls while there is no stream. If that fails, the last known values stay. An older revision
never replaces them. After the end of a time-box every read gives the value from before it, connected or not. A text that
does not fit the type of a read gives the default of that read, and is reported. A key that the stash does not have is
reported as well, because it may be mistyped.

An override gives flags a value in this process only, also while everything else is down: SWITCHYARD_OVERRIDE, or a file that
SWITCHYARD_OVERRIDE_FILE names and that may change while the process runs. See `connect`.

Connections go straight to the host: HTTP_PROXY and similar variables are ignored. TLS is verified by the defaults of `ssl`.
Changes (`set`, `delete`, `patch`) do raise: the caller must know whether a change was made. All times are in seconds.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import logging
import math
import os
import random
import re
import secrets
import socket
import ssl
import stat
import sys
import threading
import time
import weakref
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import AbstractSet, Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, Union
from urllib.parse import quote, urlencode, urlsplit

__all__ = [
    *("Changed", "Client", "NoAnswerError", "FileStore", "Problem", "EvaluationDetails", "RefusedError", "Status", "Timing"),
    *("connect", "evaluate", "__version__"),
]

# That of package.json, which a test and the build of the wheel compare with it.
__version__ = "0.6.0"


# Annotations use this name, because `bool` is a method of Client.
_Bool = bool


class RefusedError(Exception):
    """An answer of 4xx or 5xx: the service, or a proxy before it, refused the request.

    - `status`: the HTTP status, an int
    - `code`: a stable name of the problem, such as "frozen"; "http_<status>" if the answer has none, as that of a proxy
    - `title`, `detail`: sentences; `detail` says what to do, and may be ""
    - `facts`: a dict with the other members of the problem
    - `retry_after`: seconds, from the header `Retry-After`; None if the answer has none
    - `applied`: what became of a change. "no" means that it was not made and will not be; "unknown" means that it may have
      been made, or may still be. For a read it has no meaning
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: Optional[float] = None) -> None:
        self.status = status
        self.code = str(problem.get("code", f"http_{status}"))
        self.title = str(problem.get("title", f"The answer was {status}"))
        self.detail = str(problem.get("detail", ""))
        self.facts = {k: v for k, v in problem.items() if k not in ("type", "title", "status", "code", "detail")}
        self.retry_after = retry_after
        # The outcome is uncertain after a 5xx of a proxy (which has no code) and after an internal fault, unless the body says
        # what became of the change. With any other code, if the body does not say it, the service has changed nothing.
        uncertain = status >= 500 and self.facts.get("applied") != "no" and self.code in ("internal", f"http_{status}")
        self.applied = "unknown" if uncertain or self.facts.get("applied") == "unknown" else "no"
        super().__init__(f"{self.title}. {self.detail}".strip())


class NoAnswerError(Exception):
    """There was no answer, or none in time, or one that Switchyard cannot have given, such as a redirect.

    `applied` says what became of a change, "no" or "unknown": see RefusedError. It is "no" if the host refused the connection
    or has no address, because nothing was sent then.
    """

    def __init__(self, message: str, applied: str = "unknown") -> None:
        self.applied = applied
        super().__init__(message)


# The statuses of the refusals that the service decides after it has looked the Idempotency-Key up, and keeps for the key.
_DECIDED_STATUSES = (404, 409, 412, 422, 423)
# Codes with such a status that a write can get before the decision. A stash that is not found may have been deleted by an
# earlier try.
_UNDECIDED_CODES = ("route_not_found", "stash_not_found", "idempotency_mismatch", "slug_taken")


def _judge_outcome(error: Exception, earlier: str = "no") -> str:
    """The outcome of a change after a try that failed: "no" or "unknown".

    `earlier` is the outcome of the tries before it under the same key. A refusal that the service decides after it has
    looked the key up is proof that no earlier try was applied; one that comes before that proves nothing.
    """
    if earlier == "unknown":
        decided = isinstance(error, RefusedError) and error.applied == "no" and error.status in _DECIDED_STATUSES
        own = isinstance(error, RefusedError) and not error.code.startswith("http_")
        return "no" if decided and own and error.code not in _UNDECIDED_CODES else "unknown"
    return error.applied if isinstance(error, (RefusedError, NoAnswerError)) else "unknown"


class EvaluationDetails(NamedTuple):
    """The value of a read, and the reason for it.

    `value` has the type that the read asks for, or is the default of the read. `reason` is
    - `flag`: the value of the flag
    - `default`: the flag is `null` as JSON, which asks for the default
    - `missing`: the stash has no such flag
    - `empty`: the client has received or loaded no flags yet
    - `type_mismatch`: the text of the flag is not of this type
    - `targeting_key_missing`: the flag is a rollout, and the target is empty
    - `reverted`: the time-box of the flag has ended by the clock, and the service has not sent that yet. The value is the
      one from before the time-box, or the default if the flag did not exist then
    - `override`: the value is that of an override in this process: see `connect`
    """

    value: Any
    reason: str


class Problem(NamedTuple):
    """A problem that is reported and not raised.

    `kind` is
    - `type_mismatch`: the text of the flag `key` is not of the type of a read
    - `missing`: the stash has no flag `key`
    - `service`: a stream or a poll has failed
    - `store`: the store cannot be read or written, or holds parts that cannot be used
    - `listener`: a listener has raised
    - `override`: the set of overridden flags is a new one; or an override cannot be read, or has entries that are ignored

    `message` is a text for a log. `key` is None for the last four kinds; with `service` it is the name without the service.
    """

    kind: str
    message: str
    key: Optional[str] = None


class Changed(NamedTuple):
    """The answer to a change.

    - `revision`: the revision that the change made; None if it is held
    - `held_id`: the id of the change while it is held, because it waits for a time or for a second person; else None
    - `answer`: the whole JSON answer of the service, with the names of the HTTP API (`waits_for`, `reverts_at`, …). The keys in
      it are whole, also with the option `service`
    """

    revision: Optional[int]
    held_id: Optional[str]
    answer: Dict[str, Any]


class Status(NamedTuple):
    """How far the cached flags can be trusted. Times are in seconds since the epoch.

    `state` is
    - `empty`: no flags were received or loaded yet; every typed read gives its default
    - `fresh`: the service sends each change, or confirmed the flags a moment ago
    - `behind`: last known values; the service has not confirmed them for a while, or the connection has failed since
    - `gone`: the stash was deleted, or the service no longer knows it; last known values
    - `closed`: `close` was called; last known values

    As OpenFeature's provider states: `empty` is NOT_READY, `fresh` READY, `behind` STALE, `gone` ERROR, `closed` NOT_READY.

    The other members are
    - `revision`: the revision of the cached flags; None if no flags were received or loaded yet
    - `since`: when the state began; for `behind`, when the service last confirmed the flags, or if it has not, when the client
      started
    - `confirmed_at`: when the service last confirmed the flags; None if it has not since this process started
    - `via`: how the service last confirmed the flags, "stream" or "poll"; None if it has not since this process started
    - `error`: the message of the last failure of a stream or a poll since the state was last `fresh`. None in the state
      `fresh`, also while polls succeed and only the stream fails
    - `reverted`: the number of flags whose time-box has ended by the clock, and whose end the service has not sent yet
    - `overridden`: the names of the flags that this process overrides, sorted, in a new list; empty without any
    """

    state: str
    revision: Optional[int]
    since: float
    confirmed_at: Optional[float]
    via: Optional[str]
    error: Optional[str]
    reverted: int = 0
    overridden: Sequence[str] = ()


@dataclass(frozen=True)
class Timing:
    """The times of the stream and the polls, in seconds, and a limit in bytes.

    - `poll`: the time between two polls while there is no stream; jitter shortens it by up to half
    - `silence`: a stream that is silent for longer is dead. The service sends a heartbeat every 15 s
    - `deadline`: the time limit of a poll, and of a stream until its first sign of life
    - `back_off`: the delay after the first failure; it doubles with each further failure in a row, up to a limit
    - `ceiling`: the longest such delay of polls; that of streams is six times this, because polls keep the cache current
    - `spread`: after a steady stream or an outage, the next stream begins at a random time within this
    - `max_bytes`: the limit of an answer or an event
    """

    poll: float = 5.0
    silence: float = 40.0
    deadline: float = 5.0
    back_off: float = 0.5
    ceiling: float = 10.0
    spread: float = 30.0
    max_bytes: int = 8 * 1024 * 1024


class FileStore:
    """Keeps the last known flags in a file, which is replaced atomically: a crash during a write leaves the old one.

    Only this user can read the file. Several processes may share it: the last write wins. A draft of each write is made in the
    same folder, which must be writable.
    """

    def __init__(self, path: Union[str, "os.PathLike[str]"]) -> None:
        self._path = os.fspath(path)

    def load(self) -> Optional[str]:
        """The text of the file; None if there is no such file. Raises OSError, or UnicodeDecodeError."""
        try:
            with open(self._path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def save(self, text: str) -> None:
        """Replaces the file. Raises OSError; the old file is then left as it was."""
        # The draft is a new file with an unpredictable name: in a folder that others can write to, a symlink under a known
        # name would make us overwrite the file that it points to.
        draft = f"{self._path}.{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(draft, flags, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(draft, self._path)
        except BaseException:
            os.unlink(draft)
            raise


def connect(
    url: str,
    stash: str,
    token: Optional[str] = None,
    store: Any = None,
    report: Optional[Callable[[Problem], None]] = None,
    timing: Timing = Timing(),
    service: Optional[str] = None,
    override: Optional[Mapping[str, str]] = None,
) -> "Client":
    """Creates a client and starts its thread. Raises ValueError if `url`, `stash`, `token` or `service` cannot be valid.

    - `url`: the base URL, with `/api` if the deployment has it: "https://flags.example/api"
    - `stash`: the id of the stash, 64 hexadecimal digits, or its slug. By a slug, the client keeps to the stash whose id it saw
      first, in an answer or in its store, also if the slug should name another one later
    - `token`: only changes need one. It is sent without spaces and line ends around it; an empty one counts as None
    - `store`: an object with `load() -> str | None` and `save(text: str)`, as FileStore is. `load` runs here, before `connect`
      returns. `save` runs in a thread of the client, or in the one that makes a change; calls of it do not overlap
    - `report`: a function that is called with a Problem, in the thread in which it occurs: at the first read of a text that
      does not fit, at the first read of a key that the stash does not have (if the state is `fresh`, and this client has not
      seen the key deleted), at each new set of overrides, and at failures of the service, of the store and of listeners.
      Until the state is `fresh` again, each message of a failure of the service is reported once, and five messages at most.
      Exceptions of `report` are dropped. Without `report`, overrides are logged as warnings of the logger "switchyard"
    - `timing`: the times of the stream and the polls; the defaults suit most services
    - `service`: the client fetches, watches and keeps only the flags `<service>.*`, and all names are without it, in reads,
      changes, listeners and reports: "maintenance-mode" is the flag "checkout.maintenance-mode" of the service "checkout"
    - `override`: texts by name, which this process reads instead of the flags: the lowest of three layers. Over it is the
      variable SWITCHYARD_OVERRIDE, over that the file that SWITCHYARD_OVERRIDE_FILE names. Both have entries `name=value`,
      separated by `;` or line ends, or are a JSON object of strings. In the file, lines that begin with `#` are comments. The
      file is looked at each second: it takes effect in a running process, and ends when it is removed. With `service`, a name
      that begins with `<service>.` is the whole key. An override may be of a flag that does not exist, and outlasts
      time-boxes. It is never stored and never sent. An entry that cannot be used is reported and ignored. While the file
      cannot be read or parsed, its last readable state counts
    """
    return Client(url, stash, token, store, report, timing, service, override)


# Evaluation, by the same rules as the service for OpenFeature: for a flag that is read as the type of its guard, a target gets
# the same value.

BUCKETS = 100_000


def murmur3(text: str) -> int:
    """MurmurHash3 (x86, 32 bits, seed 0) of the text in UTF-8, as an unsigned int. A lone surrogate counts as U+FFFD."""
    data = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    value, whole = 0, len(data) & ~3
    for i in range(0, whole, 4):
        value ^= _scramble(int.from_bytes(data[i : i + 4], "little"))
        value = (_rotate(value, 13) * 5 + 0xE6546B64) & 0xFFFFFFFF
    value ^= _scramble(int.from_bytes(data[whole:], "little")) ^ len(data)
    value = ((value ^ value >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
    value = ((value ^ value >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
    return value ^ value >> 16


def _rotate(value: int, by: int) -> int:
    return (value << by | value >> (32 - by)) & 0xFFFFFFFF


def _scramble(value: int) -> int:
    return _rotate(value * 0xCC9E2D51 & 0xFFFFFFFF, 15) * 0x1B873593 & 0xFFFFFFFF


def bucket_of(flag_key: str, targeting_key: str) -> int:
    """The bucket of a target, 0 to BUCKETS - 1. The flag's key is hashed too, so that two flags split users differently."""
    return murmur3(flag_key + targeting_key) * BUCKETS >> 32


class _TypeMismatch(Exception):
    pass


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise _TypeMismatch
    return text == "true"


# A number as JavaScript reads it, because the service does: no underscores, no "inf".
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")
# The characters that JavaScript allows around a number. Without an argument, `str.strip` removes a different set.
_JS_BLANKS = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))


def _number(text: str) -> Union[int, float]:
    """The number that the service and the TypeScript client read: an int if it is whole and at most 2**53, else a float."""
    bare = text.strip(_JS_BLANKS)
    try:
        if _RADIX.fullmatch(bare):
            value = float(int(bare, 0))
        elif _DECIMAL.fullmatch(bare):
            value = float(bare)
        else:
            raise _TypeMismatch
    except OverflowError:
        raise _TypeMismatch from None
    if not math.isfinite(value):
        raise _TypeMismatch
    return int(value) if value.is_integer() and abs(value) <= 2**53 else value


def _json(text: str) -> Any:
    def refuse(_: str) -> Any:
        raise _TypeMismatch

    try:
        # Python would accept NaN and Infinity, which are not JSON.
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise _TypeMismatch from None


Shares = List[Tuple[Any, float]]


def _percentage(text: str) -> Shares:
    share = _number(text)
    if not 0 <= share <= 100:
        raise _TypeMismatch
    return [(True, share), (False, 100 - share)]


_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


def _split(text: str) -> Shares:
    weights = _json(text)
    if not isinstance(weights, dict):
        raise _TypeMismatch
    for weight in weights.values():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight < 0:
            raise _TypeMismatch
    # The order of JavaScript: names that are array indices first, by number.
    indices = {n for n in weights if _INDEX.fullmatch(n) and int(n) < 2**32 - 1}
    names = sorted(indices, key=int) + [n for n in weights if n not in indices]
    try:
        shares = [(name, float(weights[name])) for name in names]
    except OverflowError:
        raise _TypeMismatch from None
    if not 0 < sum(weight for _, weight in shares) < math.inf:
        raise _TypeMismatch
    return shares


def _choose_outcome(shares: Shares, key: str, target: Optional[str]) -> EvaluationDetails:
    """Chooses the value whose share of the buckets has the bucket of the target.

    The shares follow each other over the buckets, so that raising the first share removes no target from it.
    """
    wanted = [(value, weight) for value, weight in shares if weight > 0]
    if len(wanted) == 1:
        return EvaluationDetails(wanted[0][0], "flag")
    if not isinstance(target, str) or target == "":
        return EvaluationDetails(None, "targeting_key_missing")
    bucket, total, so_far = bucket_of(key, target), sum(weight for _, weight in wanted), 0.0
    for value, weight in wanted:
        so_far += weight
        end = so_far / total * BUCKETS
        whole = math.floor(end + 0.5)
        # 33.3 of 100 is 33,300 buckets, although floating point gives a little more or less.
        if bucket < (whole if abs(end - whole) < 1e-6 else end):
            return EvaluationDetails(value, "flag")
    return EvaluationDetails(wanted[-1][0], "flag")


_READERS: Dict[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "number": _number,
    "string": lambda text: text,
    "json": _json,
}


def evaluate(kind: str, key: str, text: str, default: Any, target: Optional[str] = None) -> EvaluationDetails:
    """Evaluates the text of a flag for a read of this kind. It sends no request and raises nothing.

    `kind` and the type of the value are: "boolean" a bool, "number" an int or a float, "string" a str, "json" any JSON value,
    "percentage" a bool, "split" a str. The last two need `target`, unless one outcome has all of the share. `reason` is
    "flag"; or the value is `default`, and `reason` is "default", "type_mismatch" (also for an unknown kind) or
    "targeting_key_missing".
    """
    try:
        if kind in ("percentage", "split"):
            reading = _choose_outcome(_percentage(text) if kind == "percentage" else _split(text), key, target)
        else:
            value = _READERS[kind](text)
            reading = EvaluationDetails(value, "default" if value is None else "flag")
    except Exception:  # _TypeMismatch, and any other: a read never raises
        reading = EvaluationDetails(None, "type_mismatch")
    return reading if reading.reason == "flag" else EvaluationDetails(default, reading.reason)


# Overrides. Their texts come from operators in a hurry: nothing here raises but _OverrideError, which is caught and reported.

# The limits of the service: items of a stash, characters of a key.
_KEYS_MAX = 1_000
_KEY_LENGTH_MAX = 128
_KEY = re.compile(r"[A-Za-z0-9._-]+")
# A stash holds 1 MiB. A longer text of overrides is a wrong file.
_OVERRIDE_MAX_BYTES = 1024 * 1024
# In seconds, between two looks at the file.
_OVERRIDE_EVERY = 1.0
# The names, or the flaws, in one report.
_SHOWN_MAX = 20


class _OverrideError(Exception):
    """A text of overrides cannot be used at all."""


class _Overrides(NamedTuple):
    """The usable entries of one layer, by name, and a sentence about each of the others."""

    values: Dict[str, str]
    flaws: List[str]


def _parse_overrides(text: str, prefix: str, with_comments: _Bool) -> _Overrides:
    """Parses `name=value` entries, or a JSON object. Raises _OverrideError if it is an object that cannot be parsed."""
    if with_comments:
        text = "\n".join(line for line in re.split(r"[\r\n]", text) if not line.lstrip().startswith("#"))
    text = text.strip()
    if text.startswith("{"):
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            raise _OverrideError("it begins with { and is not a JSON object") from None
        return _check_overrides(list(given.items()), prefix)
    entries = [entry for entry in map(str.strip, re.split(r"[;\r\n]", text)) if entry]
    return _check_overrides([tuple(entry.split("=", 1)) for entry in entries], prefix)


def _check_overrides(entries: Sequence[Tuple[Any, ...]], prefix: str) -> _Overrides:
    """Sorts out the entries that no flag could have. Names become those without the service."""
    if len(entries) > _KEYS_MAX:
        raise _OverrideError(f"it has more than {_KEYS_MAX} entries")
    values: Dict[str, str] = {}
    flaws = []
    for name, *rest in entries:
        flaw = _find_override_flaw(name, rest, prefix)
        if flaw is None:
            values[name[len(prefix) :] if name.startswith(prefix) else name] = rest[0]
        else:
            flaws.append(f"{_quote(name)} {flaw}")
    return _Overrides(values, flaws)


def _find_override_flaw(name: Any, rest: Sequence[Any], prefix: str) -> Optional[str]:
    if not rest:
        return "has no = between name and value"
    bare = name[len(prefix) :] if isinstance(name, str) and name.startswith(prefix) else name
    if not isinstance(bare, str) or not _KEY.fullmatch(bare) or len(prefix + bare) > _KEY_LENGTH_MAX:
        return "cannot be the name of a flag"
    value = rest[0]
    if not isinstance(value, str):
        return 'has a value that is not a string: write "false", not false'
    if value == "":
        return "has no value"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "has a value that is not UTF-8"
    return None


def _quote(name: Any) -> str:
    text = name if isinstance(name, str) else repr(name)
    return json.dumps(text if len(text) <= 40 else text[:40] + "…", ensure_ascii=True)


def _list_some(things: Sequence[str], separator: str) -> str:
    more = f" and {len(things) - _SHOWN_MAX} more" if len(things) > _SHOWN_MAX else ""
    return separator.join(things[:_SHOWN_MAX]) + more


class _OverrideFile:
    """The file of overrides. `look` reads it again if it is another one than at the last look."""

    def __init__(self, path: str, prefix: str) -> None:
        self._path, self._prefix = path, prefix
        # The state of the file that was read last; empty before the first one, and None if there was no file.
        self._seen: Optional[Tuple[int, ...]] = ()
        # The message of the last look, if that failed.
        self._failure: Optional[str] = None

    def look(self) -> Optional[_Overrides]:
        """None if there is nothing new. Raises _OverrideError, once for each unreadable state of the file."""
        try:
            seen = self._identify()
            if seen == self._seen:
                return None
            data = b"" if seen is None else self._read()
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL
            message = getattr(error, "strerror", None) or str(error)
            # The next look tries again, also if the file has not changed: there may have been too many open files.
            is_new, self._seen, self._failure = message != self._failure, (), message
            if is_new:
                raise _OverrideError(message) from None
            return None
        self._seen, self._failure = seen, None
        if len(data) > _OVERRIDE_MAX_BYTES:
            raise _OverrideError("it is larger than 1 MiB")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _OverrideError("it is not UTF-8") from None
        return _parse_overrides(text, self._prefix, with_comments=True)

    def _identify(self) -> Optional[Tuple[int, ...]]:
        """None if there is no such file."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            return None
        # To open a device may have an effect, and to open a pipe may block.
        if not stat.S_ISREG(found.st_mode):
            raise OSError("it is not a regular file")
        # A file that replaces another may have its time and its size; st_ctime_ns changes with the permissions too.
        return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns)

    def _read(self) -> bytes:
        # The file may have been replaced by a pipe since.
        descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            # Without a text, a pipe that would block gives None.
            return file.read(_OVERRIDE_MAX_BYTES + 1) or b""


# Parsing of answers and events. Every field that is used is checked, because a proxy may have answered.


@dataclass(frozen=True)
class _FlagUpdate:
    type: str
    revision: int
    flags: Mapping[str, Optional[str]] = field(default_factory=dict)
    # A snapshot has all reverts; a change has the reverts that differ from the revision before, and None for a flag that is in
    # no time-box any more.
    reverts: "Mapping[str, Optional[_Revert]]" = field(default_factory=dict)
    # Whether the reverts of a snapshot are complete.
    knows_reverts: bool = True


class _Revert(NamedTuple):
    """The value that a flag goes back to at the end of its time-box (None: it is deleted).

    `at` is that end by the service's clock, in seconds since the epoch.
    """

    at: float
    to: Optional[str]


_ISO_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?Z")


def _parse_revert(raw: Any) -> Optional[_Revert]:
    """None if `raw` is not a revert."""
    if not isinstance(raw, dict) or "to" not in raw or not isinstance(raw["to"], (str, type(None))):
        return None
    parts = _ISO_TIME.fullmatch(raw["at"]) if isinstance(raw.get("at"), str) else None
    try:
        return parts and _Revert(datetime.fromisoformat(parts[1] + "+00:00").timestamp() + float(parts[2] or 0), raw["to"])
    except (ValueError, OverflowError):
        return None


def _serialize_reverts(reverts: Mapping[str, _Revert]) -> Dict[str, Any]:
    def time_of(at: float) -> str:
        # Milliseconds, as the service writes them. `fromtimestamp` would not take every year.
        moment = datetime(1970, 1, 1) + timedelta(milliseconds=round(at * 1000))
        return moment.isoformat(timespec="milliseconds") + "Z"

    return {key: {"at": time_of(at), "to": to} for key, (at, to) in reverts.items()}


def _parse_object(text: str, source: str) -> Dict[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise NoAnswerError(f"{source} is not JSON.") from None
    if not isinstance(raw, dict):
        raise NoAnswerError(f"{source} is not a JSON object.")
    return raw


def _parse_update(kind: Any, raw: Mapping[str, Any], name: str, nullable: bool) -> _FlagUpdate:
    revision, flags = raw.get("revision"), raw.get(name, {} if kind == "gone" else None)
    if isinstance(revision, bool) or not isinstance(revision, int) or revision < 0:
        raise NoAnswerError("The flags have no revision.")
    if not isinstance(flags, dict):
        raise NoAnswerError("The flags are missing.")
    for key, value in flags.items():
        if not isinstance(value, str) and not (nullable and value is None):
            raise NoAnswerError(f'The value of the flag "{key}" is not a string.')
    # The service leaves `reverts` out if it is empty.
    given = raw.get("reverts", {})
    reverts = {key: _parse_revert(value) for key, value in given.items()} if isinstance(given, dict) else None
    if reverts is None or any(reverts[key] is None and (given[key] is not None or not nullable) for key in reverts):
        raise NoAnswerError("A time-box cannot be read.")
    return _FlagUpdate(kind, revision, flags, reverts)


def _parse_watch_event(text: str) -> _FlagUpdate:
    raw = _parse_object(text, "An event of the stream")
    kind = raw.get("type")
    if kind not in ("snapshot", "change", "gone"):
        raise NoAnswerError("The stream sent an event of an unknown type.")
    return _parse_update(kind, raw, "flags" if kind == "snapshot" else "changes", kind == "change")


def _parse_flags(raw: Mapping[str, Any], stash_id: Optional[str]) -> _FlagUpdate:
    """`stash_id` is None as long as only the slug is known."""
    _parse_stash_id(raw, stash_id)
    return _parse_update("snapshot", raw, "flags", False)


_STASH_ID = re.compile(r"[0-9a-f]{64}")
_SLUG = re.compile(r"[a-z][a-z0-9-]{2,39}")
_ANOTHER_STASH = "The flags are those of another stash."


def _parse_stash_id(raw: Mapping[str, Any], expected: Optional[str]) -> str:
    given = raw.get("stash_id")
    if expected is not None and given != expected:
        raise NoAnswerError(_ANOTHER_STASH)
    if not isinstance(given, str) or not _STASH_ID.fullmatch(given):
        raise NoAnswerError("The answer does not name its stash.")
    return given


def _narrow(update: _FlagUpdate, prefix: str) -> _FlagUpdate:
    """Keeps the flags whose keys begin with `prefix`, under the rest of their keys."""
    if prefix == "":
        return update
    flags = {key[len(prefix) :]: value for key, value in update.flags.items() if key.startswith(prefix)}
    reverts = {key[len(prefix) :]: revert for key, revert in update.reverts.items() if key.startswith(prefix)}
    return _FlagUpdate(update.type, update.revision, flags, reverts, update.knows_reverts)


# Bound of a plausible offset, and of a plausible time: a clock without a battery starts at 1970.
_CENTURY_MS = 100 * 365.25 * 86_400_000
_ABSENT = object()


class _Stored(NamedTuple):
    """What a store has kept: see _parse_stored."""

    stash_id: str
    snapshot: _FlagUpdate
    clock: Optional[Tuple[float, float]]
    flaw: Optional[str]


def _parse_stored(text: str, stash: str, service: Optional[str]) -> _Stored:
    """Parses the text of a store: the flags, the correction of the clock, and a sentence that names the unreadable parts.

    `stash` is an id or a slug. A text of another service, or of one where all are asked for, is not used; one of the whole
    stash has the flags of each service. The flags have their whole keys.

    The correction is the service time minus the local time, and the service time at the save, both in seconds. Another
    version or another program may have written the text, or only a part of it. Its flags are used as a whole or not at all;
    of the time-boxes and the clock, the valid ones are used. Raises NoAnswerError if the text has no flags of this stash.
    """
    raw = _parse_object(text, "The text in the store")
    given, clock = raw.pop("reverts", _ABSENT), raw.get("clock", _ABSENT)
    by_id = _STASH_ID.fullmatch(stash) is not None
    if not by_id and raw.get("slug") != stash:
        raise NoAnswerError(_ANOTHER_STASH)
    stash_id = _parse_stash_id(raw, stash if by_id else None)
    if raw.get("service") not in (None, service):
        raise NoAnswerError("The flags are those of another service.")
    snapshot = _parse_flags(raw, stash_id)
    read = {key: _parse_revert(value) for key, value in given.items()} if isinstance(given, dict) else {}
    flaws = [f"the time-box of {json.dumps(key)}" for key, revert in read.items() if revert is None]
    if given is not _ABSENT and not isinstance(given, dict):
        flaws.append("the time-boxes")
    stored_clock = None
    if clock is not _ABSENT:
        times = [clock.get(name) for name in ("offset_ms", "seen_at")] if isinstance(clock, dict) else [None]
        if all(type(time) in (int, float) and abs(time) <= _CENTURY_MS for time in times):
            stored_clock = (times[0] / 1000, times[1] / 1000)
        else:
            flaws.append("the clock")
    reverts = {key: revert for key, revert in read.items() if revert is not None}
    others = f" and {len(flaws) - 1} more" if len(flaws) > 1 else ""
    flaw = f"The store has parts that cannot be read: {flaws[0]}{others}." if flaws else None
    # An earlier version stored no reverts. Then only a snapshot from the service says whether there are any.
    knows = isinstance(given, dict) and not flaws
    return _Stored(stash_id, _FlagUpdate("snapshot", snapshot.revision, snapshot.flags, reverts, knows), stored_clock, flaw)


def _parse_changed(text: str, url: str) -> Dict[str, Any]:
    """The answer to a change. Raises NoAnswerError for any other text: a sign-in page may answer 200 as well."""
    try:
        answer = _parse_object(text, "The answer")
    except NoAnswerError:
        answer = {}
    revision = answer.get("revision")
    if isinstance(answer.get("held_id"), str) or (isinstance(revision, int) and not isinstance(revision, bool)):
        return answer
    raise NoAnswerError(f"{urlsplit(url).netloc} is not Switchyard, or not its API. Check the URL.")


# HTTP: one request over http.client, Server-Sent Events, back-off, and the clock of the service.


class _SseParser:
    """Parses Server-Sent Events. Of the fields, only `data` and `retry` are used."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._size = max_bytes, 0
        # The delay before a reconnect that the server asks for, in seconds.
        self.retry: Optional[float] = None
        # When a comment or a field last arrived. Other bytes could come from any server.
        self.alive_at = time.monotonic()
        self._parts: List[bytes] = []
        self._data: List[str] = []

    def feed(self, chunk: bytes) -> Iterator[str]:
        self._size += len(chunk)
        self._parts.append(chunk)
        if b"\n" in chunk:
            # The chunks are joined once a line is complete: appending to a long text for each chunk would be quadratic.
            *lines, rest = b"".join(self._parts).split(b"\n")
            self._parts = [rest]
            for line in lines:
                line = line.rstrip(b"\r")
                if line.startswith((b":", b"id:", b"event:", b"data:", b"retry:")):
                    self.alive_at = time.monotonic()
                if re.fullmatch(rb"retry: ?[0-9]{1,9}", line):
                    self.retry = int(line[6:]) / 1000
                if line.startswith(b"data:"):
                    self._data.append(line[5:].decode("utf-8", "replace").removeprefix(" "))
                elif line == b"":
                    self._size = len(rest)
                    data, self._data = self._data, []
                    if data:
                        yield "\n".join(data)
        if self._size > self._max_bytes:
            raise NoAnswerError(f"An event is longer than {self._max_bytes} bytes.")


def _with_jitter(seconds: float) -> float:
    """Jitter: between half and all of `seconds`, at random.

    Without it, all clients that lost the same server would come back in the same moment.
    """
    return seconds * (0.5 + random.random() / 2)


class _BackOff:
    """The delays after failures in a row: each is twice the one before, up to a limit, with jitter."""

    # The longest `Retry-After` that is obeyed. It may be longer than our own back-off.
    RETRY_AFTER_MAX = 300.0

    @classmethod
    def at_least(cls, wait: float, asked: Optional[float]) -> float:
        return max(wait, min(asked or 0.0, cls.RETRY_AFTER_MAX))

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most, self.failures = least, most, 0

    def reset(self) -> None:
        self.failures = 0

    def next(self, asked: Optional[float] = None) -> float:
        wait = _with_jitter(min(self._most, self._least * 2 ** min(self.failures, 20)))
        self.failures += 1
        return self.at_least(wait, asked)


def _parse_retry_after(headers: Mapping[str, str]) -> Optional[float]:
    text = headers.get("Retry-After") or ""
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None


# `Age` means that a cache answered (RFC 9111, 5.1); some caches say it only in a header of their own.
_CACHE_HEADERS = ("CF-Cache-Status", "Cache-Status", "X-Cache", "X-Cache-Status", "X-Proxy-Cache")


def _is_from_cache(headers: Mapping[str, str]) -> bool:
    said = " ".join(headers.get(name) or "" for name in _CACHE_HEADERS)
    return headers.get("Age") is not None or re.search("hit|stale|updating|revalidated", said, re.I) is not None


class _Clock:
    """The time of the service, from the `Date` of its answers. Between answers it follows time.monotonic().

    So neither a wrong local clock nor a step of it moves the end of a time-box. Before the first answer there is only the
    local clock, with the correction that the store has kept. A `Date` has a resolution of a second and is delayed by the
    network, so each answer gives an interval for the offset; later answers narrow it. A local clock within the interval is
    used as it is, which is exact on a host that keeps time. Otherwise the upper bound of the interval is used: a time-box may
    end early by the width of the interval, and, apart from the drift since the last answer, never late.
    """

    # The oscillator of a computer drifts by less than this share of the time (500 ppm).
    DRIFT = 500e-6
    # A clock that turns out to be ahead stands still until the real time has caught up, because a clock that went back would
    # begin an ended time-box again. A clock that is ahead by more than this goes back all the same.
    STAND_STILL = 5.0

    def __init__(self) -> None:
        # Bounds of the offset: service time minus time.monotonic(), in seconds.
        self._least, self._most, self._set_at = -math.inf, math.inf, 0.0
        self._offset: Optional[float] = None
        # The latest time that was returned. The clock returns an earlier one only if it was ahead by more than STAND_STILL.
        self._latest = -math.inf
        self._restored = False

    def now(self) -> float:
        if self._offset is None:
            self._offset = time.time() - time.monotonic()
        self._latest = now = max(self._latest, self._offset + time.monotonic())
        return now

    def restore(self, offset: float, seen_at: float) -> None:
        """Starts with the offset and the service time that an earlier process saved."""
        self._offset = time.time() + offset - time.monotonic()
        # The clock starts no earlier than at the time of the save, whatever the local clock says.
        self._latest, self._restored = seen_at, True

    def synchronize(self, headers: Mapping[str, str], sent_at: float) -> None:
        """`sent_at` is time.monotonic() before the request."""
        try:
            date = email.utils.parsedate_to_datetime(headers.get("Date") or "").timestamp()
        except (TypeError, ValueError, IndexError, OverflowError):
            return
        if _is_from_cache(headers):
            return
        arrived_at = time.monotonic()
        drift = (arrived_at - self._set_at) * self.DRIFT
        from_answer = (date - arrived_at, date + 1 - sent_at)
        known = (self._least - drift, self._most + drift)
        # An answer older than an earlier one comes from a cache that does not identify itself, unless it is `no-store`.
        if from_answer[1] < known[0] and "no-store" not in (headers.get("Cache-Control") or "").lower():
            return
        both = (max(from_answer[0], known[0]), min(from_answer[1], known[1]))
        self._least, self._most = both if both[0] <= both[1] else from_answer
        self._set_at = arrived_at
        local = time.time() - arrived_at
        self._offset = offset = local if self._least <= local <= self._most else self._most
        if offset + arrived_at < self._latest - self.STAND_STILL:
            self._latest = -math.inf

    def to_stored(self) -> Optional[Tuple[float, float]]:
        """Service time minus local time, and the service time. None if no answer has had a usable `Date`, now or before."""
        if self._most == math.inf and not self._restored:
            return None
        now = self.now()
        return now - time.time(), now


class _Exchange:
    """One request and its answer. `abort`, from another thread, ends a blocked read."""

    def __init__(self, base: str, timeout: float) -> None:
        split = urlsplit(base)
        self.host, self._prefix = split.netloc, split.path.rstrip("/")
        if split.scheme == "https":
            context = ssl.create_default_context()
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                split.hostname or "", split.port, timeout=timeout, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=timeout)
        self._sock: Optional[socket.socket] = None
        self._response: Optional[http.client.HTTPResponse] = None
        self._aborted = False

    def open(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes] = None
    ) -> http.client.HTTPResponse:
        try:
            self._connection.connect()
            self._sock = self._connection.sock
            if self._aborted:
                raise NoAnswerError("The request was aborted.")
            headers = {"User-Agent": f"switchyard-python/{__version__}", **headers}
            self._connection.request(method, self._prefix + path, body=body, headers=headers)
            self._response = self._connection.getresponse()
            return self._response
        except socket.timeout:
            raise NoAnswerError(f"{self.host} did not answer in time.") from None
        except (OSError, http.client.HTTPException) as cause:
            # Either no process listens on the port, or the host has no address. In both cases nothing was sent.
            unsent = isinstance(cause, (ConnectionRefusedError, socket.gaierror))
            raise NoAnswerError(f"{self.host} cannot be reached.", "no" if unsent else "unknown") from cause

    def chunks(self, until: Optional[float] = None) -> Iterator[bytes]:
        assert self._response is not None
        # The remaining bytes are counted here: read1 of some versions of Python waits for more than Content-Length.
        rest = self._response.length
        while rest != 0:
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise NoAnswerError(f"{self.host} did not answer in time.")
                self.silence(left)
            try:
                chunk = self._response.read1(65536 if rest is None else min(65536, rest))
            except socket.timeout:
                raise NoAnswerError(f"{self.host} was silent for too long.") from None
            except (OSError, ValueError, http.client.HTTPException) as cause:
                raise NoAnswerError(f"The connection to {self.host} broke.") from cause
            if not chunk:
                # read1 does not raise if the body is shorter than Content-Length.
                if rest is not None:
                    raise NoAnswerError(f"The connection to {self.host} broke.")
                return
            rest = None if rest is None else rest - len(chunk)
            yield chunk

    def silence(self, seconds: float) -> None:
        """Sets how long a read may block from now on."""
        try:
            if self._sock is not None:
                self._sock.settimeout(seconds)
        except OSError:
            pass  # closed meanwhile: the next read raises

    def read(self, until: float, max_bytes: int) -> str:
        data = bytearray()
        for chunk in self.chunks(until):
            data += chunk
            if len(data) > max_bytes:
                raise NoAnswerError(f"The answer is larger than {max_bytes} bytes.")
        return data.decode("utf-8", "replace")

    def abort(self) -> None:
        self._aborted = True
        if self._sock is not None:
            try:
                self._sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        if self._response is not None:
            self._response.close()
        self._connection.close()


# The client.


def _check_token(token: Optional[str]) -> Optional[str]:
    """Checks the token, because the error of http.client for a bad header would quote it, and so write it to a log."""
    if token is None:
        return None
    trimmed = token.strip() if isinstance(token, str) else " "
    if not re.fullmatch(r"[\x21-\x7e]*", trimmed):
        raise ValueError("token contains spaces, line ends or other characters that no token has")
    # An empty token counts as none: environment variables are often set and empty.
    return trimmed or None


# In seconds. A correction of the clock by more than this is saved at once; a smaller one is saved with the next update.
_CLOCK_MOVED = 2.0
# In seconds. A longer wait is made in steps, because some systems limit a wait to weeks.
_TIMER_MAX = 86_400.0


# The messages of failures that are reported in one outage.
_FAILURES_MAX = 5


def _check_service(service: Any) -> str:
    """Returns the prefix of the keys of the service; "" without one."""
    if service is None:
        return ""
    if not isinstance(service, str) or not re.fullmatch(r"[A-Za-z0-9._-]{1,126}", service):
        raise ValueError('service cannot be the first part of a key: 1 to 126 of A-Z, a-z, 0-9, ".", "_" and "-"')
    return service + "."


class _FlagCache(NamedTuple):
    """The flags as the service sent them: after the end of a time-box a flag still has its temporary value here.

    Their names are those without the service, so that a read joins no texts. Overrides are not in here.
    """

    revision: Optional[int]
    flags: Mapping[str, str]
    reverts: Mapping[str, _Revert]
    # Whether `reverts` is complete: not if it comes from a store of an earlier version, or from one that is damaged.
    knows_reverts: bool

    @property
    def resume_from(self) -> Optional[int]:
        """The revision after which a stream resumes. None: it must begin with a snapshot."""
        return self.revision if self.knows_reverts else None



class Client:
    """The flags of one stash. Create one client for a process with `connect`, and use it from any thread.

    `with connect(…) as flags:` closes the client at the end of the block.
    """

    def __init__(
        self,
        url: str,
        stash: str,
        token: Optional[str] = None,
        store: Any = None,
        report: Optional[Callable[[Problem], None]] = None,
        timing: Timing = Timing(),
        service: Optional[str] = None,
        override: Optional[Mapping[str, str]] = None,
    ) -> None:
        split = urlsplit(url)
        if split.scheme not in ("http", "https") or not split.hostname:
            raise ValueError("url is not an http(s) address")
        by_id = _STASH_ID.fullmatch(stash) is not None
        if not by_id and not _SLUG.fullmatch(stash):
            raise ValueError(
                "stash is neither the id of a stash, 64 hexadecimal digits, "
                'nor a slug, 3 to 40 of a-z, 0-9 and "-", of which the first is a letter'
            )
        self._url, self._stash, self._token, self._store = url, stash, _check_token(token), store
        # None: only the slug is known. Once it is known, the id never changes.
        self._stash_id = stash if by_id else None
        self._service, self._prefix = service, _check_service(service)
        self._on_problem, self._timing = report, timing
        # The cache is replaced as a whole and never modified, so that a read needs no lock.
        self._cache = _FlagCache(None, {}, {}, True)
        self._clock = _Clock()
        self._stored_offset = 0.0
        # Keys whose revert by the clock was announced to listeners, and not yet sent by the service.
        self._announced_ends: Set[str] = set()
        self._reported_mismatches: Dict[Tuple[str, str], str] = {}
        self._reported_missing: Dict[str, None] = {}
        # Deleted keys, oldest first. A read of one is not a mistake, because the flag existed.
        self._deleted: Dict[str, None] = {}
        # The messages of the failures that were reported since the cache last became fresh.
        self._failures: Set[str] = set()
        self._listeners: List[Callable[[int, Dict[str, Optional[str]]], None]] = []
        self._started_at = time.time()
        self._fresh_since: Optional[float] = None
        self._confirmed_at: Optional[float] = None
        self._via: Optional[str] = None
        self._error: Optional[str] = None
        self._suspected = False
        # When the service first said that there is no such stash. A wrong service would say so too: this is not final.
        self._missing_since: Optional[float] = None
        self._end: Optional[Tuple[str, float]] = None
        # Texts by name, replaced as a whole, for reads without a lock. First the layers of which it is made, lowest first.
        self._override_layers: Dict[str, Dict[str, str]] = {"option": {}, "environment": {}, "file": {}}
        self._override: Dict[str, str] = {}
        path = os.environ.get("SWITCHYARD_OVERRIDE_FILE")
        self._override_file = _OverrideFile(path, self._prefix) if path else None
        # `_load` and the overrides take it; `_start` makes a new one, because a fork may copy one that is taken.
        self._apply_lock = threading.Lock()
        self._load_overrides(override)
        self._load()
        self._start()
        if hasattr(os, "register_at_fork"):
            reference = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _restart_in_child(reference()))

    def get(self, key: str) -> Optional[str]:
        """The text of the flag; None if there is no such flag, or no flags were received or loaded yet."""
        text = self._override.get(key)
        if text is not None:
            return text
        copy = self._cache
        if key in copy.reverts:
            revert = self._ended_revert(copy, key)
            if revert is not None:
                return revert.to
        text = copy.flags.get(key)
        if text is None:
            self._report_missing(key)
        return text

    def all(self) -> Dict[str, str]:
        """All flags, in a new dict from key to text. It is empty if no flags were received or loaded yet."""
        copy = self._cache
        flags = dict(copy.flags)
        for key in copy.reverts:
            revert = self._ended_revert(copy, key)
            if revert is not None and revert.to is None:
                flags.pop(key, None)
            elif revert is not None and revert.to is not None:
                flags[key] = revert.to
        flags.update(self._override)
        return flags

    def bool(self, key: str, default: _Bool) -> _Bool:
        """The flag as a bool if its text is "true" or "false", else the default."""
        return self.details("boolean", key, default).value

    def number(self, key: str, default: Union[int, float]) -> Union[int, float]:
        """The flag as a number, else the default. It is an int if the text is a whole number up to 2**53, else a float."""
        return self.details("number", key, default).value

    def string(self, key: str, default: str) -> str:
        """The text of the flag, or the default if there is no such flag."""
        return self.details("string", key, default).value

    def json(self, key: str, default: Any) -> Any:
        """The flag parsed as JSON, in a new object for each call. `null` and a text that is not JSON give the default."""
        return self.details("json", key, default).value

    def percentage(self, key: str, target: str, default: _Bool) -> _Bool:
        """Whether a `percentage` is on for this user, host or order. The answer for a target changes only with the flag.

        The text of the flag is a number from 0 to 100. An empty `target` gives the default, except at 0 and 100.
        """
        return self.details("percentage", key, default, target).value

    def split(self, key: str, target: str, default: str) -> str:
        """Which name of a `split` this user, host or order gets. The answer for a target changes only with the flag.

        The text of the flag is a JSON object from name to weight. An empty `target` gives the default, except with one name.
        """
        return self.details("split", key, default, target).value

    def details(self, kind: str, key: str, default: Any, target: Optional[str] = None) -> EvaluationDetails:
        """A typed read with the reason for its value: see EvaluationDetails.

        `kind` is "boolean", "number", "string", "json", "percentage" or "split"; the last two take `target`.
        """
        copy, override = self._cache, self._override.get(key)
        revert = self._ended_revert(copy, key) if override is None and key in copy.reverts else None
        text = copy.flags.get(key) if revert is None else revert.to
        text = text if override is None else override
        if text is None:
            if revert is not None:
                return EvaluationDetails(default, "reverted")
            self._report_missing(key)
            return EvaluationDetails(default, "empty" if copy.revision is None else "missing")
        # A target is in the bucket of the whole key, as for the service.
        reading = evaluate(kind, self._prefix + key, text, default, target)
        if reading.reason == "type_mismatch" and self._reported_mismatches.get((kind, key)) != text:
            self._reported_mismatches[(kind, key)] = text
            self._report(Problem("type_mismatch", f'The flag "{key}" is not of type {kind}: the default is used.', key))
        if reading.reason != "flag" or (override is None and revert is None):
            return reading
        return EvaluationDetails(reading.value, "reverted" if override is None else "override")

    def watch(self, listener: Callable[[int, Dict[str, Optional[str]]], None]) -> Callable[[], None]:
        """Calls `listener(revision, changes)` after each update of the cache. Returns a function that removes the listener.

        `revision` is the last one that the service has sent. `changes` is a new dict from the key of each changed flag to
        its text; None means that the flag was deleted. An update from a poll may combine several changes. The end of a
        time-box is announced once: when it comes by the clock, or when the service sends it, if that is earlier. An override
        is announced when it begins, changes and ends, with the value that reads then give; changes by the service under it are
        not. The listener runs in a thread of the client, or in the one that made a change. Its exceptions are reported.
        """
        self._listeners = [*self._listeners, listener]

        def end() -> None:
            self._listeners = [other for other in self._listeners if other is not listener]

        return end

    def status(self) -> Status:
        """How far the cached flags can be trusted now: see Status. It sends no request."""
        now, copy = time.time(), self._cache
        revision, reverted = copy.revision, sum(self._ended_revert(copy, key) is not None for key in copy.reverts)
        rest = (self._confirmed_at, self._via, self._error, reverted, sorted(self._override))
        if self._end is not None:
            return Status(self._end[0], revision, self._end[1], *rest)
        if revision is None:
            return Status("empty", None, self._started_at, *rest)
        fresh_since = self._fresh_since
        if fresh_since is not None and not self._is_overdue(now):
            # While polls keep the cache fresh, a stream may fail: that is no failure of this state.
            return Status("fresh", revision, fresh_since, *rest)._replace(error=None)
        if self._missing_since is not None:
            return Status("gone", revision, self._missing_since, *rest)
        return Status("behind", revision, self._confirmed_at or self._started_at, *rest)

    def ready(self, deadline: float = 5.0) -> Status:
        """Waits until the state is `fresh`, `gone` or `closed`, for at most `deadline` seconds. Never raises.

        Returns the status at that time: reads then give the last known values, or their defaults in the state `empty`.
        """
        with self._state_changed:
            self._state_changed.wait_for(lambda: self.status().state in ("fresh", "gone", "closed"), deadline)
        return self.status()

    def set(self, key: str, value: Any, **options: Any) -> Changed:
        """Writes a flag: a str is stored as it is, any other value as JSON.

        The options are
        - `reason`: a text, recorded in the history
        - `for_`: a time-box, such as "30m": at its end the flag goes back to the value from before
        - `at`: a schedule, in ISO 8601: when the change is to be made
        - `if_match`: the version that the flag must still have, an int; "absent": the flag must not exist
        - `idempotency_key`: set it to repeat a change that another process began. By default each change gets a new key
        - `deadline`: the time limit of all tries together, in seconds; default 10

        After a lost answer or a temporary refusal the change is sent again, in three tries at most, and applied at most once.
        Raises RefusedError or NoAnswerError, whose `applied` says whether the change was made, as far as is known; TypeError
        for an unknown option; and the error of `json.dumps` for a value that JSON cannot hold.
        """
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        content_type = "text/plain; charset=utf-8" if isinstance(value, str) else "application/json"
        return self._change("PUT", self._item(key), text, content_type, **options)

    def delete(self, key: str, **options: Any) -> Changed:
        """Deletes a flag. The options and errors are those of `set`. Raises RefusedError if there is no such flag."""
        return self._change("DELETE", self._item(key), None, None, **options)

    def patch(self, changes: Mapping[str, Optional[str]], **options: Any) -> Changed:
        """Makes all changes in one revision, or none of them. `changes` maps keys to texts; None deletes a flag.

        The options and errors are those of `set`, except that `if_match` is the revision that the stash must still have.
        """
        whole = {self._prefix + key: value for key, value in changes.items()} if self._prefix else changes
        path, body = f"/stash/{self._address}/flags", json.dumps(whole, ensure_ascii=False)
        return self._change("PATCH", path, body, "application/json", **options)

    def close(self) -> None:
        """Ends all work in the background. Reads still give the last known values, and the overrides as they are then.

        Waits at most 2 s for the thread to end.
        """
        self._end = ("closed", time.time())
        self._stop.set()
        self._closed.set()
        exchange = self._exchange
        if exchange is not None:
            exchange.abort()
        self._set_end_timer()
        with self._state_changed:
            self._state_changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(2)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _start(self) -> None:
        self._state_changed = threading.Condition()
        self._apply_lock = threading.Lock()
        self._save_lock = threading.Lock()
        # `gone` stops the thread that follows the stash, but not the one that looks at the file of overrides.
        self._stop, self._closed = threading.Event(), threading.Event()
        if self._end is not None:
            self._stop.set()
        self._exchange: Optional[_Exchange] = None
        self._timer: Optional[threading.Timer] = None
        self._timer_fires_at = math.inf
        self._retry: Optional[float] = None
        self._opened_at = math.inf
        # From the `Retry-After` of the last poll that failed, if it was refused; else the time of the failure.
        self._no_poll_before = -math.inf
        self._streams = _BackOff(self._timing.back_off, 6 * self._timing.ceiling)
        self._polls = _BackOff(self._timing.back_off, self._timing.ceiling)
        self._thread = threading.Thread(target=self._run, name="switchyard", daemon=True)
        self._thread.start()
        if self._override_file is not None:
            threading.Thread(target=self._watch_overrides, name="switchyard-override", daemon=True).start()
        self._set_end_timer()

    def _run(self) -> None:
        # There is one thread, so the first poll comes before the stream: a stream that hangs would delay it.
        if not self._stop.is_set():
            self._poll()
        while not self._stop.is_set():
            asked = self._retry = None
            self._opened_at = math.inf
            try:
                self._read_stream()
            except Exception as error:  # of any kind: the thread must live
                asked = getattr(error, "retry_after", self._retry)
                self._fail(error)
            # The end of a stream changes nothing while polls confirm the cache.
            if self._via == "stream":
                self._fresh_since = None
            # The end of a stream that lived for this long does not count as a failure.
            was_steady = time.monotonic() - self._opened_at > self._timing.silence / 4
            if was_steady:
                self._streams.reset()
                # A deploy or a proxy ends the steady streams of all clients at once: they must not reconnect together.
                self._poll_until_retry(_BackOff.at_least(random.random() * self._timing.spread, asked), True)
            else:
                self._poll_until_retry(self._streams.next(asked), False)

    def _poll_until_retry(self, seconds: float, was_steady: _Bool) -> None:
        """Waits until the next stream is due, and polls meanwhile.

        After a steady stream the first poll comes at a random moment, so that not all clients poll at once. After a first
        failure it comes after `poll` seconds, if the wait is longer than that; from the second failure in a row on, it comes
        at once.
        """
        until = time.monotonic() + seconds
        wait = 0.0 if self._streams.failures > 1 else min(seconds, self._timing.poll)
        if was_steady:
            wait = random.random() * self._timing.poll / 2
        wait = max(wait, self._no_poll_before - time.monotonic())
        while True:
            left = until - time.monotonic()
            self._stop.wait(max(0.0, min(left, wait)))
            if wait >= left or self._stop.is_set():
                return
            was_away = self._polls.failures > 0
            error = self._poll()
            if error is None:
                if was_away:
                    # The service is back, so the stream does not wait for the rest of a long back-off. Its time is random,
                    # because all clients find that out at about the same moment.
                    until = min(until, time.monotonic() + random.random() * self._timing.spread)
                wait = _with_jitter(self._timing.poll)
            else:
                self._fresh_since = None
                wait = self._polls.next(getattr(error, "retry_after", None))

    def _poll(self, min_revision: Optional[int] = None, deadline: Optional[float] = None) -> Optional[Exception]:
        """Returns None if the answer was valid and not of an earlier revision, else the error. Never raises."""
        known, sent_at = self._cache.resume_from, time.monotonic()
        headers = {} if known is None else {"If-None-Match": f'"{known}"'}
        query = [] if min_revision is None else [f"min_revision={min_revision}"]
        try:
            status, text, answered = self._call("GET", self._to_read_path("flags", query), headers, None, deadline)
            update = None if status == 304 else self._parse_answer(_parse_object(text, "The answer to /flags"))
            if update is None and known is None:
                raise NoAnswerError("The answer was 304 without a tag.")
            # The clock is synchronized first, because the update may hold time-boxes that have ended.
            self._synchronize_clock(answered, sent_at)
            if update is not None:
                self._apply(update, "poll")
            elif known == self._cache.revision:
                self._suspected = False
                self._heartbeat("poll")
            self._polls.reset()
            return None
        except Exception as error:
            self._fail(error)
            self._no_poll_before = time.monotonic() + _BackOff.at_least(0.0, getattr(error, "retry_after", None))
            return error

    def _parse_answer(self, raw: Mapping[str, Any]) -> _FlagUpdate:
        """The flags of an answer. The first one decides which stash the slug names."""
        update = _parse_flags(raw, self._stash_id)
        # Another thread may poll as well, and may have seen another id.
        with self._apply_lock:
            self._stash_id = _parse_stash_id(raw, self._stash_id)
        return _narrow(update, self._prefix)

    def _read_stream(self) -> None:
        # The events of a stream do not name their stash, so by a slug alone it could be another one at each reconnect.
        if self._stash_id is None:
            self._stop.wait(max(0.0, self._no_poll_before - time.monotonic()))
            error = self._poll()
            if error is not None:
                raise error
        known, sent_at = self._cache.resume_from, time.monotonic()
        exchange = self._exchange = _Exchange(self._url, self._timing.deadline)
        try:
            if self._stop.is_set():
                return
            query = [] if known is None else [f"after={known}"]
            answer = exchange.open("GET", self._to_read_path("watch", query), {"Accept": "text/event-stream"})
            self._check(answer, exchange, time.monotonic() + self._timing.deadline)
            if not (answer.headers.get("Content-Type") or "").startswith("text/event-stream"):
                raise NoAnswerError(f"{exchange.host} is not Switchyard, or not its API. Check the URL.")
            self._opened_at = time.monotonic()
            self._synchronize_clock(answer.headers, sent_at)
            if self._suspected:
                self._poll()
            events = _SseParser(self._timing.max_bytes)
            limit = self._timing.deadline
            for chunk in exchange.chunks():
                alive_at = events.alive_at
                updates = [_narrow(_parse_watch_event(text), self._prefix) for text in events.feed(chunk)]
                self._retry = events.retry
                if events.alive_at > alive_at:
                    limit = self._timing.silence
                    self._heartbeat("stream")
                elif time.monotonic() - alive_at > limit:
                    raise NoAnswerError("The stream was silent for too long.")
                exchange.silence(limit)
                for update in updates:
                    self._apply(update, "stream")
                    if self._stop.is_set():
                        return
            raise NoAnswerError("The stream ended.")
        finally:
            self._exchange = None
            exchange.close()

    def _apply(self, update: _FlagUpdate, via: str) -> None:
        if self._end is not None:
            return
        if update.type == "gone":
            self._end = ("gone", time.time())
            self._stop.set()
            with self._state_changed:
                self._state_changed.notify_all()
            return
        # A thread that makes a change polls as well, so two updates may arrive at once.
        with self._apply_lock:
            changes = self._update_cache(update)
        self._suspected = False
        self._heartbeat(via)
        if changes is not None:
            self._notify(changes)
            self._announce_ended()
            self._save()

    def _synchronize_clock(self, headers: Mapping[str, str], sent_at: float) -> None:
        with self._apply_lock:
            self._clock.synchronize(headers, sent_at)
        self._announce_ended()
        offset = (self._clock.to_stored() or (0.0, 0.0))[0]
        if abs(offset - self._stored_offset) > _CLOCK_MOVED and self._cache.revision is not None:
            self._save()

    def _ended_revert(self, copy: _FlagCache, key: str) -> Optional[_Revert]:
        """The revert of a time-box that has ended by the clock; None if there is none."""
        revert = copy.reverts.get(key)
        return revert if revert is not None and revert.at <= self._clock.now() else None

    def _announce_ended(self) -> None:
        """Announces the flags that went back by the clock, and sets the timer for the next end of a time-box."""
        with self._apply_lock:
            changes = self._diff({key: self._announced(key) for key in self._cache.reverts})
        self._notify(changes)
        self._set_end_timer()

    def _set_end_timer(self) -> None:
        with self._apply_lock:
            ends = [revert.at for key, revert in self._cache.reverts.items() if key not in self._announced_ends]
            wait = min(ends) - self._clock.now() if ends else math.inf
            if self._closed_by_caller():
                wait = math.inf
            rings_at = time.monotonic() + wait
            if self._timer is not None and self._timer.is_alive() and abs(rings_at - self._timer_fires_at) < 0.001:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._timer_fires_at = None, rings_at
            if wait == math.inf:
                return
            self._timer = threading.Timer(min(max(0.0, wait), _TIMER_MAX), self._announce_ended)
            self._timer.name, self._timer.daemon = "switchyard-clock", True
            try:
                self._timer.start()
            except RuntimeError:  # no more threads, or the end of the process: reads are right all the same
                self._timer = None

    def _update_cache(self, update: _FlagUpdate) -> Optional[Dict[str, Optional[str]]]:
        """Replaces the cache if the update is newer, or adds reverts that were not known.

        Returns the changes for listeners; None if nothing was applied. Raises NoAnswerError at a gap or an older snapshot.
        """
        revision, flags, reverts, knows_reverts = self._cache
        if update.type == "snapshot":
            if revision is not None and update.revision < revision:
                self._suspected, self._fresh_since = True, None
                raise NoAnswerError(f"The service returned the older revision {update.revision}.")
            if update.revision == revision and knows_reverts:
                return None
            whole = {key: value for key, value in update.flags.items() if value is not None}
            pending = {key: revert for key, revert in update.reverts.items() if revert is not None}
            before = {key: self._announced(key) for key in (*flags, *reverts, *whole, *pending)}
            self._cache = _FlagCache(update.revision, whole, pending, update.knows_reverts)
            return self._diff(before)
        # A stream of some keys leaves out the revisions that are about others.
        if revision is None or (self._prefix == "" and update.revision > revision + 1):
            raise NoAnswerError("The stream left out a change.")
        if update.revision <= revision:
            return None
        before = {key: self._announced(key) for key in (*update.flags, *update.reverts)}
        # A change to the same value is announced too, unless it ends a time-box: the clock may have announced that end already.
        ends = {key for key in update.flags if key in self._announced_ends or update.reverts.get(key, key) is None}
        always = update.flags.keys() - ends
        merged = {**flags, **update.flags}
        # A change ends the time-box that the flag was in. If it begins another one, `reverts` has that.
        boxes = {**{key: revert for key, revert in reverts.items() if key not in update.flags}, **update.reverts}
        self._cache = _FlagCache(
            update.revision,
            {key: value for key, value in merged.items() if value is not None},
            {key: revert for key, revert in boxes.items() if revert is not None},
            knows_reverts,
        )
        return self._diff(before, always)

    def _announced(self, key: str) -> Optional[str]:
        """The value that listeners were last called with."""
        if key in self._override:
            return self._override[key]
        revert = self._cache.reverts.get(key) if key in self._announced_ends else None
        return self._cache.flags.get(key) if revert is None else revert.to

    def _diff(self, before: Dict[str, Optional[str]], always: AbstractSet[str] = frozenset()) -> Dict[str, Optional[str]]:
        """Returns the flags whose present value differs from `before`, and those of `always`.

        Notes the present values as announced.
        """
        changes: Dict[str, Optional[str]] = {}
        for key, shown in before.items():
            if self._ended_revert(self._cache, key) is None:
                self._announced_ends.discard(key)
            else:
                self._announced_ends.add(key)
            text = self._announced(key)
            if text != shown or (key in always and key not in self._override):
                changes[key] = text
        return changes

    def _heartbeat(self, via: str) -> None:
        if self._suspected:
            return
        now = time.time()
        if self._fresh_since is None or self._is_overdue(now):
            self._fresh_since = now
            # The service is back: the next failure is reported, also with the same message.
            self._failures, self._error = set(), None
        self._confirmed_at, self._via, self._missing_since = now, via, None
        with self._state_changed:
            self._state_changed.notify_all()

    def _is_overdue(self, now: float) -> _Bool:
        """A negative age means that the local clock was put back: then the real age is not known."""
        limit = self._timing.silence if self._via == "stream" else 2 * self._timing.poll + self._timing.deadline
        return not 0 <= now - (self._confirmed_at or now) <= limit

    def _notify(self, changes: Dict[str, Optional[str]]) -> None:
        for key, value in changes.items():
            if value is None:
                self._deleted[key] = None
                if len(self._deleted) > _KEYS_MAX:
                    self._deleted.pop(next(iter(self._deleted)), None)
                for kind in (*_READERS, "percentage", "split"):
                    self._reported_mismatches.pop((kind, key), None)
        if not changes:
            return
        for listener in self._listeners:
            try:
                listener(self._cache.revision or 0, dict(changes))
            except Exception as error:
                self._report(Problem("listener", str(error)))

    def _load(self) -> None:
        if self._store is None:
            return
        try:
            text = self._store.load()
            if text is not None:
                stash_id, snapshot, clock, flaw = _parse_stored(text, self._stash, self._service)
                self._stash_id = stash_id
                if clock is not None:
                    self._clock.restore(*clock)
                    self._stored_offset = clock[0]
                self._update_cache(_narrow(snapshot, self._prefix))
                # A heartbeat on a stream does not confirm time-boxes that were never received.
                self._suspected = not snapshot.knows_reverts
                if flaw is not None:
                    raise NoAnswerError(flaw)
        except Exception as error:
            self._report(Problem("store", str(error)))

    def _save(self) -> None:
        if self._store is None:
            return
        try:
            with self._save_lock:
                copy, clock = self._cache, self._clock.to_stored()
                kept: Dict[str, Any] = {"stash_id": self._stash_id}
                if self._stash != self._stash_id:
                    kept["slug"] = self._stash
                if self._service is not None:
                    kept["service"] = self._service
                flags = {self._prefix + key: value for key, value in copy.flags.items()}
                reverts = {self._prefix + key: revert for key, revert in copy.reverts.items()}
                kept.update(revision=copy.revision, flags=flags, reverts=_serialize_reverts(reverts))
                if clock is not None:
                    kept["clock"] = {"offset_ms": round(clock[0] * 1000), "seen_at": math.floor(clock[1] * 1000)}
                self._stored_offset = (clock or (0.0, 0.0))[0]
                # The JSON is escaped to ASCII: an escape can hold a lone surrogate, which UTF-8 cannot.
                self._store.save(json.dumps(kept))
        except Exception as error:
            self._report(Problem("store", str(error)))

    def _fail(self, error: Exception) -> None:
        if self._end is None:
            self._error = str(error)
            if isinstance(error, RefusedError) and error.code == "stash_not_found":
                self._missing_since = self._missing_since or time.time()
                with self._state_changed:
                    self._state_changed.notify_all()
            # The tries of a long outage would fill a log. `status().error` has the latest message all the same.
            failures, message = self._failures, str(error)
            if message not in failures and len(failures) < _FAILURES_MAX:
                failures.add(message)
                self._report(Problem("service", message))

    def _report_missing(self, key: str) -> None:
        reported = self._reported_missing
        if self._on_problem is None or len(reported) >= _KEYS_MAX or key in reported or key in self._deleted:
            return
        # Before the service has confirmed the flags, any key may be missing.
        if self.status().state != "fresh" or not isinstance(key, str) or len(self._prefix + key) > _KEY_LENGTH_MAX:
            return
        reported[key] = None
        whole = f", as {json.dumps(self._prefix + key)}," if self._prefix else ""
        self._report(Problem("missing", f"There is no flag {json.dumps(key)}{whole} in this stash. Check the name.", key))

    def _report(self, problem: Problem) -> None:
        try:
            if self._on_problem is not None:
                self._on_problem(problem)
            elif problem.kind == "override":
                # An override must not go unnoticed: it hides what operators switch.
                logging.getLogger("switchyard").warning("%s", problem.message)
        except Exception:
            pass  # a callback that raises must not stop the client

    def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[bytes], deadline: Optional[float]
    ) -> Tuple[int, str, Mapping[str, str]]:
        seconds = self._timing.deadline if deadline is None else deadline
        until = time.monotonic() + seconds
        exchange = _Exchange(self._url, seconds)
        own = threading.current_thread() is self._thread and self._exchange is None
        if own:
            self._exchange = exchange
        try:
            answer = exchange.open(method, path, headers, body)
            self._check(answer, exchange, until)
            return answer.status, exchange.read(until, self._timing.max_bytes), answer.headers
        finally:
            if own:
                self._exchange = None
            exchange.close()

    def _check(self, answer: http.client.HTTPResponse, exchange: _Exchange, until: float) -> None:
        if 200 <= answer.status < 300 or answer.status == 304:
            return
        if answer.status < 400:
            raise NoAnswerError(f"{exchange.host} redirects to another address. Check the URL.")
        text = exchange.read(until, self._timing.max_bytes)
        try:
            problem = _parse_object(text, "The answer")
        except NoAnswerError:
            problem = {}
        raise RefusedError(answer.status, problem, _parse_retry_after(answer.headers))

    def _load_overrides(self, option: Optional[Mapping[str, str]]) -> None:
        """Reads all layers, at the start."""
        try:
            entries = list((option or {}).items())
            self._set_overrides("option", "The option `override`", _check_overrides(entries, self._prefix))
        except (_OverrideError, AttributeError, TypeError, ValueError) as error:
            given = str(error) if isinstance(error, _OverrideError) else "it does not map names to strings"
            self._report(Problem("override", f"The option `override` cannot be used: {given}."))
        try:
            text = os.environ.get("SWITCHYARD_OVERRIDE", "")
            self._set_overrides("environment", "SWITCHYARD_OVERRIDE", _parse_overrides(text, self._prefix, False))
        except _OverrideError as error:
            self._report(Problem("override", f"SWITCHYARD_OVERRIDE cannot be used: {error}."))
        self._look_at_override_file()
        self._apply_overrides()

    def _watch_overrides(self) -> None:
        while not self._closed.wait(_OVERRIDE_EVERY):
            self._look_at_override_file()
            self._apply_overrides()

    def _look_at_override_file(self) -> None:
        try:
            found = None if self._override_file is None else self._override_file.look()
            if found is not None:
                self._set_overrides("file", "SWITCHYARD_OVERRIDE_FILE", found)
        except _OverrideError as error:
            self._report(Problem("override", f"SWITCHYARD_OVERRIDE_FILE cannot be used: {error}. Its last state counts."))

    def _set_overrides(self, layer: str, source: str, found: _Overrides) -> None:
        self._override_layers[layer] = found.values
        if found.flaws:
            self._report(Problem("override", f"{source} has entries that are ignored: {_list_some(found.flaws, '; ')}."))

    def _apply_overrides(self) -> None:
        """Puts the layers together. If the result differs, it is reported, and announced to listeners."""
        with self._apply_lock:
            layers = self._override_layers
            override = {**layers["option"], **layers["environment"], **layers["file"]}
            if override == self._override or self._closed_by_caller():
                return
            before = {key: self._announced(key) for key in (*self._override, *override)}
            self._override = override
            changes = self._diff(before)
        names = sorted(override)
        flags = "1 flag" if len(names) == 1 else f"{len(names) or 'no'} flags"
        self._report(Problem("override", f"This process overrides {flags}{': ' if names else ''}{_list_some(names, ', ')}."))
        self._notify(changes)

    def _closed_by_caller(self) -> _Bool:
        return self._end is not None and self._end[0] == "closed"

    @property
    def _address(self) -> str:
        """The id of the stash; its slug as long as that is all that is known."""
        return self._stash_id or self._stash

    def _to_read_path(self, route: str, query: Sequence[str]) -> str:
        """The path of a read of the flags that this client keeps."""
        selected = [f"keys={self._prefix}*", *query] if self._prefix else query
        return f"/stash/{self._address}/{route}" + ("?" if selected else "") + "&".join(selected)

    def _item(self, key: str) -> str:
        return f"/item/{self._address}/{quote(self._prefix + key, safe='')}"

    def _change(
        self,
        method: str,
        path: str,
        body: Optional[str],
        content_type: Optional[str],
        reason: Optional[str] = None,
        for_: Optional[str] = None,
        at: Optional[str] = None,
        if_match: Union[int, str, None] = None,
        idempotency_key: Optional[str] = None,
        deadline: float = 10.0,
    ) -> Changed:
        given = {"reason": reason, "for": for_, "at": at}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        headers = {"Idempotency-Key": idempotency_key or secrets.token_hex(16)}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        if if_match is not None:
            headers.update({"If-None-Match": "*"} if if_match == "absent" else {"If-Match": f'"{if_match}"'})
        if content_type is not None:
            headers["Content-Type"] = content_type
        path = f"{path}?{query}" if query else path
        answer = self._retry_idempotent(method, path, headers, body, time.monotonic() + deadline)
        revision, held_id = answer.get("revision"), answer.get("held_id")
        # Read your writes: one poll, of at most a second, that asks for the revision of the change.
        if held_id is None and isinstance(revision, int) and revision > (self._cache.revision or -1):
            self._poll(revision, 1.0)
        return Changed(revision, held_id, answer)

    def _retry_idempotent(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[str], until: float
    ) -> Dict[str, Any]:
        """Sends a change up to three times under one Idempotency-Key, so that it is applied at most once.

        Raises RefusedError or NoAnswerError, whose `applied` is the outcome of all tries.
        """
        applied = "no"
        for attempt in range(_MAX_ATTEMPTS):
            try:
                data = None if body is None else body.encode("utf-8")
                text = self._call(method, path, headers, data, max(0.001, until - time.monotonic()))[1]
                return _parse_changed(text, self._url)
            except (NoAnswerError, RefusedError) as error:
                applied = _judge_outcome(error, applied)
                wait = max(_with_jitter(0.5 * 2**attempt), getattr(error, "retry_after", None) or 0.0)
                final = isinstance(error, RefusedError) and error.status not in (429, 503)
                if final or attempt == _MAX_ATTEMPTS - 1 or time.monotonic() + wait >= until:
                    if error.applied == applied:
                        raise
                    message = _REPEAT_REFUSED if isinstance(error, RefusedError) else str(error)
                    raise NoAnswerError(message, applied) from error
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


_MAX_ATTEMPTS = 3
_REPEAT_REFUSED = "An earlier try may have been applied, and the repeat was refused. Read the flag before you try again."


def _restart_in_child(client: Optional[Client]) -> None:
    """A fork (gunicorn --preload) copies the flags, but not the threads: the child starts its own."""
    if client is not None and not client._closed_by_caller():
        client._start()


# `python3 -m switchyard`.


def _main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    if arguments and arguments[0] == "follow":
        try:
            import switchyard_follow
        except ModuleNotFoundError:
            print("The follower is switchyard_follow.py, which must stand beside switchyard.py.", file=sys.stderr)
            return 2
        return switchyard_follow.main(arguments[1:])
    if arguments:
        print('python3 -m switchyard takes "follow", or nothing: then it prints its version.', file=sys.stderr)
        return 2
    print(f"switchyard {__version__}")
    print('flags = switchyard.connect("https://flags.example/api", "<id or slug>"); flags.bool("maintenance-mode", False)')
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
