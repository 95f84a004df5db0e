"""The smallest possible stand-in, to test the sandbox's frame by itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response

from backend.sandbox.service import INNER, Service
from backend.sandbox.world import World


@dataclass
class Notebook:
    """A service that keeps lines: POST adds one, GET lists them, POST /batch carries several."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, environ, start_response):
        request = Request(environ)
        if request.path == "/batch":
            for line in request.get_json():
                self.lines.append(line)
                environ[INNER].append(("POST lines", 201))
            return Response(status=207)(environ, start_response)
        if request.method == "POST":
            self.lines.append(request.get_data(as_text=True))
            return Response(status=204)(environ, start_response)
        return Response(" ".join(self.lines) or "nothing", mimetype="text/plain")(environ, start_response)


def notebook_service(world: World, notebook: Notebook) -> Service:
    """The notebook behind one door, with a shape of its own for refusals."""
    return Service(
        world,
        "notebook",
        notebook,
        operation=lambda environ: f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].strip('/')}",
        refuse=lambda rule, _environ: Response(f"refused {rule.kind}", status=int(rule.kind)),
        credentials=lambda: {"secret": "s3cret"},
        reset=notebook.lines.clear,
    )
