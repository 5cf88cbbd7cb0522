"""Switchyard flags inside a Python service that must not fall when Switchyard does.

One file, standard library only, Python 3.9 and later. Copy it beside your code, or put its folder on PYTHONPATH.

    import switchyard
    flags = switchyard.connect("https://flags.example/api", stash="…64 hexadecimal digits…")
    flags.ready(2)                                  # waits at most 2 s for the first answer, and never raises
    if flags.bool("maintenance-mode", False): ...

A read is a look into memory: no request, no lock, no exception. One daemon thread keeps that memory up to date: by a
stream, and by polls while there is none. Whatever happens to it, the last known values stay. Only a higher revision
replaces them, and the clock: past the end of a time-box every read gives what the flag was before, connected or not. A text that does not fit what a read asks for gives that read its default, and says so in `report`; so
does a key that the stash has never had, which may be a mistyped one.

Connections go straight to the host: HTTP_PROXY and its kin are not heeded. TLS is verified as the `ssl` module does
by default. Changes (`set`, `delete`, `patch`) do raise: whoever writes has to know.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import math
import os
import random
import re
import secrets
import socket
import ssl
import threading
import time
import weakref
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import AbstractSet, Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple, Union
from urllib.parse import quote, urlencode, urlsplit

__all__ = [
    *("Changed", "Client", "Failure", "FileStore", "Problem", "Reading", "Refused", "Status", "Timing"),
    *("connect", "evaluate"),
]


class Failure(Exception):
    """There was no answer, or none in time, or none that makes sense. Whether a change was applied is not known."""


class Refused(Exception):
    """The service said no. `code` is stable, `detail` says what to do, `facts` help."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: Optional[float] = None) -> None:
        self.status = status
        self.code = str(problem.get("code", f"http_{status}"))
        self.title = str(problem.get("title", f"The answer was {status}"))
        self.detail = str(problem.get("detail", ""))
        self.facts = {k: v for k, v in problem.items() if k not in ("type", "title", "status", "code", "detail")}
        self.retry_after = retry_after
        super().__init__(f"{self.title}. {self.detail}".strip())


class Reading(NamedTuple):
    """What a read gave, and why.

    `reason` is `flag` (it is what the flag says), `default` (the flag says that the default counts: `null` as JSON),
    `missing` (there is no such flag), `empty` (nothing is known yet), `misfit` (the flag's text is nothing of this
    kind), `no_target` (it is rolled out by shares, and nobody was named) or `reverted` (the flag's time-box is over by
    the clock, which the service has not told yet: it is what the flag said before, or the default where there was none).
    """

    value: Any
    reason: str


class Problem(NamedTuple):
    """What a read does not raise. `kind` is `misfit`, `missing`, `service`, `store` or `listener`."""

    kind: str
    message: str
    key: Optional[str] = None


class Changed(NamedTuple):
    """What a change came to. `held_id` is set where it waits, for a time or a second person."""

    revision: Optional[int]
    held_id: Optional[str]
    answer: Dict[str, Any]


class Status(NamedTuple):
    """How far the last known values can be trusted.

    `state` is `empty` (nothing is known), `fresh` (the service tells of each change, or was asked a moment ago),
    `behind` (nobody says whether the last known values still hold), `gone` (the stash was deleted, or is not known
    where it once was) or `closed`.
    Times are seconds since the epoch; of `behind`, `since` is when the service was last heard.
    """

    state: str
    revision: Optional[int]
    since: float
    confirmed_at: Optional[float]
    via: Optional[str]
    error: Optional[str]
    # How many flags have gone back by the clock, their time-boxes being over, and the service has not told it yet.
    reverted: int = 0


@dataclass(frozen=True)
class Timing:
    """In seconds, but for `max_bytes`: the most that an answer or an event may be."""

    poll: float = 5.0
    # The service says something every 15 s: a stream that is silent for longer than this is dead.
    silence: float = 40.0
    deadline: float = 5.0
    # After the first failure, then twice as long each time, up to the ceiling. Streams are tried less and less, up to
    # six times the ceiling: polls cover for them.
    back_off: float = 0.5
    ceiling: float = 10.0
    # After a stream that lived, and after an outage, the next one begins at random within this. Polls cover for it.
    spread: float = 30.0
    max_bytes: int = 8 * 1024 * 1024


class FileStore:
    """Keeps last known values in a file, replaced whole: a crash in mid-write leaves the one before.

    Only this user can read it. Several processes may share it: the last one wins.
    """

    def __init__(self, path: Union[str, "os.PathLike[str]"]) -> None:
        self._path = os.fspath(path)

    def load(self) -> Optional[str]:
        try:
            with open(self._path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def save(self, text: str) -> None:
        # Made anew, under a name that cannot be foreseen: in a folder that others can write to, a link that waits under
        # the draft's name would have us overwrite what it points to.
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
) -> "Client":
    """A client that is at work. Raises ValueError where `url`, `stash` or `token` cannot be one: nothing would come of it.

    The token is sent without the blanks and line ends around it.

    `store` has `load() -> str | None` and `save(text)`, as FileStore has; the client's own thread waits for `save`.
    `report` is told of problems, in whichever thread they come up: once of a text that does not fit; once of a key that
    the stash has never had, from when the service has confirmed the copy; and of the service and the store where they
    fail. Of tries that fail in the same words one after the other, the first is told.
    """
    return Client(url, stash, token, store, report, timing)


# What a text means: as the service evaluates it, bit for bit.

BUCKETS = 100_000


def murmur3(text: str) -> int:
    """MurmurHash3, x86, 32 bits, seed 0, of the text in UTF-8. Half a surrogate pair counts as U+FFFD."""
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
    """0 to BUCKETS - 1. Two flags shuffle the same users differently, because the flag's key is hashed along."""
    return murmur3(flag_key + targeting_key) * BUCKETS >> 32


