"""Answers go compressed over the offices' thin lines: pages, JSON, styles and scripts; documents are packed already.

BREACH reads a secret from the length of an answer that also repeats what the attacker made the browser send. It needs
requests that carry the person's cookie, made from the attacker's page: ours is SameSite=Lax, and what a browser says
comes from another site is answered uncompressed here, so that its length tells nothing. The session's token is never in
a page, and a form's CSRF token bears a new signature every second.
"""

from __future__ import annotations

from flask import Flask, Response
from flask_compress import Compress

from allocapp.views.kept import from_own_page

MIMETYPES = ["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"]


def compress_answers(app: Flask) -> None:
    """Compress what is worth it. Register before the headers are added, so that both run on every answer."""
    app.config.update(
        COMPRESS_REGISTER=False,
        COMPRESS_MIMETYPES=MIMETYPES,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=1000,
    )
    compress = Compress(app)

    @app.after_request
    def answer(response: Response) -> Response:
        return response if from_own_page() is False else compress.after_request(response)
