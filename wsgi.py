"""The application, for a web server to load."""

from allocapp import create_app

app = create_app()