class _Misfit(Exception):
    pass


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise _Misfit
    return text == "true"


# What JavaScript takes for a number, which is what the service goes by: no underscores, no "inf".
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_RADIX = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")


def _number(text: str) -> Union[int, float]:
    """As many digits as the text has: an int where it is a whole number, else a float."""
    bare = text.strip()
    if _RADIX.fullmatch(bare):
        return int(bare, 0)
    if not _DECIMAL.fullmatch(bare) or not math.isfinite(float(bare)):
        raise _Misfit
    value = float(bare)
    return int(value) if value.is_integer() and abs(value) <= 2**53 else value


def _json(text: str) -> Any:
    def refuse(_: str) -> Any:
        raise _Misfit

    try:
        # Python would take NaN and Infinity, which are no JSON.
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise _Misfit from None


Shares = List[Tuple[Any, float]]


def _percentage(text: str) -> Shares:
    share = _number(text)
    if not 0 <= share <= 100:
        raise _Misfit
    return [(True, share), (False, 100 - share)]


_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")


def _split(text: str) -> Shares:
    weights = _json(text)
    if not isinstance(weights, dict):
        raise _Misfit
    for weight in weights.values():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or weight < 0:
            raise _Misfit
    # In the order that JavaScript has them in: names that look like a place in an array first, by number.
    places = {n for n in weights if _INDEX.fullmatch(n) and int(n) < 2**32 - 1}
    names = sorted(places, key=int) + [n for n in weights if n not in places]
    try:
        shares = [(name, float(weights[name])) for name in names]
    except OverflowError:
        raise _Misfit from None
    if not 0 < sum(weight for _, weight in shares) < math.inf:
        raise _Misfit
    return shares


def _choose(shares: Shares, key: str, target: Optional[str]) -> Reading:
    """Shares lie end to end over the buckets: raising the first never takes anybody out of it."""
    wanted = [(value, weight) for value, weight in shares if weight > 0]
    if len(wanted) == 1:
        return Reading(wanted[0][0], "flag")
    if not isinstance(target, str) or target == "":
        return Reading(None, "no_target")
    bucket, total, so_far = bucket_of(key, target), sum(weight for _, weight in wanted), 0.0
    for value, weight in wanted:
        so_far += weight
        end = so_far / total * BUCKETS
        whole = math.floor(end + 0.5)
        # 33.3 of 100 is 33,300 buckets, also where the arithmetic of decimals says otherwise.
        if bucket < (whole if abs(end - whole) < 1e-6 else end):
            return Reading(value, "flag")
    return Reading(wanted[-1][0], "flag")


_READERS: Dict[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "number": _number,
    "string": lambda text: text,
    "json": _json,
}


def evaluate(kind: str, key: str, text: str, default: Any, target: Optional[str] = None) -> Reading:
    """What a flag's text means to a read of this kind. Asks nobody."""
    try:
        if kind in ("percentage", "split"):
            reading = _choose(_percentage(text) if kind == "percentage" else _split(text), key, target)
        else:
            value = _READERS[kind](text)
            reading = Reading(value, "default" if value is None else "flag")
    except Exception:  # _Misfit, and whatever nobody thought of: a read never raises
        reading = Reading(None, "misfit")
    return reading if reading.reason == "flag" else Reading(default, reading.reason)


# What the service tells, checked to the last value.


@dataclass(frozen=True)
class _Told:
    type: str
    revision: int
    flags: Mapping[str, Optional[str]] = field(default_factory=dict)
    # Of a snapshot, all; of a change, the difference, where None says that the flag is in no time-box any more.
    reverts: "Mapping[str, Optional[_Revert]]" = field(default_factory=dict)
    # Whether a snapshot's are all that are pending.
    knows_reverts: bool = True


class _Revert(NamedTuple):
    """What the end of a time-box puts back, and when, in seconds of the service's time. None: the flag goes away."""

    at: float
    to: Optional[str]


_ISO_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?Z")


def _read_revert(raw: Any) -> Optional[_Revert]:
    """None: it is none."""
    if not isinstance(raw, dict) or "to" not in raw or not isinstance(raw["to"], (str, type(None))):
        return None
    parts = _ISO_TIME.fullmatch(raw["at"]) if isinstance(raw.get("at"), str) else None
    try:
        return parts and _Revert(datetime.fromisoformat(parts[1] + "+00:00").timestamp() + float(parts[2] or 0), raw["to"])
    except (ValueError, OverflowError):
        return None


def _write_reverts(reverts: Mapping[str, _Revert]) -> Dict[str, Any]:
    def time_of(at: float) -> str:
        # To the millisecond, as the service writes it. Any year, unlike `fromtimestamp`.
        moment = datetime(1970, 1, 1) + timedelta(milliseconds=round(at * 1000))
        return moment.isoformat(timespec="milliseconds") + "Z"

    return {key: {"at": time_of(at), "to": to} for key, (at, to) in reverts.items()}


def _read_object(text: str) -> Dict[str, Any]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise Failure("What came is no JSON.") from None
    if not isinstance(raw, dict):
        raise Failure("What came is no JSON object.")
    return raw


def _read_told(kind: Any, raw: Mapping[str, Any], name: str, nullable: bool) -> _Told:
    revision, flags = raw.get("revision"), raw.get(name, {} if kind == "gone" else None)
    if isinstance(revision, bool) or not isinstance(revision, int) or revision < 0:
        raise Failure("What came has no revision.")
    if not isinstance(flags, dict):
        raise Failure("What came has no flags.")
    for key, value in flags.items():
        if not isinstance(value, str) and not (nullable and value is None):
            raise Failure(f'The flag "{key}" has a value that is no text.')
    # Left out where there are none.
    told = raw.get("reverts", {})
    reverts = {key: _read_revert(value) for key, value in told.items()} if isinstance(told, dict) else None
    if reverts is None or any(reverts[key] is None and (told[key] is not None or not nullable) for key in reverts):
        raise Failure("What came has time-boxes that are none.")
    return _Told(kind, revision, flags, reverts)


