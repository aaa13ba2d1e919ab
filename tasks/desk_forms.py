"""The forms of the desk: one for each thing that an agent or a team leader does to a case (clauses 5.3.2a-d).

Prefect's UI draws them as tabs, and takes for the one at hand that which has most of the fields it has values for: but
for the first, every form needs a field that no other has, with a default.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from models.lexicons import ProblemName
from tasks.desk_data import hard_complaint
from tasks.follow_up_forms import choose_unit
from tasks.form_fields import at, form_named, optional_at


def _mark_needed(schema: dict[str, Any]) -> None:
    """A field that is empty at first and must not stay so is drawn as required."""
    needed = [name for name, told in schema["properties"].items() if "minLength" in told or "minItems" in told]
    schema["required"] = list(dict.fromkeys([*schema["required"], *needed]))


NeededWords = Annotated[str, Field(min_length=1, max_length=8000)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, json_schema_extra=_mark_needed)

    do: str
    case: Annotated[str, Field(pattern=r"^C-\d{6,9}$")] = Field(
        title="Case", description="The case's number, for instance C-000012.", json_schema_extra=at(0)
    )
    by: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        title="Your staff code", description="For instance A01.", json_schema_extra=at(1)
    )
    as_seen: int | None = Field(
        default=None,
        title="As seen",
        description="Filled in by the board's links: refused if somebody did something to the case since then.",
        json_schema_extra=optional_at(90),
    )

    @property
    def case_id(self) -> int:
        """The case's id in the records."""
        return int(self.case[2:])


def _second(title: str, **bounds: Any) -> Any:
    """The form's own field, after case and staff code; empty at first."""
    return Field(default="", title=title, json_schema_extra=at(2), **bounds)


class Accept(_Form):
    """Take on a case that was assigned to you (5.3.2a)."""

    model_config = ConfigDict(title="Accept")
    do: Literal["accept"] = form_named("accept")


class Reply(_Form):
    """Answer the customer where they wrote (5.3.2a), and say what happens next."""

    model_config = ConfigDict(title="Reply")
    do: Literal["reply"] = form_named("reply")
    text: NeededWords = Field(
        default="",
        title="Answer",
        description="Sent as it stands. On X at most 280 characters. No customer numbers or phone numbers in public.",
        json_schema_extra=at(2),
    )
    then: Literal["go_on", "wait_for_customer", "resolve"] = Field(
        default="go_on",
        title="Then",
        description="wait_for_customer: the customer has to answer first · resolve: this was the solution",
        json_schema_extra=at(3),
    )
    answered_in_app: str = Field(
        default="",
        max_length=400,
        title="Answered in the app",
        description="Where the desk may not answer from here: the link to your answer in the app. Nothing is sent.",
        json_schema_extra=at(4),
    )
    answer_as: str = Field(
        default="",
        max_length=100,
        title="Answer as",
        description="One of our accounts, for instance a board member's; empty: the one the customer wrote to.",
        json_schema_extra=at(5),
    )


class Note(_Form):
    """Write something down for your colleagues; the customer never sees it."""

    model_config = ConfigDict(title="Note")
    do: Literal["note"] = form_named("note")
    note: NeededWords = _second("Note")


class AskLeader(_Form):
    """Ask the team leader on duty: it is beyond your authority, or you want advice (5.3.2a)."""

    model_config = ConfigDict(title="Ask")
    do: Literal["ask_leader"] = form_named("ask_leader")
    question: NeededWords = _second("Question")


class Advise(_Form):
    """Team leader: advise the agent how to answer the customer well (5.3.2b)."""

    model_config = ConfigDict(title="Advise")
    do: Literal["advise"] = form_named("advise")
    advice: NeededWords = _second("Advice")
    suggested_answer: str = Field(
        default="",
        max_length=8000,
        title="Suggested answer",
        description="Words for the customer; they stand in the agent's reply form.",
        json_schema_extra=at(3),
    )


class TakeOver(_Form):
    """Team leader: take the case over to speed it up (5.3.2b)."""

    model_config = ConfigDict(title="Take over")
    do: Literal["take_over"] = form_named("take_over")
    why_taken_over: str = _second("Why", max_length=8000)


class GiveBack(_Form):
    """Team leader: give a case that you took over back to its agent."""

    model_config = ConfigDict(title="Give back")
    do: Literal["give_back"] = form_named("give_back")
    for_the_agent: str = _second("For the agent", max_length=8000)


