"""The sandbox as a whole: stand-ins on https, the control door and the page on plain http."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import trustme

from backend.sandbox import control, microsoft, salesforce
from backend.sandbox.door import Door
from backend.sandbox.service import Service
from backend.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Seed = Literal["empty", "demo"]
CONTROL = "control"


class Sandbox:
    """Stand-ins, control door and page in one process; start and stop it, or use it as a context manager.

    `ports` may fix a port by name: "control", "salesforce.login", "salesforce.instance", "microsoft.base";
    all others are free ones chosen by the system. `services` narrows it to some stand-ins (default: all).
    The page links to `lockstep_url`, and offers to stop a worker where `kill_worker` is given: it kills one
    and says in a sentence which.
    """

    def __init__(
        self,
        world: World | None = None,
        seed: Seed = "empty",
        host: str = "127.0.0.1",
        ports: Mapping[str, int] | None = None,
        services: Sequence[Service] | None = None,
        kill_worker: Callable[[], str] | None = None,
        lockstep_url: str | None = None,
    ) -> None:
        self.world = world or World()
        self.seed: Seed = seed
        self.host = host
        self._ports = dict(ports or {})
        found = list(services) if services is not None else _all_services(self.world)
        self.services = {service.name: service for service in found}
        authority = trustme.CA()
        self.ca_pem: str = authority.cert_pem.bytes().decode("ascii")
        self._certificate = authority.issue_cert("localhost", "127.0.0.1", "::1")
        self._doors: list[Door] = []
        self.control_url = ""
        self.kill_worker = kill_worker
        self.world.lockstep_url = lockstep_url
        self.planted_at = self.world.clock.now()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Open every door and plant the seed. Raises OSError when a fixed port is taken."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        try:
            for service in self.services.values():
                self._open_service(service, context)
            door = self._open(CONTROL, CONTROL, control.create(self))
        except OSError:
            self.stop()
            raise
        self.control_url = f"http://{self.host}:{door.port}"
        self._plant()
        for door in self._doors:
            door.start()

    def _open_service(self, service: Service, context: ssl.SSLContext) -> None:
        service.closing.clear()
        for name, host_name in service.doors.items():
            door = self._open(f"{service.name}.{name}", name, service, context)
            service.addresses[name] = f"https://{host_name}:{door.port}"

    def _open(self, port_name: str, name: str, app: WSGIApplication, context: ssl.SSLContext | None = None) -> Door:
        port = self._ports.get(port_name, 0)
        try:
            door = Door(name, app, self.host, port, context)
        except OSError as error:
            raise OSError(
                error.errno, f"the sandbox cannot open port {port} for {port_name}: {error.strerror}"
            ) from error
        self._doors.append(door)
        return door

    def stop(self) -> None:
        """Release held requests, close every door and every connection."""
        for service in self.services.values():
            service.closing.set()
        for door in self._doors:
            door.stop()
        self._doors.clear()

    def reset(self, seed: Seed | None = None) -> None:
        """Empty the world and all stand-ins, then plant the seed again (or another one from now on)."""
        self.seed = seed or self.seed
        with self.world.lock:
            self.world.reset()
            for service in self.services.values():
                service.reset()
            self._plant()

    def _plant(self) -> None:
        if self.seed == "demo":
            from backend.sandbox.seed import plant

            plant(self.world, self.services["salesforce"], self.services["microsoft"])
        self.planted_at = self.world.clock.now()

    def edit(self) -> int:
        """Lets the people of the seeded world work on both sides; how many things they touched."""
        from backend.sandbox.seed import edit

        return edit(self.world, self.services["salesforce"], self.services["microsoft"])

    def credentials(self) -> dict[str, Any]:
        """All that a client needs to connect: per service its addresses and keys, the people, and the CA."""
        return {
            **{name: service.credentials() for name, service in self.services.items()},
            "people": [person.as_json() for person in self.world.people],
            "control": self.control_url,
            "ca_pem": self.ca_pem,
        }


def _all_services(world: World) -> list[Service]:
    return [salesforce.create(world), microsoft.create(world)]