def _read_event(text: str) -> _Told:
    raw = _read_object(text)
    kind = raw.get("type")
    if kind not in ("snapshot", "change", "gone"):
        raise Failure("The stream told of something that is no event.")
    return _read_told(kind, raw, "flags" if kind == "snapshot" else "changes", kind == "change")


def _read_flags(raw: Mapping[str, Any], stash: str) -> _Told:
    if raw.get("stash_id") != stash:
        raise Failure("These are not the flags of this stash.")
    return _read_told("snapshot", raw, "flags", False)


# No clock is further off: one without a battery begins at 1970.
_CENTURY_MS = 100 * 365.25 * 86_400_000
_ABSENT = object()


def _read_kept(text: str, stash: str) -> "Tuple[_Told, Optional[Tuple[float, float]], Optional[str]]":
    """What a store holds: flags, what the clock was corrected by, and in words what was left out.

    It may have been written by another version, or by another program. Its flags are taken in whole or not at all; of the
    rest, what makes sense.
    """
    raw = _read_object(text)
    told, clock = raw.pop("reverts", _ABSENT), raw.get("clock", _ABSENT)
    snapshot = _read_flags(raw, stash)
    read = {key: _read_revert(value) for key, value in told.items()} if isinstance(told, dict) else {}
    flaws = [f"the time-box of {json.dumps(key)}" for key, revert in read.items() if revert is None]
    if told is not _ABSENT and not isinstance(told, dict):
        flaws.append("the time-boxes")
    kept = None
    if clock is not _ABSENT:
        times = [clock.get(name) for name in ("offset_ms", "seen_at")] if isinstance(clock, dict) else [None]
        if all(type(time) in (int, float) and abs(time) <= _CENTURY_MS for time in times):
            kept = (times[0] / 1000, times[1] / 1000)
        else:
            flaws.append("the clock")
    reverts = {key: revert for key, revert in read.items() if revert is not None}
    others = f" and {len(flaws) - 1} more" if len(flaws) > 1 else ""
    flaw = f"Of what the store holds, {flaws[0]}{others} cannot be read and is left out." if flaws else None
    # The version before kept no time-boxes: whether there are any, the service has to be asked.
    knows = isinstance(told, dict) and not flaws
    return _Told("snapshot", snapshot.revision, snapshot.flags, reverts, knows), kept, flaw


def _read_changed(text: str, url: str) -> Dict[str, Any]:
    """Each change that was made or held says where. A sign-in page and another service do not."""
    try:
        answer = _read_object(text)
    except Failure:
        answer = {}
    revision = answer.get("revision")
    if isinstance(answer.get("held_id"), str) or (isinstance(revision, int) and not isinstance(revision, bool)):
        return answer
    raise Failure(f"{urlsplit(url).netloc} is not Switchyard, or not its API.")


def _may_be_applied(error: Exception) -> bool:
    """Of a change that failed. The service says; what stands before it does not know."""
    if isinstance(error, Refused):
        unknown = error.status >= 500 and error.code == f"http_{error.status}"
        return unknown or error.facts.get("applied") == "unknown"
    # Nothing listens there, or there is no such host.
    return not isinstance(error.__cause__, (ConnectionRefusedError, socket.gaierror))


