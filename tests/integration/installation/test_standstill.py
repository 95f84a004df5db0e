"""The switch that stops everything: every worker obeys before its next write, and nothing is lost by it."""

from __future__ import annotations

from tests.fakes.installation import Installation, in_salesforce, timed


def test_a_running_pass_writes_nothing_more_once_everything_is_stopped(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    for number in range(3):
        installation.box(ada).create_event(timed(f"Meeting {number}", installation.soon(2 + number)))
    installation.org.insert("Event", in_salesforce("Visit", installation.soon(6), ada), ada.salesforce_id)
    installation.read()
    book, store = installation.lockstep.organisation, installation.lockstep.store
    commit, commits = store.commit, []

    def stopped_meanwhile(*arguments: object) -> None:
        commits.append(arguments)
        if len(commits) == 2:
            book.stop("Claire")
        commit(*arguments)  # type: ignore[arg-type]  # passed on as they came

    store.commit = stopped_meanwhile  # type: ignore[method-assign]  # somebody presses the switch in between
    with installation.watched() as writes:
        report = installation.sync(ada)
    store.commit = commit  # type: ignore[method-assign]  # see above

    assert report.outcome == "busy"
    assert len(commits) == 2
    assert not writes
    book.resume()
    installation.settle()
    assert len(installation.box(ada).events()) == 4


def test_a_running_reading_of_the_organisation_ends_quietly_and_is_read_anew(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.org.insert("Event", in_salesforce("Visit", installation.soon(6), ada), ada.salesforce_id)
    book, store = installation.lockstep.organisation, installation.lockstep.store
    commit = store.commit

    def stopped_before(*arguments: object) -> None:
        book.stop("Claire")
        commit(*arguments)  # type: ignore[arg-type]  # passed on as they came

    store.commit = stopped_before  # type: ignore[method-assign]  # somebody presses the switch in between
    assert installation.lockstep.read_organisation() is None
    store.commit = commit  # type: ignore[method-assign]  # see above
    assert not book.state().problem

    book.resume()
    installation.settle()
    assert [each["subject"] for each in installation.box(ada).events()] == ["Visit"]


def test_nothing_begins_while_everything_stands_still(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.box(ada).create_event(timed("Meeting", installation.soon()))
    book = installation.lockstep.organisation
    book.stop("Claire")
    before = installation.world.calls.counts()

    installation.lockstep.read_organisation()
    report = installation.sync(ada)

    assert report.outcome == "busy"
    assert installation.world.calls.counts() == before
    assert installation.lockstep.runs.due_users() == ()

    book.resume()
    installation.settle()
    assert len(installation.records("Id", "Event", f"OwnerId = '{ada.salesforce_id}'")) == 1
