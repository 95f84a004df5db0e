"""From an empty installation to tested mailboxes, in a browser, with the sandbox's own consent page in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from backend import app as pages
from backend import mailbox_testing
from backend.app import create_app
from backend.storage import migrate
from backend.storage.accounts import create_admin
from backend.storage.mailbox_tests import MailboxTests
from backend.web.services import provide
from tests.e2e.browser import served
from tests.fakes.installation import Installation
from tests.fakes.page_services import AT_WORK, COMPILED
from tests.fakes.stage import stage

ADMIN = "admin@stage.example"


@dataclass
class Setting:
    """An installation that is connected to nothing, its pages, and the administrators of both services."""

    installation: Installation
    address: str
    page: Page

    def upload_certificate(self, service: str) -> None:
        """The administrator uploads the certificate that the page offers to download."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name="Download", exact=True).click()
        certificate = Path(waiting.value.path()).read_text()
        if service == "salesforce":
            self.installation.stage.sandbox.services["salesforce"].registered.certificate = certificate  # type: ignore[attr-defined]  # a Service by type
        else:
            self.installation.tenant.app.register_certificate(certificate)


@pytest.fixture
def setting(browser: Browser, tmp_path: Path) -> Iterator[Setting]:
    with stage(tmp_path, people=2) as running:
        told = running.sandbox.credentials()
        salesforce, microsoft = told["salesforce"], told["microsoft"]
        running.overrides |= {
            "salesforce_login_url": salesforce["login_url"], "salesforce_audience": salesforce["login_url"],
            "microsoft_login_url": microsoft["login_url"], "graph_url": microsoft["graph_url"],
        }  # fmt: skip
        migrate.upgrade(running.config.database_url)
        installation = Installation(running)
        lockstep = installation.lockstep
        password = create_admin(lockstep.database, lockstep.clock, ADMIN)
        services = replace(
            pages.Installation(running.config).services(), processes=lambda: AT_WORK, limits_storage="memory://"
        )
        app = create_app(running.config, services)
        app.jinja_env.bytecode_cache = COMPILED
        with served(app) as address:
            doors = replace(
                services.connections, public_url=address, begin_test=lambda *what: _test(installation, *what)
            )
            provide(app, replace(services, connections=doors))
            context = browser.new_context(base_url=address, ignore_https_errors=True, accept_downloads=True)
            page = context.new_page()
            page.goto("/")
            page.get_by_label("Address").fill(ADMIN)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in", exact=True).click()
            yield Setting(installation, address, page)
            context.close()
        lockstep.close()


def _test(installation: Installation, who: str, wanted: Sequence[str]) -> bool:
    """The test of mailboxes at once, instead of by a worker."""
    begun = MailboxTests(installation.lockstep.database, installation.lockstep.clock).begin(who, wanted)
    installation.open()
    mailbox_testing.run(installation.lockstep)
    return begun


def test_a_new_admin_connects_both_sides_and_tests_mailboxes(setting: Setting) -> None:
    page, installation = setting.page, setting.installation
    known = installation.stage.sandbox.credentials()
    installation.tenant.revoke_roles()

    # Salesforce, with a key made here; a wrong user name first
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Salesforce")
    page.get_by_label("Consumer key").fill(known["salesforce"]["client_id"])
    page.get_by_role("button", name="Make a key pair").click()
    expect(page.get_by_label("Consumer key")).to_have_value(known["salesforce"]["client_id"])
    setting.upload_certificate("salesforce")
    page.get_by_label("Integration user").fill("nobody")
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("It looks like an address")
    page.get_by_label("Integration user").fill(known["salesforce"]["integration_username"])
    page.get_by_role("button", name="Save and sign in").click()

    # Microsoft 365: a wrong tenant, consent that is refused, then given
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Microsoft 365")
    page.get_by_label("Every mailbox").check()
    page.get_by_label("Application (client) ID").fill(known["microsoft"]["client_id"])
    page.get_by_role("button", name="Make a key pair").click()
    setting.upload_certificate("microsoft")
    page.get_by_label("Tenant", exact=True).fill("elsewhere.example")
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.locator("#tenant-error")).to_contain_text("Microsoft knows no such tenant")
    page.get_by_label("Tenant", exact=True).fill(installation.tenant.domain)
    page.get_by_role("button", name="Save and sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("User.Read.All is not granted yet")

    installation.tenant.app.redirect_uris.append(f"{setting.address}/connections/microsoft/return")
    page.get_by_role("link", name="Ask for admin consent").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Consent was not given")
    assert installation.lockstep.connections.load("microsoft") is None
    page.get_by_role("link", name="Ask again").click()
    page.get_by_role("button", name="Accept").click()

    # The test, then what the page holds
    expect(page.get_by_role("heading", level=1)).to_have_text("Test mailboxes")
    page.get_by_role("button", name="Test everybody").click()
    expect(page.locator("#mailbox-test")).to_contain_text("2 of 3 mailboxes answer.")
    page.goto("/connections")
    expect(page.locator("main")).to_contain_text(installation.tenant.id)
    expect(page.locator("main")).to_contain_text(installation.org.id)
