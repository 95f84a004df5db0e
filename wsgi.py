"""The WSGI entry point: `gunicorn wsgi:app`."""

from backend import config
from backend.app import create_app

app = create_app(config.load())
