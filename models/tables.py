"""Every table at once, for migrations: importing this module registers all of them on `Table.metadata`."""

from models.accounts import AccountRow, PriorityListingRow, ReadCountRow, WatchedAccountRow
from models.cases import CaseRow, ClockRow, InteractionRow, JournalRow
from models.database import Table
from models.mention_rows import MentionRow, QuarantinedRow
from models.notices import NoticeRow
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from models.ticket_rows import ContactRow, FollowUpRunRow, TicketRow, UnitRow, UnitUpdateRow

__all__ = [
    "AccountRow",
    "AssessmentRow",
    "CaseRow",
    "ClockRow",
    "ContactRow",
    "FollowUpRunRow",
    "InteractionRow",
    "JournalRow",
    "MentionRow",
    "NoticeRow",
    "PriorityListingRow",
    "QaScoreRow",
    "QuarantinedRow",
    "ReadCountRow",
    "ShiftRow",
    "StaffRow",
    "Table",
    "TicketRow",
    "UnitRow",
    "UnitUpdateRow",
    "WatchedAccountRow",
]
