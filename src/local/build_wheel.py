"""Builds the Python client as a wheel: `python3 src/local/build_wheel.py [folder]`, by default into dist/.

It must not need a package: it runs before there is any. The same source gives the same bytes on every machine, so that two
builds can be compared; so its files are stored and not compressed, because versions of zlib compress differently.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "src/client/python/switchyard.py"
# `python3 -m switchyard follow`. It is a module of its own, so that the client stays one file that can be copied.
FOLLOWER = ROOT / "src/client/python/switchyard_follow.py"

# The modules have annotations, but a wheel of plain modules cannot say so: `py.typed` (PEP 561) is for packages only. Type
# checkers read the annotations of a copy beside the code that uses it, and some read those of the wheel.
METADATA = """\
Metadata-Version: 2.1
Name: switchyard-flags
Version: {version}
Summary: Operational flags from a Switchyard service, which keep working while that is down
License: MIT
Keywords: feature flags,kill switch,maintenance mode
Classifier: License :: OSI Approved :: MIT License
Classifier: Programming Language :: Python :: 3
Requires-Python: >=3.9
Description-Content-Type: text/markdown

# switchyard-flags

The Python client of Switchyard: it keeps the flags of a stash in memory, so that a read sends no request and raises nothing.
A stream brings each change; polls do, while there is no stream. If the service is down, the last known values stay, also over
a restart. It is one file of standard library, `switchyard.py`, which may be copied as well.

    import switchyard

    flags = switchyard.connect("https://flags.example/api", stash="prod-7f3k", service="checkout")
    flags.ready(2)  # waits at most 2 s, and never raises
    if flags.bool("maintenance-mode", False):
        ...

`python3 -m switchyard follow --file flags.json` keeps a file for programs in other languages: `--help` lists what else it does.

The docstrings of `connect` and of `Client` say the rest: `python3 -c "import switchyard; help(switchyard)"`.
"""

WHEEL = """\
Wheel-Version: 1.0
Generator: switchyard build_wheel
Root-Is-Purelib: true
Tag: py3-none-any
"""

# The earliest time that a zip can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)


class BuildError(Exception):
    """The message says what is wrong and what to do."""


def get_version() -> str:
    """The version of package.json. Raises BuildError if the module has another one."""
    version = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"]
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version):
        raise BuildError(f"package.json has the version {version}: a wheel needs three numbers, such as 1.2.3.")
    stated = parse_version(MODULE.read_text(encoding="utf-8"))
    if stated != version:
        raise BuildError(f'package.json has the version {version}, and {MODULE.name} {stated}: set its `__version__ = "{version}"`.')
    return version


def parse_version(source: str) -> str:
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            if [getattr(target, "id", None) for target in statement.targets] == ["__version__"]:
                return str(statement.value.value)
    return "none"


def get_record_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def build_wheel(folder: Path) -> Path:
    """Writes the wheel, and returns its path. An older one of the same version is replaced as a whole."""
    version = get_version()
    info = f"switchyard_flags-{version}.dist-info"
    files: Dict[str, bytes] = {
        MODULE.name: MODULE.read_bytes(),
        FOLLOWER.name: FOLLOWER.read_bytes(),
        f"{info}/LICENSE": (ROOT / "LICENSE").read_bytes(),
        f"{info}/METADATA": METADATA.format(version=version).encode(),
        f"{info}/WHEEL": WHEEL.encode(),
    }
    lines = [f"{name},{get_record_hash(data)},{len(data)}\n" for name, data in sorted(files.items())]
    # The record has no hash of itself.
    record = f"{info}/RECORD"
    entries = [*sorted(files.items()), (record, "".join([*lines, f"{record},,\n"]).encode())]

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"switchyard_flags-{version}-py3-none-any.whl"
    draft = folder / f".{path.name}.{os.getpid()}"
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for name, data in entries:
                entry = zipfile.ZipInfo(name, TIMESTAMP)
                # By default this is the system of the build, and no permissions.
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                archive.writestr(entry, data)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def main(arguments: List[str]) -> int:
    """Returns the exit code."""
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print("usage: python3 src/local/build_wheel.py [folder]", file=sys.stderr)
        return 2
    try:
        print(build_wheel(Path(arguments[0]) if arguments else ROOT / "dist"))
    except (BuildError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
