"""The application, for a web server or ``flask`` to load."""

import os

from allocapp import create_app
from allocapp.config import PRIVATE

os.umask(PRIVATE)
app = create_app()
