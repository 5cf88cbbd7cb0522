"""Runs the Python client as a process: each JSON line on stdin is a command, and one line answers it. See `client.ts`."""
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../src/client/python"))
import switchyard  # noqa: E402


def say(line):
    # One write for the whole line, because the client's own thread writes lines as well.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


setup = json.loads(sys.argv[1])
# `travelled` applies to both clocks, `skew` to the wall clock only. Waits in the interpreter use the real clock.
travelled, skew = setup.get("travelMs", 0) / 1000, setup.get("skewMs", 0) / 1000
wall, steady = time.time, time.monotonic
time.time, time.monotonic = lambda: wall() + travelled + skew, lambda: steady() + travelled
if "random" in setup:
    random.random = lambda: setup["random"]


def travel(ms):
    global travelled
    travelled += ms / 1000


def step(ms):
    global skew
    skew += ms / 1000


timing = {name: value / 1000 for name, value in setup.get("timing", {}).items() if name != "maxBytes"}
names = {"pollMs": "poll", "silenceMs": "silence", "deadlineMs": "deadline", "backOffMs": "back_off", "ceilingMs": "ceiling", "spreadMs": "spread"}
timing = {names[name]: value for name, value in timing.items()}
if "maxBytes" in setup.get("timing", {}):
    timing["max_bytes"] = setup["timing"]["maxBytes"]
flags = switchyard.connect(
    setup["url"],
    setup["stash"],
    token=setup.get("token"),
    store=switchyard.FileStore(setup["store"]) if "store" in setup else None,
    report=lambda problem: say({"problem": [problem.kind, problem.message]}),
    timing=switchyard.Timing(**timing),
    service=setup.get("service"),
    override=setup.get("override"),
)
flags.watch(lambda revision, changes: say({"news": [revision, changes]}))


def told(status):
    times = {"since": round(status.since * 1000)}
    trust = {"error": status.error, "reverted": status.reverted, "overridden": status.overridden}
    return {"state": status.state, "revision": status.revision, "via": status.via, **times, **trust}


def details(kind):
    return lambda key, default, target=None: flags.details(kind, key, default, target)._asdict()


def terms(given=None):
    names = {"for": "for_", "ifMatch": "if_match", "idempotencyKey": "idempotency_key"}
    return {names.get(name, name): value for name, value in (given or {}).items()}


def brief(changed):
    return [changed.revision, changed.held_id]


commands = {
    "get": flags.get,
    "all": flags.all,
    **{kind: details(kind) for kind in ("boolean", "number", "string", "json", "percentage", "split")},
    "status": lambda: told(flags.status()),
    "ready": lambda ms: told(flags.ready(ms / 1000)),
    "set": lambda key, value, given=None: brief(flags.set(key, value, **terms(given))),
    "delete": lambda key, given=None: brief(flags.delete(key, **terms(given))),
    "patch": lambda changes: brief(flags.patch(changes)),
    "close": flags.close,
    "travel": travel,
    "step": step,
}

say({"connected": True})
for line in sys.stdin:
    name, *args = json.loads(line)
    try:
        say({"answer": commands[name](*args)})
    except (switchyard.RefusedError, switchyard.NoAnswerError) as error:
        code = getattr(error, "code", None)
        say({"thrown": type(error).__name__, "code": code, "applied": error.applied, "message": str(error)})
    if name == "close":
        break
