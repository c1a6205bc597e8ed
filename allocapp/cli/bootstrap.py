"""Makes a machine ready: system packages, .venv, fonts, compiled translations. Run by every target of the Makefile.

Standard library only, because it runs before there is anything else, and in words that an older Python still reads, so
that it can say that it is too old. Does only what is missing: the second time it looks at a few files and returns.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "allocapp.json"
OLDEST = (3, 11)

# what WeasyPrint loads (Pango brings GLib, fontconfig and HarfBuzz along), and the package that has it; where two are
# named, the first that the distribution has
LIBRARIES: dict[str, tuple[str, ...]] = {
    "libpango-1.0.so.0": ("libpango-1.0-0",),
    "libpangoft2-1.0.so.0": ("libpangoft2-1.0-0",),
    "libharfbuzz-subset.so.0": ("libharfbuzz-subset0", "libharfbuzz0b"),
}
# Tinos is complete in Vietnamese in every release; Liberation Serif only from 2.x on, under changing package names
FONT_PACKAGES = ("fonts-croscore", "fonts-liberation2", "fonts-liberation")
FONT_FILES = ("Tinos-Regular.ttf", "LiberationSerif-Regular.ttf")
FONT_FOLDERS = ("/usr/local/share/fonts", "/usr/share/fonts")
FONT_MISSING = 3
FIND_FONTS = f"""
import json, sys
from allocapp.documents.fonts import find_serif_fonts
from allocapp.errors import FontMissing
try:
    print(json.dumps([str(path) for path in find_serif_fonts().values()]))
except FontMissing:
    sys.exit({FONT_MISSING})
"""


class Stop(Exception):
    """The set-up cannot go on; the text says why and what to do, in one line a language."""


def main() -> int:
    """Set up what is missing. Returns the exit status: 1, after a line on stderr, where that cannot be done."""
    try:
        _use_new_enough_python()
        with _one_at_a_time():
            set_up()
    except Stop as stop:
        print(stop, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def set_up() -> None:
    """System packages first, then .venv, then what needs .venv to be checked. Raises Stop."""
    stamp = _read_stamp()
    wanted = _fingerprint()
    ready = stamp.get("venv") == wanted and (VENV / "bin" / "python").exists()
    packages = _missing_packages(need_venv=not ready)
    if packages:
        install_packages(packages)
        still = _missing_packages(need_venv=not ready)
        if still:
            names = " ".join(alternatives[0] for alternatives in still)
            raise Stop(f"Lỗi: đã cài nhưng vẫn thiếu {names} / Error: installed, but still missing: {names}")
    if not ready:
        build_venv()
        _write_stamp(wanted, [])
    fonts = stamp.get("fonts", [])
    if not fonts or not all(Path(font).exists() for font in fonts):
        _write_stamp(wanted, find_or_install_fonts())
    compile_translations()


def _use_new_enough_python() -> None:
    """Go on under a newer Python of this machine where ``python3`` is too old. Raises Stop where there is none."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(20, OLDEST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, "-I", *sys.argv])  # noqa: S606 - no shell is meant
    have = ".".join(str(part) for part in sys.version_info[:3])
    raise Stop(f"Lỗi: cần Python 3.11 trở lên, máy này có {have} / Error: needs Python 3.11 or newer, this is {have}")


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two ``make`` at once: the second waits, and then finds everything done."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _read_stamp() -> dict[str, Any]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(venv: str, fonts: list[str]) -> None:
    STAMP.write_text(json.dumps({"venv": venv, "fonts": fonts}))