class _Events:
    """The data of Server-Sent Events, from a stream's bytes as they come."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._size = max_bytes, 0
        # For how long the server wants whoever is cut off to wait.
        self.retry: Optional[float] = None
        # When a comment or a field last came. Bytes alone may be anything.
        self.alive_at = time.monotonic()
        self._parts: List[bytes] = []
        self._data: List[str] = []

    def feed(self, chunk: bytes) -> Iterator[str]:
        self._size += len(chunk)
        self._parts.append(chunk)
        if b"\n" in chunk:
            # Joined only here: adding to a long line over and over would cost its square.
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
            raise Failure(f"An event is longer than {self._max_bytes} bytes.")


class _BackOff:
    """How long to wait after the nth failure in a row: twice as long each time, up to a ceiling, never in step."""

    # A server may ask for more time than we would give it by ourselves; not for ever.
    RETRY_AFTER_MAX = 300.0

    @classmethod
    def heed(cls, wait: float, asked: Optional[float]) -> float:
        return max(wait, min(asked or 0.0, cls.RETRY_AFTER_MAX))

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most, self.failures = least, most, 0

    def reset(self) -> None:
        self.failures = 0

    def next(self, asked: Optional[float] = None) -> float:
        wait = min(self._most, self._least * 2 ** min(self.failures, 20)) * (0.5 + random.random() / 2)
        self.failures += 1
        return self.heed(wait, asked)


def _retry_after(headers: Mapping[str, str]) -> Optional[float]:
    text = headers.get("Retry-After") or ""
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, IndexError):
        return None


# Age alone says that a cache answered by itself (RFC 9111, 5.1); these say in a word of their own what they did.
_CACHES_SAY = ("CF-Cache-Status", "Cache-Status", "X-Cache", "X-Cache-Status", "X-Proxy-Cache")


def _is_from_cache(headers: Mapping[str, str]) -> bool:
    said = " ".join(headers.get(name) or "" for name in _CACHES_SAY)
    return headers.get("Age") is not None or re.search("hit|stale|updating|revalidated", said, re.I) is not None


class _Clock:
    """The service's time, as the `Date` of its answers tells it, counted monotonically in between.

    Neither a wrong local clock nor a step of it moves the end of a time-box. A `Date` has whole seconds and is some time
    old, so it leaves a span open of a second and the round trip; later answers narrow it. A local clock within the span is
    used as it is, which is exact where the host keeps time. Outside it, the span's later end counts: never late, early by
    at most the span.
    """

    # Oscillators of computers stay within this.
    DRIFT = 500e-6
    # Time that turns out to be ahead stands still for so long, and goes back where it is more: what ended would begin anew.
    STAND_STILL = 5.0

    def __init__(self) -> None:
        # All in seconds of the service's time less time.monotonic().
        self._least, self._most, self._told_at = -math.inf, math.inf, 0.0
        self._ahead: Optional[float] = None
        # Time does not go back to before this.
        self._reached = -math.inf
        self._kept = False

    def now(self) -> float:
        if self._ahead is None:
            self._ahead = time.time() - time.monotonic()
        self._reached = now = max(self._reached, self._ahead + time.monotonic())
        return now

    def resume(self, offset: float, seen_at: float) -> None:
        """What an earlier process kept. The first answer has the last word."""
        self._ahead = time.time() + offset - time.monotonic()
        # It is later now, whatever the local clock says.
        self._reached, self._kept = seen_at, True

    def correct(self, headers: Mapping[str, str], sent_at: float) -> None:
        """`sent_at` is time.monotonic() before the request."""
        try:
            date = email.utils.parsedate_to_datetime(headers.get("Date") or "").timestamp()
        except (TypeError, ValueError, IndexError, OverflowError):
            return
        if _is_from_cache(headers):
            return
        arrived_at = time.monotonic()
        drift = (arrived_at - self._told_at) * self.DRIFT
        told = (date - arrived_at, date + 1 - sent_at)
        known = (self._least - drift, self._most + drift)
        # Older than an earlier answer: it comes from a cache that does not say so. No cache keeps `no-store`.
        if told[1] < known[0] and "no-store" not in (headers.get("Cache-Control") or "").lower():
            return
        both = (max(told[0], known[0]), min(told[1], known[1]))
        self._least, self._most = both if both[0] <= both[1] else told
        self._told_at = arrived_at
        local = time.time() - arrived_at
        self._ahead = ahead = local if self._least <= local <= self._most else self._most
        if ahead + arrived_at < self._reached - self.STAND_STILL:
            self._reached = -math.inf

    def keep(self) -> Optional[Tuple[float, float]]:
        """The service's time less the local one, and the former. None where no answer has told it, now or before."""
        if self._most == math.inf and not self._kept:
            return None
        now = self.now()
        return now - time.time(), now


class _Exchange:
    """One request and its answer. `abort`, from another thread, wakes whoever reads of it."""

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
                raise Failure("It was given up.")
            self._connection.request(method, self._prefix + path, body=body, headers=dict(headers))
            self._response = self._connection.getresponse()
            return self._response
        except socket.timeout:
            raise Failure(f"{self.host} did not answer in time.") from None
        except (OSError, http.client.HTTPException) as cause:
            raise Failure(f"{self.host} cannot be reached.") from cause

    def chunks(self, until: Optional[float] = None) -> Iterator[bytes]:
        assert self._response is not None
        # Counted here: the read1 of some Pythons does not, and waits for more than there is.
        rest = self._response.length
        while rest != 0:
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise Failure(f"{self.host} did not answer in time.")
                self.silence(left)
            try:
                chunk = self._response.read1(65536 if rest is None else min(65536, rest))
            except socket.timeout:
                raise Failure(f"{self.host} fell silent.") from None
            except (OSError, ValueError, http.client.HTTPException) as cause:
                raise Failure(f"{self.host} broke off its answer.") from cause
            if not chunk:
                # A body that is shorter than was promised ends just as quietly.
                if rest is not None:
                    raise Failure(f"{self.host} broke off its answer.")
                return
            rest = None if rest is None else rest - len(chunk)
            yield chunk

    def silence(self, seconds: float) -> None:
        """How long the other side may say nothing from now on."""
        try:
            if self._sock is not None:
                self._sock.settimeout(seconds)
        except OSError:
            pass  # closed meanwhile: reading will say so

    def read(self, until: float, max_bytes: int) -> str:
        data = bytearray()
        for chunk in self.chunks(until):
            data += chunk
            if len(data) > max_bytes:
                raise Failure(f"The answer is larger than {max_bytes} bytes.")
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


# A stash holds no more items. Beyond that, keys are made of what users type, and are neither kept nor reported.
_KEYS_MAX = 1_000
# No key is longer.
_KEY_LENGTH_MAX = 128


def _check_token(token: Optional[str]) -> Optional[str]:
    """What cannot stand in a header is turned down here: http.client's own error would quote it, into somebody's log."""
    if token is None:
        return None
    bare = token.strip() if isinstance(token, str) else " "
    if not re.fullmatch(r"[\x21-\x7e]*", bare):
        raise ValueError("token is no token: it has blanks, line ends or other characters that none has")
    # Empty: an environment variable that is not set.
    return bare or None


# By how much a clock must have moved, in seconds, for a store to be told of that alone.
_CLOCK_MOVED = 2.0
# A timer is set for no longer, and then anew: some systems can hold no more than weeks.
_TIMER_MAX = 86_400.0


class _Copy(NamedTuple):
    """As they were told: a time-box that is over still has its value here, and what it puts back in `reverts`."""

    revision: Optional[int]
    flags: Mapping[str, str]
    reverts: Mapping[str, _Revert]
    # Whether these are all time-boxes of this revision. What a store of an earlier version holds knows of none.
    knows_reverts: bool

    @property
    def resumable(self) -> Optional[int]:
        """The revision after which changes are asked for. None: the client asks for all flags."""
        return self.revision if self.knows_reverts else None


