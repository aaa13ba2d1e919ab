"""Every table at once, for migrations: importing this module registers all of them on `Table.metadata`."""

from models.accounts import (
    AccountHandleRow,
    AccountLinkRow,
    AccountReviewRow,
    AccountRow,
    PriorityListingRow,
    ReadCountRow,
    WatchedAccountRow,
)
from models.cases import CaseRow, ClockRow, InteractionRow
from models.database import Table
from models.journal import JournalRow
from models.kpi_rows import KpiProgressRow, KpiRestatementRow, KpiRow
from models.legal_holds import LegalHoldRow
from models.mention_rows import MentionRow, QuarantinedRow
from models.notices import NoticeRow
from models.quality import QualityScoreRow
from models.reference_loads import ReferenceLoadRow
from models.revisions import RevisionRow
from models.staff import AssessmentRow, QaScoreRow, ShiftRow, StaffRow
from models.ticket_rows import ContactRow, FollowUpRunRow, TicketRow, UnitContactRow, UnitRow, UnitUpdateRow

__all__ = [
    "AccountHandleRow",
    "AccountLinkRow",
    "AccountReviewRow",
    "AccountRow",
    "AssessmentRow",
    "CaseRow",
    "ClockRow",
    "ContactRow",
    "FollowUpRunRow",
    "InteractionRow",
    "JournalRow",
    "KpiProgressRow",
    "KpiRestatementRow",
    "KpiRow",
    "LegalHoldRow",
    "MentionRow",
    "NoticeRow",
    "PriorityListingRow",
    "QaScoreRow",
    "QualityScoreRow",
    "QuarantinedRow",
    "ReadCountRow",
    "ReferenceLoadRow",
    "RevisionRow",
    "ShiftRow",
    "StaffRow",
    "Table",
    "TicketRow",
    "UnitContactRow",
    "UnitRow",
    "UnitUpdateRow",
    "WatchedAccountRow",
]
