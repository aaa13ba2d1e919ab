"""The board of candidates on both databases: who waits, most urgent first, and what decisions say of the rules."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event, insert, update

from models.accounts import AccountRow
from models.candidates_board import candidates_markdown, candidates_state, read_candidates
from models.cases import CaseRow
from models.database import write_transaction
from models.form_links import ReviewForms
from models.mentions import WatchedAccount
from tests.bench.load import put_desk
from tests.integration.test_account_reviews import MANAGER, account, decide, take_in
from tests.support import COMPLAINT, MINISTER, NEIGHBOUR, NOW, mention

FORMS = ReviewForms("http://desk", "dep-1", "review")


@pytest.fixture
def watched(engine: Engine) -> WatchedAccount:
    return put_desk(engine, NOW)


def candidates(engine: Engine, count: int) -> None:
    """Further candidates of more and more followers, none with a case."""
    made = {"platform": "x", "priority_status": "candidate", "priority_category": "media", "priority_confidence": 0.4}
    with write_transaction(engine) as connection:
        connection.execute(
            insert(AccountRow),
            [{**made, "external_id": f"9{one}", "handle": f"ke{one}", "followers": one} for one in range(count)],
        )


def board_text(engine: Engine) -> str:
    with engine.connect() as connection:
        return candidates_markdown(read_candidates(connection), FORMS, NOW)


def test_the_most_urgent_candidates_stand_first(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    candidates(engine, 60)
    with write_transaction(engine) as connection:
        hard = {"account_id": 2, "conversation_id": "1", "priority_status": "candidate", "severity": "hard"}
        hard |= {"problem": "network", "status": "new", "revision": "1", "opened_at": NOW}
        connection.execute(insert(CaseRow), hard)
    with engine.connect() as connection:
        board = read_candidates(connection)
    assert board.waiting == 61
    assert [one.account.id for one in board.candidates][:4] == [2, 1, 61, 60]
    assert len(board.candidates) == 50
    text = board_text(engine)
    assert "# 61 accounts wait for a decision" in text
    assert "11 more" in text
    assert "**hard**" in text
    assert "K-000001** @mungkin\\_juga, Wulan, on x, 300 followers — “kepala cabang, ayah dua anak”" in text
    assert text.count("[Priority](http://desk/deployments/deployment/dep-1/run?parameters=") == 50


def test_what_was_decided_lately_and_what_it_says_of_the_rules(engine: Engine, watched: WatchedAccount) -> None:
    take_in(engine, watched, mention(COMPLAINT, MINISTER), mention(COMPLAINT, MANAGER))
    assert "## Priority by their profile alone" in board_text(engine)
    assert "nothing to compare the rules with" in board_text(engine)
    for account_id in (1, 2):
        status = "priority" if account(engine, account_id)["priority_status"] == "candidate" else "regular"
        decide(engine, status, f"run-{account_id}", account_id=account_id)
    text = board_text(engine)
    assert "# 0 accounts wait for a decision" in text
    assert "Candidates: **100%**, 1 of 1 reviewed were priority" in text
    assert "Priority by profile: **0%**, 0 of 1 reviewed were confirmed" in text
    assert "Category: **100%**, 1 of 1 reviewed decided priority" in text
    assert "Regular by the rules: none reviewed yet" in text
    assert "| government | 0 | 1 | 0% |" in text
    assert "| executive | 1 | 1 | 100% |" in text
    assert text.count("[Undo](") == 2


def test_the_state_tells_of_every_change_and_of_nothing_else(engine: Engine, watched: WatchedAccount) -> None:
    seen: list[str] = []

    def state() -> str:
        with engine.connect() as connection:
            return candidates_state(connection)

    def changed() -> bool:
        seen.append(state())
        return seen[-1] not in seen[:-1]

    assert changed()
    take_in(engine, watched, mention(COMPLAINT, MANAGER))
    assert changed()
    take_in(engine, watched, mention(COMPLAINT, NEIGHBOUR))  # no candidate, no decision
    assert not changed()
    decide(engine, "priority", "run-1")
    assert changed()
    decide(engine, None, "run-2")
    assert changed()
    with write_transaction(engine) as connection:
        connection.execute(update(CaseRow).values(status="closed"))
    assert changed()
    take_in(engine, watched, mention(COMPLAINT, MINISTER))
    assert changed()
    with write_transaction(engine) as connection:
        connection.execute(update(AccountRow).where(AccountRow.id == 1).values(anonymised_at=NOW))
    assert changed()


def test_the_number_of_statements_does_not_grow_with_the_board(engine: Engine, watched: WatchedAccount) -> None:
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    used = []
    for count in (3, 300):
        with write_transaction(engine) as connection:
            connection.execute(AccountRow.__table__.delete())
        candidates(engine, count)
        seen.clear()
        with engine.connect() as connection:
            candidates_state(connection)
            read_candidates(connection)
        used.append(len(seen))
    assert used[0] == used[1] <= 20
