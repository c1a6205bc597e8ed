"""make test: all tests, part by part, each part in a process of its own.

Browser driver, typesetter, signing and database libraries are compiled code; in the application they do not all meet in
one process either. With all 2,800 tests in one, memory was damaged by one of them, and the interpreter ended with a
segmentation fault near the end; in parts that has not been seen. With a path among the arguments, only that is run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

APART = ("tests/browser", "tests/life", "tests/services", "tests/views")
PARTS = (*((folder,) for folder in APART), ("tests", *(f"--ignore={folder}" for folder in APART)))
NOTHING_CHOSEN = 5  # pytest's status where the arguments leave no test of a part


def main(arguments: list[str]) -> int:
    """Run the parts one after the other, all of them even where one fails; the status of the first that failed."""
    if any(Path(argument.partition("::")[0]).exists() for argument in arguments):
        return _pytest(*arguments)
    failed = []
    for part in PARTS:
        status = _pytest(*part, *arguments)
        if status not in (0, NOTHING_CHOSEN):
            failed.append((part[0], status))
    for folder, status in failed:
        print(f"{folder}: failed ({status})", file=sys.stderr)
    return failed[0][1] if failed else 0


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