class DeclareHard(_Form):
    """Declare a hard complaint: the team leader is engaged at once, the supervisor told (5.3.2c)."""

    model_config = ConfigDict(title="Hard")
    do: Literal["declare_hard"] = form_named("declare_hard")
    hard_because: NeededWords = _second("Why it is hard")


class WithdrawHard(_Form):
    """Team leader or supervisor: it is no hard complaint after all (5.3.2c)."""

    model_config = ConfigDict(title="Not hard")
    do: Literal["withdraw_hard"] = form_named("withdraw_hard")
    not_hard_because: NeededWords = _second("Why it is not hard")


def _choose_steps(schema: dict[str, Any]) -> None:
    schema["items"] = {"type": "string", "enum": [step.code for step in hard_complaint().steps]}
    schema["position"] = 2


class TickSteps(_Form):
    """Tick steps of the hard-complaint instruction that are done (5.3.2c)."""

    model_config = ConfigDict(title="Steps")
    do: Literal["tick_steps"] = form_named("tick_steps")
    steps: Annotated[list[str], Field(min_length=1, max_length=50)] = Field(
        default=[], title="Steps done", description="As the case file lists them.", json_schema_extra=_choose_steps
    )


class HandToPic(_Form):
    """Hand it to the PIC: a ticket is opened for the responsible unit and followed until it is settled (5.3.2a, d)."""

    model_config = ConfigDict(title="To PIC")
    do: Literal["hand_to_pic"] = form_named("hand_to_pic")
    unit: Annotated[str, Field(max_length=32)] | None = Field(
        default=None,
        title="Unit",
        description="The responsible unit; empty: the one for the problem.",
        json_schema_extra=optional_at(2, choose_unit),
    )
    problem: ProblemName | None = Field(
        default=None, title="Problem", description="Empty: what the case is about.", json_schema_extra=optional_at(3)
    )
    for_the_pic: str = Field(default="", max_length=8000, title="For the PIC", json_schema_extra=at(4))


class WaitForCustomer(_Form):
    """The customer has to answer first: the clock to settle it pauses until they do (5.3.2a)."""

    model_config = ConfigDict(title="Wait")
    do: Literal["wait_for_customer"] = form_named("wait_for_customer")
    waiting_for: str = _second("Waiting for", max_length=8000)


class CustomerSays(_Form):
    """A unit says it is settled and you asked the customer: is it solved? (5.3.2d)"""

    model_config = ConfigDict(title="Confirm")
    do: Literal["customer_says"] = form_named("customer_says")
    solved: bool = Field(
        default=True,
        title="It is solved",
        description="Ticked: the settled tickets of the case end. Not ticked: they go back to their units.",
        json_schema_extra=at(2),
    )


class Resolve(_Form):
    """It is solved and the customer was answered (5.3.2d)."""

    model_config = ConfigDict(title="Resolve")
    do: Literal["resolve"] = form_named("resolve")
    solution: str = _second("What solved it", max_length=8000)


class Close(_Form):
    """Completely settled: every ticket verified, the customer answered, every step ticked (5.3.2d)."""

    model_config = ConfigDict(title="Close")
    do: Literal["close"] = form_named("close")
    closing_note: str = _second("Note", max_length=8000)


class Reopen(_Form):
    """It is not solved after all: the case lives again (5.3.2d)."""

    model_config = ConfigDict(title="Reopen")
    do: Literal["reopen"] = form_named("reopen")
    reopened_because: NeededWords = _second("Why")


class Reassign(_Form):
    """Team leader or supervisor: give the case to another agent (4.1)."""

    model_config = ConfigDict(title="Reassign")
    do: Literal["reassign"] = form_named("reassign")
    to_agent: str = Field(
        default="",
        max_length=32,
        title="To",
        description="The agent's code; empty: whoever is eligible, on duty and least loaded.",
        json_schema_extra=at(2),
    )


class _AsTabs:
    """Prefect's form draws tabs for `anyOf` only, and a union told apart is `oneOf`."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        schema["anyOf"] = schema.pop("oneOf")
        del schema["discriminator"]
        return schema


DeskAction = Annotated[
    Accept
    | Reply
    | Note
    | AskLeader
    | HandToPic
    | WaitForCustomer
    | CustomerSays
    | Resolve
    | Close
    | Reopen
    | Advise
    | TakeOver
    | GiveBack
    | DeclareHard
    | WithdrawHard
    | TickSteps
    | Reassign,
    Field(discriminator="do"),
    _AsTabs(),
]
"""What a person does to a case: one of the forms above, told apart by `do`."""
