import os
import sys

import switchyard

flags = switchyard.connect(
    os.environ["SWITCHYARD_URL"],
    os.environ["SWITCHYARD_STASH"],
    store=switchyard.FileStore("flags.json"),  # last known values outlive a restart
    report=lambda problem: print("switchyard:", problem.message, file=sys.stderr),
)
flags.ready(2)  # waits at most 2 s, never raises


def price(user: str) -> str:
    if flags.bool("maintenance-mode", False):
        return "closed"
    return "new" if flags.percentage("new-prices", user, False) else "old"
