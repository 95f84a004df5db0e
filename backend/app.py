"""The web application: reads like a table of contents."""

from __future__ import annotations

from flask import Flask

from backend.config import Config
from backend.web import assets, errors, security, sign_in, templating
from backend.web.actions import actions
from backend.web.conflicts import conflicts
from backend.web.held import held
from backend.web.items import items
from backend.web.monitor import monitor
from backend.web.people import people
from backend.web.services import Services, provide
from backend.web.status import status

MOST_BYTES = 1_000_000


def create_app(config: Config, services: Services) -> Flask:
    """The pages of Lockstep over `services`."""
    https = config.public_url.startswith("https://")
    app = Flask("backend.web", static_folder=None)
    app.config.update(
        SECRET_KEY=config.secret_key.get_secret_value(),
        SESSION_COOKIE_NAME="__Host-lockstep" if https else "lockstep",
        SESSION_COOKIE_SECURE=https,
        MAX_CONTENT_LENGTH=MOST_BYTES,
    )
    provide(app, services)
    security.register(app, https=https)
    errors.register(app)
    assets.register(app)
    sign_in.register(app)
    templating.register(app)
    for blueprint in (status, people, items, held, conflicts, actions, monitor):
        app.register_blueprint(blueprint)
    return app
