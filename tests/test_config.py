"""What the settings become: private files, one key for all processes, and lines that say what is wrong."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import request

from allocapp import create_app
from allocapp.config import MAIL_ADDRESS, ROOT, Config, load_config
from allocapp.errors import ConfigurationError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_key_that_nobody_gave_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process arrives between the first one's look and its writing: both end up with the same key."""
    made: list[str] = []

    def slowly(length: int) -> str:
        made.append(f"key {len(made) + 1} of {length}")
        if len(made) == 1:  # the second process arrives while the first is still at it
            made.append(load_config({"ALLOCAPP_INSTANCE": str(tmp_path)}).secret_key)
        return made[0]

    monkeypatch.setattr(secrets, "token_urlsafe", slowly)
    first = load_config({"ALLOCAPP_INSTANCE": str(tmp_path)}).secret_key
    assert first == made[-1] != ""
    assert mode(tmp_path / "secret_key") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_many_processes_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as several:
        keys = set(several.map(lambda _: load_config({"ALLOCAPP_INSTANCE": str(tmp_path)}).secret_key, range(50)))
    assert len(keys) == 1
    assert len(keys.pop()) > 32


def test_what_a_command_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    environ = {**os.environ, "ALLOCAPP_INSTANCE": str(instance), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, timeout=120)
    assert mode(instance) == 0o700
    assert {path.name: mode(path) for path in instance.iterdir()} == {"allocapp.sqlite": 0o600, "secret_key": 0o600}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        ("", "203.0.113.9", "192.0.2.1 http"),  # anybody may write that header
        ("1", "203.0.113.9", "203.0.113.9 https"),
        ("1", "198.51.100.7, 203.0.113.9", "203.0.113.9 https"),  # the first one is the visitor's own invention
        ("2", "203.0.113.9, 198.51.100.7", "203.0.113.9 https"),
        ("1", "", "192.0.2.1 https"),
    ],
)
def test_visitors_have_their_own_address_behind_proxies_we_trust(
    tmp_path: Path, proxies: str, forwarded: str, seen: str
) -> None:
    app = create_app(load_config({"ALLOCAPP_INSTANCE": str(tmp_path), "TRUSTED_PROXIES": proxies}))
    app.before_request(lambda: f"{request.remote_addr} {request.scheme}")
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https, https" if proxies == "2" else "https"}
    answer = app.test_client().get("/nowhere", headers=headers, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert answer.text == seen


@pytest.mark.parametrize("proxies", ["-1", "6", "yes"])
def test_a_number_of_proxies_that_cannot_be_is_refused(tmp_path: Path, proxies: str) -> None:
    with pytest.raises(ConfigurationError, match="TRUSTED_PROXIES"):
        load_config({"ALLOCAPP_INSTANCE": str(tmp_path), "TRUSTED_PROXIES": proxies})


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(ConfigurationError, match="secret_key is empty"):
        load_config({"ALLOCAPP_INSTANCE": str(tmp_path)})


# -- mail ------------------------------------------------------------------------------------------------------------

MAIL = {"SMTP_HOST": "mail.example.vn", "SMTP_FROM": "chitieu@example.vn"}


def configured(tmp_path: Path, **environ: str) -> Config:
    return load_config({"ALLOCAPP_INSTANCE": str(tmp_path), **environ})


def test_without_a_mail_server_there_is_none(tmp_path: Path) -> None:
    found = configured(tmp_path, SMTP_FROM="no address", SMTP_TLS="?")
    assert (found.mail, found.public_url) == (None, "http://127.0.0.1:8000")


def test_a_mail_server_is_spoken_to_in_secret_unless_told_otherwise(tmp_path: Path) -> None:
    for tls, port in (("", 587), ("starttls", 587), ("tls", 465), ("none", 25)):
        found = configured(tmp_path, **MAIL, SMTP_TLS=tls).mail
        assert found is not None
        assert (found.tls, found.port) == (tls or "starttls", port)
    found = configured(tmp_path, **MAIL, SMTP_PORT="2525", SMTP_USER="u", SMTP_PASSWORD="geheim").mail
    assert found is not None and (found.port, found.user, found.password) == (2525, "u", "geheim")
    assert "geheim" not in repr(found)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"SMTP_FROM": ""}, "SMTP_FROM"),
        ({"SMTP_FROM": "a@example.vn\nBcc: b@example.vn"}, "SMTP_FROM"),
        ({"SMTP_TLS": "ssl"}, "SMTP_TLS"),
        ({"SMTP_PORT": "0"}, "SMTP_PORT"),
        ({"SMTP_USER": "u"}, "SMTP_PASSWORD"),
        ({"SMTP_PASSWORD": "p"}, "SMTP_USER"),
        ({"SMTP_USER": "u", "SMTP_PASSWORD": "p", "SMTP_TLS": "none"}, "in the clear"),
        ({"PUBLIC_URL": "chitieu.example.vn"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "javascript:alert(1)//x"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://a@b.vn/?x=1"}, "PUBLIC_URL"),
    ],
)
def test_mail_that_cannot_be_sent_is_refused_at_the_start(tmp_path: Path, wrong: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        configured(tmp_path, **{**MAIL, **wrong})


def test_links_in_mails_need_the_address_that_people_use(tmp_path: Path) -> None:
    production = {
        "ALLOCAPP_ENV": "production", "DATABASE_URL": "sqlite:///x", "SECRET_KEY": "k" * 32, "TRUSTED_HOSTS": "x.vn",
    }  # fmt: skip
    with pytest.raises(ConfigurationError, match="PUBLIC_URL"):
        configured(tmp_path, **production, **MAIL)
    assert configured(tmp_path, **production, **MAIL, PUBLIC_URL="https://x.vn/").public_url == "https://x.vn"
    assert configured(tmp_path, **production).mail is None


@pytest.mark.parametrize("text", ["a@b.vn", "a.b+c@sub.example.vn", f"{'a' * 64}@example.vn"])
def test_what_people_use_is_an_address(text: str) -> None:
    assert MAIL_ADDRESS.match(text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b", "@b.vn", "a@", "a b@c.vn", "a@b.vn, c@d.vn", "a@b.vn\n", "a@b.vn\r\nBcc: c@d.vn", "<a@b.vn>",
     "a..b@c.vn", ".a@b.vn", "a@-b.vn", "a@b..vn", "ê@b.vn", "a@b.vn.", f"a@{'b' * 250}.vn", "a\x00@b.vn"],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    assert not MAIL_ADDRESS.match(text)
