"""Which accounts can answer a mention: who was mentioned on X, whose page it stands on in Facebook, who has keys."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.answering import AnswerWays, WatchedSender, answer_ways
from models.mentions import MentionKind, Platform
from tasks.platforms.facebook_parse import parse_entries

CARE = WatchedSender("TelkomCare", "2291001457", "care", True)
INDIHOME = WatchedSender("IndiHomeCare", "2291001932", "care", True)
BOD = WatchedSender("wirasena_bdt", "187340221", "bod", True)
MUTE = WatchedSender("larasdinanti", "334918207", "bod", False)
X_ACCOUNTS = (BOD, MUTE, CARE, INDIHOME)
PAGE = WatchedSender("TelkomCare", "104217889300145", "care", True)
APP = "No watched account can answer it from the desk: answer in the app and record it."


def on_x(*handles: str, kind: MentionKind = MentionKind.POST) -> AnswerWays:
    return answer_ways("x", "19", kind, handles, X_ACCOUNTS)


def test_on_x_only_who_was_mentioned_answers_care_first() -> None:
    ways = on_x("wirasena_bdt", "indihomecare", "TELKOMCARE")
    assert ways.senders == (INDIHOME, CARE, BOD)
    assert ways.reasons == (
        "X lets only accounts that the customer mentioned answer; @larasdinanti was not mentioned.",
    )
    assert (ways.in_app, ways.clause) == (True, "5.3.2a")


def test_a_mention_of_a_bod_account_alone_is_answered_by_it_or_in_the_app() -> None:
    assert on_x("wirasena_bdt").senders == (BOD,)
    ways = on_x("larasdinanti", kind=MentionKind.REPLY)
    assert ways.senders == ()
    assert ways.in_app
    assert ways.reasons == (
        "X lets only accounts that the customer mentioned answer;"
        " @wirasena_bdt, @TelkomCare and @IndiHomeCare were not mentioned.",
        "@larasdinanti may answer it, but the desk has no credentials to post as it (block x-account).",
        APP,
    )


def test_nobody_mentioned_and_reposts_are_left_to_the_app() -> None:
    assert on_x().senders == ()
    assert on_x().reasons[-1] == APP
    ways = on_x("TelkomCare", kind=MentionKind.REPOST)
    assert ways.senders == ()
    assert "repost" in ways.reasons[0]


@pytest.mark.parametrize(
    ("external_id", "kind", "page", "answered"),
    [
        ("104217889300145_122090000000000007", MentionKind.POST, None, True),
        ("104217889300145_122090000000000007", MentionKind.POST, "104217889300145", True),
        ("100000000000007_122090000000000007", MentionKind.POST, "104217889300145", False),
        ("1042178893001459_122090000000000007", MentionKind.POST, None, False),
        ("122090000000000007_122090000000000008", MentionKind.COMMENT, "104217889300145", True),
        (
            "122090000000000007_122090000000000008",
            MentionKind.COMMENT,
            "104217889300145_122090000000000007",
            True,
        ),
        ("122090000000000007_122090000000000008", MentionKind.COMMENT, "999", False),
        ("122090000000000007_122090000000000008", MentionKind.COMMENT, None, False),
    ],
)
def test_on_facebook_a_page_answers_where_it_is_at_home(
    external_id: str, kind: MentionKind, page: str | None, answered: bool
) -> None:
    ways = answer_ways("facebook", external_id, kind, (), (PAGE,), page)
    assert ways.senders == ((PAGE,) if answered else ())
    assert bool(ways.reasons) is not answered
    assert ways.in_app


def test_a_page_without_token_is_said() -> None:
    ways = answer_ways("facebook", f"{PAGE.external_id}_1", MentionKind.POST, (), (replace(PAGE, may_post=False),))
    assert ways.senders == ()
    assert "block facebook-credentials" in ways.reasons[0]


def test_the_conversation_of_a_read_comment_tells_its_page() -> None:
    row = {"id": "12_13", "message": "mati", "created_time": "2026-09-01T03:00:00+0000"}
    ((comment,), _, _) = parse_entries([row], f"{PAGE.external_id}_12")
    ways = answer_ways("facebook", comment.external_id, comment.kind, (), (PAGE,), comment.conversation_id)
    assert ways.senders == (PAGE,)


def test_an_unknown_platform_is_refused() -> None:
    with pytest.raises(ValueError, match="mastodon"):
        answer_ways("mastodon", "1", MentionKind.POST, (), ())


@given(
    st.sampled_from(list(Platform)),
    st.sampled_from(list(MentionKind)),
    st.lists(st.sampled_from(["TelkomCare", "WIRASENA_BDT", "larasdinanti", "orang"])),
    st.permutations(X_ACCOUNTS),
)
def test_whoever_is_offered_may_post_and_the_rest_is_explained(
    platform: Platform, kind: MentionKind, handles: list[str], accounts: list[WatchedSender]
) -> None:
    ways = answer_ways(platform, "19", kind, handles, accounts)
    assert all(sender.may_post for sender in ways.senders)
    assert [sender.kind for sender in ways.senders] == sorted((s.kind for s in ways.senders), reverse=True)
    assert ways.in_app
    assert len(ways.senders) == len(accounts) or ways.reasons
    if platform is Platform.X:
        assert {s.handle.lower() for s in ways.senders} <= {handle.lower() for handle in handles}
