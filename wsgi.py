"""The WSGI entry point: `gunicorn wsgi:app`."""

from backend import config
from backend.app import create_app
from backend.page_services import open_services

settings = config.load()
app = create_app(settings, open_services(settings))
