"""Reads the environment once, typed. Nothing else in the project looks at ``os.environ``.

Everything a body's technicians may set is a field of :class:`Config`; everything else is a constant where it is used.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from allocapp.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = 0o077  # umask: the database holds password hashes, sessions and drafts

MAIL_PORTS = {"starttls": 587, "tls": 465, "none": 25}
# as much of RFC 5321 as people use; nothing in it can begin another header line or name a second person
MAIL_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z"
)


@dataclass(frozen=True)
class MailServer:
    """The server that takes the application's e-mail. ``tls``: "starttls", "tls" from the first byte, or "none"."""

    host: str
    port: int
    tls: str
    sender: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Config:
    """The settings of one running installation."""

    production: bool
    secret_key: str
    database_url: str
    redis_url: str
    instance: Path
    host: str
    port: int
    demo: bool
    trusted_hosts: tuple[str, ...]
    trusted_proxies: int
    session_idle: timedelta
    session_end: timedelta
    mail: MailServer | None
    public_url: str
    journal_heads: Path

    @property
    def keys(self) -> Path:
        """Folder of the signing keys and of the certificates trusted as roots."""
        return self.instance / "keys"

    def flask_settings(self) -> dict[str, object]:
        """The same settings under the names that Flask and its extensions read."""
        return {
            "ALLOCAPP": self,
            "SECRET_KEY": self.secret_key,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "REDIS_URL": self.redis_url,
            "TRUSTED_HOSTS": list(self.trusted_hosts) or None,
            "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
            # 300 receivers by 6 indicators, each with a target and a reason, beside the form's own fields
            "MAX_FORM_PARTS": 5000,
            "SESSION_COOKIE_NAME": "__Host-allocapp" if self.production else "allocapp",
            "SESSION_COOKIE_SECURE": self.production,
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "WTF_CSRF_TIME_LIMIT": None,  # the token lives as long as the signed-in session does
            "BOOTSTRAP_SERVE_LOCAL": True,
            "BABEL_DEFAULT_LOCALE": "vi",
            "BABEL_DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
            "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "allocapp" / "translations"),
            "SEND_FILE_MAX_AGE_DEFAULT": 86_400,
        }


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings from the environment.

    Raises ConfigurationError, with one line that says which variable and what it should be, where a setting is
    missing or makes no sense.
    """
    env = os.environ if environ is None else environ
    production = _choice(env, "ALLOCAPP_ENV", ("development", "production")) == "production"
    instance = Path(env.get("ALLOCAPP_INSTANCE") or ROOT / "instance").resolve()
    database_given = bool(env.get("DATABASE_URL"))
    if production and not database_given:
        raise ConfigurationError("DATABASE_URL", "must name the database in production")
    if production and not env.get("TRUSTED_HOSTS"):
        raise ConfigurationError("TRUSTED_HOSTS", "must list the host names people use, in production")
    demo_wanted = _choice(env, "DEMO", ("1", "0")) == "1"
    return Config(
        production=production,
        secret_key=_secret_key(env, instance, production),
        database_url=_database_url(env, instance),
        redis_url=env.get("REDIS_URL") or f"unix://{instance / 'valkey.sock'}",
        instance=instance,
        host=env.get("HOST") or "127.0.0.1",
        port=_number(env, "PORT", 8000, 1, 65_535),
        demo=demo_wanted and not production and not database_given,
        trusted_hosts=tuple(name.strip() for name in env.get("TRUSTED_HOSTS", "").split(",") if name.strip()),
        trusted_proxies=_number(env, "TRUSTED_PROXIES", 0, 0, 5),
        session_idle=timedelta(minutes=_number(env, "SESSION_IDLE_MINUTES", 15, 1, 600)),
        session_end=timedelta(hours=10),
        mail=_mail_server(env),
        public_url=_public_url(env, production),
        journal_heads=Path(env.get("JOURNAL_HEADS") or instance / "journal-heads.txt").resolve(),
    )


def _mail_server(env: Mapping[str, str]) -> MailServer | None:
    """None where no server is named: then nothing is mailed."""
    if not env.get("SMTP_HOST"):
        return None
    tls = _choice(env, "SMTP_TLS", tuple(MAIL_PORTS))
    sender, user, password = (env.get(name, "") for name in ("SMTP_FROM", "SMTP_USER", "SMTP_PASSWORD"))
    if not MAIL_ADDRESS.match(sender):
        raise ConfigurationError("SMTP_FROM", "must be the e-mail address that mails come from")
    if bool(user) != bool(password):
        raise ConfigurationError("SMTP_PASSWORD" if user else "SMTP_USER", "must be set too, or neither of the two")
    if user and tls == "none":
        raise ConfigurationError("SMTP_TLS", "must be starttls or tls, or the password would be sent in the clear")
    port = _number(env, "SMTP_PORT", MAIL_PORTS[tls], 1, 65_535)
    return MailServer(host=env["SMTP_HOST"], port=port, tls=tls, sender=sender, user=user, password=password)


def _public_url(env: Mapping[str, str], production: bool) -> str:
    """Where people reach the application, without a slash at the end: what links in e-mails begin with."""
    text = env.get("PUBLIC_URL", "").rstrip("/")
    if not text:
        if production and env.get("SMTP_HOST"):
            raise ConfigurationError("PUBLIC_URL", "must be the address people use, where e-mails are sent")
        return f"http://{env.get('HOST') or '127.0.0.1'}:{env.get('PORT') or 8000}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment or "@" in text:
        raise ConfigurationError("PUBLIC_URL", "must be an address such as https://chitieu.example.vn")
    return text


def _choice(env: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name) or allowed[0]
    if value not in allowed:
        raise ConfigurationError(name, f"must be one of {', '.join(allowed)}")
    return value


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ConfigurationError(name, f"must be a whole number from {least} to {most}")
    return int(text)


def _database_url(env: Mapping[str, str], instance: Path) -> str:
    text = env.get("DATABASE_URL") or f"sqlite:///{instance / 'allocapp.sqlite'}"
    try:
        url = make_url(text)
    except ArgumentError:
        raise ConfigurationError("DATABASE_URL", "is not a database address") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigurationError("DATABASE_URL", "must name a SQLite or PostgreSQL database")
    return url.render_as_string(hide_password=False)


def _secret_key(env: Mapping[str, str], instance: Path, production: bool) -> str:
    """The key that signs cookies: given in production, made once beside the database otherwise."""
    given = env.get("SECRET_KEY", "")
    if given:
        if production and len(given) < 32:
            raise ConfigurationError("SECRET_KEY", "must have at least 32 characters")
        return given
    if production:
        raise ConfigurationError("SECRET_KEY", "must be set in production")
    path = instance / "secret_key"
    make_private_folder(instance)
    if not path.exists():
        _keep_whole(path, secrets.token_urlsafe(48))
    # read back: two processes starting at once must end up with the same key
    key = path.read_text().strip()
    if not key:
        raise ConfigurationError("SECRET_KEY", f"is not set and {path} is empty; delete that file to have a new one")
    return key


def make_private_folder(folder: Path) -> None:
    """Make the folder, if it is not there, for its owner alone: what lies in it is for nobody else on the machine."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _keep_whole(path: Path, text: str) -> None:
    """Nobody ever sees the file half written; where another process has just made it, that one stays."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # readable by its owner alone
    try:
        with open(descriptor, "w") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
