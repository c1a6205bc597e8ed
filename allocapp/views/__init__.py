"""Pages: load, validate, call one service, redirect. This module puts them, and what surrounds them, into the app."""

from __future__ import annotations

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from allocapp.config import Config
from allocapp.views import (
    adjustment,
    adjustment_answer,
    asked,
    auth,
    campaign,
    comparison,
    decision,
    delegation,
    health,
    home,
    inbox,
    journal,
    method,
    milestone,
    notice,
    opinion,
    paste,
    plan_road,
    proposal,
    quota,
    revision,
    step,
)
from allocapp.views.assets import asset_url
from allocapp.views.campaign_words import register_campaign_filters
from allocapp.views.compression import compress_answers
from allocapp.views.failures import register_error_pages
from allocapp.views.flag_words import register_flag_filters
from allocapp.views.formatting import register_filters
from allocapp.views.guard import guard_requests
from allocapp.views.language import init_language, page_language
from allocapp.views.navigation import navigation
from allocapp.views.notice import unread_notices
from allocapp.views.revision_words import register_revision_filters
from allocapp.views.visitor import init_sign_in


def register_pages(app: Flask) -> None:
    """Blueprints, sign-in, CSRF, languages, Bootstrap, error pages, security headers, filters."""
    init_sign_in(app)
    init_language(app)
    Bootstrap5(app)
    compress_answers(app)
    guard_requests(app)
    CSRFProtect(app)
    register_error_pages(app)
    nouns = (
        auth,
        home,
        inbox,
        campaign,
        plan_road,
        method,
        paste,
        proposal,
        opinion,
        asked,
        adjustment,
        adjustment_answer,
        milestone,
        comparison,
        revision,
        decision,
        delegation,
        quota,
        step,
        journal,
        notice,
        health,
    )
    for noun in nouns:
        app.register_blueprint(noun.pages)
    _prepare_templates(app)


def _prepare_templates(app: Flask) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    register_filters(app)
    register_campaign_filters(app)
    register_flag_filters(app)
    register_revision_filters(app)
    app.add_template_global(asset_url)
    app.add_template_global(navigation)
    app.add_template_global(unread_notices)
    config: Config = app.config["ALLOCAPP"]

    @app.context_processor
    def page_values() -> dict[str, object]:
        return {"page_language": page_language(), "demo_mode": config.demo}
