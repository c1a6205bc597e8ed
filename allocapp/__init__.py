"""allocapp: targets are handed down level by level, approved, signed, and still meet what was assigned."""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from allocapp import models
from allocapp.config import ROOT, Config, load_config, make_private_folder
from allocapp.db import db, init_database
from allocapp.errors import ConfigurationError

__all__ = ["create_app", "models"]


def create_app(config: Config | None = None) -> Flask:
    """The application: configuration, extensions, pages, commands. Raises ConfigurationError for unusable settings."""
    config = config or load_config()
    make_private_folder(config.instance)
    app = Flask(
        "allocapp",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "allocapp" / "static"),
        instance_path=str(config.instance),
    )
    app.config.from_mapping(config.flask_settings())
    if config.trusted_proxies:
        # otherwise everybody would come from the proxy's address, and share the lock after failed sign-ins
        count = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]  # Flask's own way
    init_database(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), compare_type=True, render_as_batch=True)
    # imported late: pages and commands import the rooms below them, which must not import this one
    from allocapp.cli import register_commands
    from allocapp.services.safety import refuse_demo
    from allocapp.views import register_pages

    try:
        with app.app_context():
            refuse_demo(production=config.production)
    except ConfigurationError:
        # nobody gets this application: its connection would stay open until it is found
        with app.app_context():
            db.engine.dispose()
        raise
    register_pages(app)
    register_commands(app)
    return app