# Within the class, `bool` is the getter.
_Bool = bool


class Client:
    """Flags of one stash. Make one with `connect`, one for a process; use it from any thread."""

    def __init__(
        self,
        url: str,
        stash: str,
        token: Optional[str] = None,
        store: Any = None,
        report: Optional[Callable[[Problem], None]] = None,
        timing: Timing = Timing(),
    ) -> None:
        split = urlsplit(url)
        if split.scheme not in ("http", "https") or not split.hostname:
            raise ValueError("url is no http(s) address")
        if not re.fullmatch(r"[0-9a-f]{64}", stash):
            raise ValueError("stash is no id of a stash: 64 hexadecimal digits")
        self._url, self._stash, self._token, self._store = url, stash, _check_token(token), store
        self._report_to, self._timing = report, timing
        # Replaced, never changed: a read needs no lock. The revision goes with it.
        self._copy = _Copy(None, {}, {}, True)
        self._clock = _Clock()
        self._kept_offset = 0.0
        # Keys of which listeners know that they have gone back by the clock.
        self._gone: Set[str] = set()
        self._told_misfits: Dict[Tuple[str, str], str] = {}
        self._told_missing: Dict[str, None] = {}
        # Keys that were taken away, oldest first: that they are missing is no mistake.
        self._removed: Dict[str, None] = {}
        # What stream and poll failed with last, and what was said last, since the service last confirmed the copy.
        self._failures: Dict[str, str] = {}
        self._listeners: List[Callable[[int, Dict[str, Optional[str]]], None]] = []
        self._started_at = time.time()
        self._fresh_since: Optional[float] = None
        self._confirmed_at: Optional[float] = None
        self._via: Optional[str] = None
        self._error: Optional[str] = None
        self._doubted = False
        # Since when the service knows no such stash. It may be the wrong service: this need not be the end.
        self._missing_since: Optional[float] = None
        self._end: Optional[Tuple[str, float]] = None
        self._load()
        self._start()
        if hasattr(os, "register_at_fork"):
            reference = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _revive(reference()))

    def get(self, key: str) -> Optional[str]:
        """The flag's text; None where there is none, or nothing is known."""
        copy = self._copy
        if key in copy.reverts:
            revert = self._overdue(copy, key)
            if revert is not None:
                return revert.to
        text = copy.flags.get(key)
        if text is None:
            self._tell_missing(key)
        return text

    def all(self) -> Dict[str, str]:
        """Every flag that is known, as a dict of its own."""
        copy = self._copy
        flags = dict(copy.flags)
        for key in copy.reverts:
            revert = self._overdue(copy, key)
            if revert is not None and revert.to is None:
                flags.pop(key, None)
            elif revert is not None and revert.to is not None:
                flags[key] = revert.to
        return flags

    def bool(self, key: str, default: _Bool) -> _Bool:
        """True or false where the flag says just that."""
        return self.explain("boolean", key, default).value

    def number(self, key: str, default: Union[int, float]) -> Union[int, float]:
        """An int where the text is a whole number, else a float."""
        return self.explain("number", key, default).value

    def string(self, key: str, default: str) -> str:
        """The text as it is."""
        return self.explain("string", key, default).value

    def json(self, key: str, default: Any) -> Any:
        """What the JSON holds, made anew for each caller. `null` says that the default counts."""
        return self.explain("json", key, default).value

    def percentage(self, key: str, target: str, default: _Bool) -> _Bool:
        """Whether this user, host or order is among those for whom a `percentage` is on. The same one always is."""
        return self.explain("percentage", key, default, target).value

    def split(self, key: str, target: str, default: str) -> str:
        """Which name of a `split` this user, host or order gets. The same one always gets the same."""
        return self.explain("split", key, default, target).value

    def explain(self, kind: str, key: str, default: Any, target: Optional[str] = None) -> Reading:
        """A typed read, with why it gave what it gave. `kind` is boolean, number, string, json, percentage or split."""
        copy = self._copy
        revert = self._overdue(copy, key) if key in copy.reverts else None
        text = copy.flags.get(key) if revert is None else revert.to
        if text is None:
            if revert is not None:
                return Reading(default, "reverted")
            self._tell_missing(key)
            return Reading(default, "empty" if copy.revision is None else "missing")
        reading = evaluate(kind, key, text, default, target)
        if reading.reason == "misfit" and self._told_misfits.get((kind, key)) != text:
            self._told_misfits[(kind, key)] = text
            self._tell(Problem("misfit", f'The flag "{key}" is no {kind}: its default is used.', key))
        return Reading(reading.value, "reverted") if revert is not None and reading.reason == "flag" else reading

    def watch(self, listener: Callable[[int, Dict[str, Optional[str]]], None]) -> Callable[[], None]:
        """Calls `listener(revision, changes)` after each change; None: taken away. Returns what ends it.

        The end of a time-box is told when it comes by the clock, and not again when the service tells it. It is called in
        one of the client's own threads, or in the one whose own change it is.
        """
        self._listeners = [*self._listeners, listener]

        def end() -> None:
            self._listeners = [other for other in self._listeners if other is not listener]

        return end

    def status(self) -> Status:
        """How far the last known values can be trusted, now."""
        now, copy = time.time(), self._copy
        revision, reverted = copy.revision, sum(self._overdue(copy, key) is not None for key in copy.reverts)
        rest = (self._confirmed_at, self._via, self._error, reverted)
        if self._end is not None:
            return Status(self._end[0], revision, self._end[1], *rest)
        if revision is None:
            return Status("empty", None, self._started_at, *rest)
        fresh_since = self._fresh_since
        if fresh_since is not None and not self._is_overdue(now):
            return Status("fresh", revision, fresh_since, *rest)
        if self._missing_since is not None:
            return Status("gone", revision, self._missing_since, *rest)
        return Status("behind", revision, self._confirmed_at or self._started_at, *rest)

    def ready(self, deadline: float = 5.0) -> Status:
        """Returns when the service has confirmed what is known, and at the deadline whatever is known then."""
        with self._news:
            self._news.wait_for(lambda: self.status().state in ("fresh", "gone", "closed"), deadline)
        return self.status()

    def set(self, key: str, value: Any, **terms: Any) -> Changed:
        """Writes a flag: a str as it is, anything else as JSON.

        Terms: `reason`, `for_` ("30m": then it goes back), `at`, `if_match` (a version, or "absent"),
        `idempotency_key`, `deadline` in seconds. Raises Refused (the service said no) or Failure (nobody knows).
        """
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        content_type = "text/plain; charset=utf-8" if isinstance(value, str) else "application/json"
        return self._change("PUT", self._item(key), text, content_type, **terms)

    def delete(self, key: str, **terms: Any) -> Changed:
        """Takes a flag away. Terms as of `set`."""
        return self._change("DELETE", self._item(key), None, None, **terms)

    def patch(self, changes: Mapping[str, Optional[str]], **terms: Any) -> Changed:
        """All or nothing, as one revision; None takes a flag away."""
        path = f"/stash/{self._stash}/flags"
        return self._change("PATCH", path, json.dumps(changes, ensure_ascii=False), "application/json", **terms)

    def close(self) -> None:
        """Lets go of everything; last known values can still be read. Takes 2 s at most."""
        self._end = ("closed", time.time())
        self._stop.set()
        exchange = self._exchange
        if exchange is not None:
            exchange.abort()
        self._wind()
        with self._news:
            self._news.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(2)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _start(self) -> None:
        self._news = threading.Condition()
        self._taking = threading.Lock()
        self._saving = threading.Lock()
        self._stop = threading.Event()
        self._exchange: Optional[_Exchange] = None
        self._timer: Optional[threading.Timer] = None
        self._rings_at = math.inf
        self._retry: Optional[float] = None
        self._opened_at = math.inf
        # When the service wants the next poll, where it refused the last one.
        self._poll_not_before = -math.inf
        self._streams = _BackOff(self._timing.back_off, 6 * self._timing.ceiling)
        self._polls = _BackOff(self._timing.back_off, self._timing.ceiling)
        self._thread = threading.Thread(target=self._run, name="switchyard", daemon=True)
        self._thread.start()
        self._wind()

    def _run(self) -> None:
        # One thread: the flags first, because a stream that hangs would keep them back.
        self._poll()
        while not self._stop.is_set():
            asked = self._retry = None
            self._opened_at = math.inf
            try:
                self._read_stream()
            except Exception as error:  # whatever it was, the last known values stay and the thread lives
                asked = getattr(error, "retry_after", self._retry)
                self._fail(error, "stream")
            # Whoever was told by polls still is.
            if self._via == "stream":
                self._fresh_since = None
            # A stream that lived for a part of the silence that would end it was no failure, however it ended.
            was_steady = time.monotonic() - self._opened_at > self._timing.silence / 4
            if was_steady:
                self._streams.reset()
                # What ended it, a deploy or a proxy, ends those of others too: they do not come back together.
                self._bridge(_BackOff.heed(random.random() * self._timing.spread, asked), True)
            else:
                self._bridge(self._streams.next(asked), False)

    def _bridge(self, seconds: float, was_steady: _Bool) -> None:
        """The time until the next try for a stream. Polls keep readers current in it.

        After a steady stream, from a moment later on, and not all clients at once; else once two streams have failed, or
        where it is long.
        """
        until = time.monotonic() + seconds
        wait = 0.0 if self._streams.failures > 1 else min(seconds, self._timing.poll)
        if was_steady:
            wait = random.random() * self._timing.poll / 2
        wait = max(wait, self._poll_not_before - time.monotonic())
        while True:
            left = until - time.monotonic()
            self._stop.wait(max(0.0, min(left, wait)))
            if wait >= left or self._stop.is_set():
                return
            was_away = self._polls.failures > 0
            error = self._poll()
            if error is None:
                if was_away:
                    # No reason to wait out a long outage's last step. But everybody has seen that it is back.
                    until = min(until, time.monotonic() + random.random() * self._timing.spread)
                wait = self._timing.poll * (0.5 + random.random() / 2)
            else:
                self._fresh_since = None
                wait = self._polls.next(getattr(error, "retry_after", None))

    def _poll(self, min_revision: Optional[int] = None, deadline: Optional[float] = None) -> Optional[Exception]:
        """None where the service answered as it should. Never raises."""
        known, sent_at = self._copy.resumable, time.monotonic()
        headers = {} if known is None else {"If-None-Match": f'"{known}"'}
        query = "" if min_revision is None else f"?min_revision={min_revision}"
        try:
            path = f"/stash/{self._stash}/flags{query}"
            status, text, answered = self._call("GET", path, headers, None, deadline)
            told = None if status == 304 else _read_flags(_read_object(text), self._stash)
            if told is None and known is None:
                raise Failure("What nobody has asked for before is said to be unchanged.")
            # The clock is corrected first: an event may hold time-boxes that have ended.
            self._correct(answered, sent_at)
            if told is not None:
                self._take(told, "poll")
            elif known == self._copy.revision:
                self._doubted = False
                self._hear("poll")
            self._polls.reset()
            return None
        except Exception as error:
            self._fail(error, "poll")
            self._poll_not_before = time.monotonic() + _BackOff.heed(0.0, getattr(error, "retry_after", None))
            return error

    def _read_stream(self) -> None:
        known, sent_at = self._copy.resumable, time.monotonic()
        exchange = self._exchange = _Exchange(self._url, self._timing.deadline)
        try:
            if self._stop.is_set():
                return
            query = "" if known is None else f"?after={known}"
            answer = exchange.open("GET", f"/stash/{self._stash}/watch{query}", {"Accept": "text/event-stream"})
            self._check(answer, exchange, time.monotonic() + self._timing.deadline)
            if not (answer.headers.get("Content-Type") or "").startswith("text/event-stream"):
                raise Failure("What should be a stream is none.")
            self._opened_at = time.monotonic()
            self._correct(answer.headers, sent_at)
            if self._doubted:
                self._poll()
            events = _Events(self._timing.max_bytes)
            limit = self._timing.deadline
            for chunk in exchange.chunks():
                alive_at = events.alive_at
                told = [_read_event(text) for text in events.feed(chunk)]
                self._retry = events.retry
                if events.alive_at > alive_at:
                    limit = self._timing.silence
                    self._hear("stream")
                elif time.monotonic() - alive_at > limit:
                    raise Failure(f"{exchange.host} fell silent.")
                exchange.silence(limit)
                for event in told:
                    self._take(event, "stream")
                    if self._stop.is_set():
                        return
            raise Failure("The stream ended.")
        finally:
            self._exchange = None
            exchange.close()

    def _take(self, told: _Told, via: str) -> None:
        if self._end is not None:
            return
        if told.type == "gone":
            self._end = ("gone", time.time())
            self._stop.set()
            with self._news:
                self._news.notify_all()
            return
        # A change of one's own is asked for in the thread that made it.
        with self._taking:
            changes = self._merge(told)
        self._doubted = False
        self._hear(via)
        if changes is not None:
            self._spread(changes)
            self._turn()
            self._save()

    def _correct(self, headers: Mapping[str, str], sent_at: float) -> None:
        with self._taking:
            self._clock.correct(headers, sent_at)
        self._turn()
        offset = (self._clock.keep() or (0.0, 0.0))[0]
        if abs(offset - self._kept_offset) > _CLOCK_MOVED and self._copy.revision is not None:
            self._save()

    def _overdue(self, copy: _Copy, key: str) -> Optional[_Revert]:
        """The flag's time-box, where it is over by the clock and its end is no revision yet."""
        revert = copy.reverts.get(key)
        return revert if revert is not None and revert.at <= self._clock.now() else None

    def _turn(self) -> None:
        """Tells listeners of the flags that the clock has put back since, and sets the timer for the next one."""
        with self._taking:
            changes = self._shift({key: self._shown(key) for key in self._copy.reverts})
        self._spread(changes)
        self._wind()

    def _wind(self) -> None:
        with self._taking:
            ends = [revert.at for key, revert in self._copy.reverts.items() if key not in self._gone]
            wait = min(ends) - self._clock.now() if ends else math.inf
            if self._end is not None and self._end[0] == "closed":
                wait = math.inf
            rings_at = time.monotonic() + wait
            if self._timer is not None and self._timer.is_alive() and abs(rings_at - self._rings_at) < 0.001:
                return
            if self._timer is not None:
                self._timer.cancel()
            self._timer, self._rings_at = None, rings_at
            if wait == math.inf:
                return
            self._timer = threading.Timer(min(max(0.0, wait), _TIMER_MAX), self._turn)
            self._timer.name, self._timer.daemon = "switchyard-clock", True
            try:
                self._timer.start()
            except RuntimeError:  # no more threads, or the end of the process: reads are right all the same
                self._timer = None

    def _merge(self, told: _Told) -> Optional[Dict[str, Optional[str]]]:
        """Only a higher revision replaces what is known. None: nothing new."""
        revision, flags, reverts, knows_reverts = self._copy
        if told.type == "snapshot":
            if revision is not None and told.revision < revision:
                self._doubted, self._fresh_since = True, None
                raise Failure(f"The service went back to revision {told.revision}.")
            if told.revision == revision and knows_reverts:
                return None
            whole = {key: value for key, value in told.flags.items() if value is not None}
            pending = {key: revert for key, revert in told.reverts.items() if revert is not None}
            before = {key: self._shown(key) for key in (*flags, *reverts, *whole, *pending)}
            self._copy = _Copy(told.revision, whole, pending, told.knows_reverts)
            return self._shift(before)
        if revision is None or told.revision > revision + 1:
            raise Failure("The stream left something out.")
        if told.revision <= revision:
            return None
        before = {key: self._shown(key) for key in (*told.flags, *told.reverts)}
        # A change to the value that it had is told, unless it is the end of a time-box: that was told when it came.
        always = {key for key in told.flags if key not in self._gone and told.reverts.get(key, key) is not None}
        merged = {**flags, **told.flags}
        # A flag that is changed is in the time-box that is told with it, or in none.
        boxes = {**{key: revert for key, revert in reverts.items() if key not in told.flags}, **told.reverts}
        self._copy = _Copy(
            told.revision,
            {key: value for key, value in merged.items() if value is not None},
            {key: revert for key, revert in boxes.items() if revert is not None},
            knows_reverts,
        )
        return self._shift(before, always)

    def _shown(self, key: str) -> Optional[str]:
        """What listeners know of a key."""
        revert = self._copy.reverts.get(key) if key in self._gone else None
        return self._copy.flags.get(key) if revert is None else revert.to

    def _shift(self, before: Dict[str, Optional[str]], always: AbstractSet[str] = frozenset()) -> Dict[str, Optional[str]]:
        """From what listeners knew to how things are."""
        changes: Dict[str, Optional[str]] = {}
        for key, shown in before.items():
            if self._overdue(self._copy, key) is None:
                self._gone.discard(key)
            else:
                self._gone.add(key)
            text = self._shown(key)
            if text != shown or key in always:
                changes[key] = text
        return changes

    def _hear(self, via: str) -> None:
        if self._doubted:
            return
        now = time.time()
        if self._fresh_since is None or self._is_overdue(now):
            self._fresh_since = now
            # It was away and is back: the next failure is news, also in the same words.
            self._failures = {}
        self._confirmed_at, self._via, self._missing_since = now, via, None
        with self._news:
            self._news.notify_all()

    def _is_overdue(self, now: float) -> _Bool:
        """Also where the clock was put back, and nobody knows how long it has been."""
        limit = self._timing.silence if self._via == "stream" else 2 * self._timing.poll + self._timing.deadline
        return not 0 <= now - (self._confirmed_at or now) <= limit

    def _spread(self, changes: Dict[str, Optional[str]]) -> None:
        for key, value in changes.items():
            if value is None:
                self._removed[key] = None
                if len(self._removed) > _KEYS_MAX:
                    self._removed.pop(next(iter(self._removed)), None)
                for kind in (*_READERS, "percentage", "split"):
                    self._told_misfits.pop((kind, key), None)
        if not changes:
            return
        for listener in self._listeners:
            try:
                listener(self._copy.revision or 0, dict(changes))
            except Exception as error:
                self._tell(Problem("listener", str(error)))

    def _load(self) -> None:
        if self._store is None:
            return
        try:
            text = self._store.load()
            if text is not None:
                told, clock, flaw = _read_kept(text, self._stash)
                if clock is not None:
                    self._clock.resume(*clock)
                    self._kept_offset = clock[0]
                self._merge(told)
                # A sign of life on a stream is no word for time-boxes that were never told.
                self._doubted = not told.knows_reverts
                if flaw is not None:
                    raise Failure(flaw)
        except Exception as error:
            self._tell(Problem("store", str(error)))

    def _save(self) -> None:
        if self._store is None:
            return
        try:
            with self._saving:
                copy, clock = self._copy, self._clock.keep()
                kept = {"stash_id": self._stash, "revision": copy.revision, "flags": copy.flags}
                kept["reverts"] = _write_reverts(copy.reverts)
                if clock is not None:
                    kept["clock"] = {"offset_ms": round(clock[0] * 1000), "seen_at": math.floor(clock[1] * 1000)}
                self._kept_offset = (clock or (0.0, 0.0))[0]
                # Half a surrogate pair, which a JSON escape can hold, is no UTF-8: all is escaped.
                self._store.save(json.dumps(kept))
        except Exception as error:
            self._tell(Problem("store", str(error)))

    def _fail(self, error: Exception, road: str) -> None:
        if self._end is None:
            self._error = str(error)
            if isinstance(error, Refused) and error.code == "stash_not_found":
                self._missing_since = self._missing_since or time.time()
                with self._news:
                    self._news.notify_all()
            # Each try of a long outage would fill a log: of one that failed as the one before it did, nothing is said.
            failures, message = self._failures, str(error)
            is_news = message not in (failures.get(road), failures.get("said"))
            failures[road] = message
            if is_news:
                failures["said"] = message
                self._tell(Problem("service", message))

    def _tell_missing(self, key: str) -> None:
        told = self._told_missing
        if self._report_to is None or len(told) >= _KEYS_MAX or key in told or key in self._removed:
            return
        # Before that, any key may be missing.
        if self.status().state != "fresh" or not isinstance(key, str) or len(key) > _KEY_LENGTH_MAX:
            return
        told[key] = None
        self._tell(Problem("missing", f"There is no flag {json.dumps(key)} in this stash. Check the name.", key))

    def _tell(self, problem: Problem) -> None:
        try:
            if self._report_to is not None:
                self._report_to(problem)
        except Exception:
            pass  # whoever is told of problems must not become one

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
            raise Failure(f"{exchange.host} sends elsewhere, which is not followed.")
        text = exchange.read(until, self._timing.max_bytes)
        try:
            problem = _read_object(text)
        except Failure:
            problem = {}
        raise Refused(answer.status, problem, _retry_after(answer.headers))

    def _item(self, key: str) -> str:
        return f"/item/{self._stash}/{quote(key, safe='')}"

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
        answer = self._insist(method, f"{path}?{query}" if query else path, headers, body, time.monotonic() + deadline)
        revision, held_id = answer.get("revision"), answer.get("held_id")
        # Whoever reads after the answer to their own change reads it, where the service can still be asked.
        if held_id is None and isinstance(revision, int) and revision > (self._copy.revision or -1):
            self._poll(revision, 1.0)
        return Changed(revision, held_id, answer)

    def _insist(self, method: str, path: str, headers: Mapping[str, str], body: Optional[str], until: float) -> Dict[str, Any]:
        """Up to three times, under one Idempotency-Key: a change whose answer was lost happens once."""
        may_have_counted = False
        for attempt in range(3):
            try:
                data = None if body is None else body.encode("utf-8")
                text = self._call(method, path, headers, data, max(0.001, until - time.monotonic()))[1]
                return _read_changed(text, self._url)
            except (Failure, Refused) as error:
                wait = max(0.5 * 2**attempt * (0.5 + random.random() / 2), getattr(error, "retry_after", None) or 0.0)
                final = isinstance(error, Refused) and error.status not in (429, 503)
                if final or attempt == 2 or time.monotonic() + wait >= until:
                    if may_have_counted and isinstance(error, Refused):
                        # It says nothing of the try before it: that may have been applied before a token was revoked.
                        raise Failure(
                            "An earlier try may have counted, and its repeat was refused: "
                            "whether it was done is not known."
                        ) from error
                    raise
                may_have_counted = may_have_counted or _may_be_applied(error)
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def _revive(client: Optional[Client]) -> None:
    """A fork (gunicorn --preload) takes the values along and leaves the thread behind."""
    if client is not None and client._end is None:
        client._start()