def _fingerprint() -> str:
    """Changes with the requirements and with the Python that .venv is made from."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    return f"{sys.version_info[0]}.{sys.version_info[1]} {digest}"


def _missing_packages(*, need_venv: bool) -> list[tuple[str, ...]]:
    """Alternatives of packages, for each thing that is missing."""
    missing: list[tuple[str, ...]] = []
    if need_venv and not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        missing.append((f"python3.{sys.version_info[1]}-venv", "python3-venv"))
    for library, packages in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(packages)
    if not _any_font_file():
        missing.append(FONT_PACKAGES)
    return missing


def _any_font_file() -> bool:
    return any(name in FONT_FILES for folder in FONT_FOLDERS for _, _, names in os.walk(folder) for name in names)


def install_packages(wanted: Sequence[tuple[str, ...]]) -> None:
    """Install from the distribution, as root or through sudo without a password. Raises Stop with the command."""
    prefix = _root_prefix()
    if prefix is None or not shutil.which("apt-get"):
        raise Stop(_what_to_run(_chosen(wanted)))
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    print("Đang cài gói hệ thống / Installing system packages …", flush=True)
    _run([*apt, "update"], "apt-get update")
    packages = _chosen(wanted)
    print("  " + " ".join(packages), flush=True)
    _run([*apt, "install", "-y", "--no-install-recommends", *packages], "apt-get install")


def _root_prefix() -> list[str] | None:
    """How to become root: nothing to do, ``sudo``, or None where a person has to."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def _chosen(wanted: Sequence[tuple[str, ...]]) -> list[str]:
    """One package of each group of alternatives: the first that this distribution has."""
    return list(dict.fromkeys(next(filter(_apt_has, names), names[0]) for names in wanted))


def _apt_has(package: str) -> bool:
    if not shutil.which("apt-cache"):
        return False
    result = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False)
    return any(line.strip().startswith("Candidate:") and "(none)" not in line for line in result.stdout.splitlines())


def _what_to_run(packages: list[str]) -> str:
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        return f"Lỗi: hãy cài các gói tương ứng với / Error: install what your system calls: {names}"
    command = f"sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends {names}'"
    return f"Thiếu gói hệ thống, hãy chạy lệnh sau / System packages are missing, please run this:\n  {command}"


def build_venv() -> None:
    """Create .venv, anew where it belongs to another Python, and install the pinned requirements. Raises Stop."""
    print("Đang cài thư viện Python / Installing Python libraries …", flush=True)
    own = VENV / "lib" / f"python3.{sys.version_info[1]}" / "site-packages" / "pip"
    if not (own.is_dir() and (VENV / "bin" / "python").exists()):
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "venv")
    STAMP.unlink(missing_ok=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-q"]
    _run([*pip, "--require-hashes", "-r", str(ROOT / "requirements.txt")], "pip install")


def find_or_install_fonts() -> list[str]:
    """Files of a serif face that is complete in Vietnamese, as the documents find it; installs one where none is."""
    for package in (None, *FONT_PACKAGES):
        if package:
            install_packages([(package,)])
        found = subprocess.run(
            [str(VENV / "bin" / "python"), "-c", FIND_FONTS], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return list(json.loads(found.stdout))
        if found.returncode != FONT_MISSING:
            raise Stop(f"Lỗi khi tìm phông chữ / Error while looking for fonts: {_last_line(found.stderr)}")
    raise Stop(
        "Lỗi: không có phông chữ kiểu Times đủ dấu tiếng Việt / Error: no Times-like font complete in Vietnamese; "
        + "install fonts-croscore"
    )


def compile_translations() -> None:
    """Catalogues are committed as text; the program reads them compiled."""
    folder = ROOT / "allocapp" / "translations"
    for text in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        compiled = text.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < text.stat().st_mtime:
            babel = [str(VENV / "bin" / "pybabel"), "-q", "compile", "-i", str(text), "-o", str(compiled)]
            _run([*babel, "-l", text.parent.parent.name], "pybabel compile")


def _run(command: list[str], name: str) -> None:
    """Run a command quietly; where it fails, its last words are the reason. Raises Stop."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        if os.environ.get("VERBOSE"):
            print(result.stdout, file=sys.stderr)
        raise Stop(f"Lỗi: {name} không chạy được / Error: {name} failed: {_last_line(result.stdout)} (VERBOSE=1)")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("e:", "error"))]
    return (errors or lines or ["?"])[-1]


if __name__ == "__main__":
    sys.exit(main())
