"""Suggested answers as data: `data/answers.yaml` loaded into typed, frozen templates, and those that suit a case
(clauses 5.3.2a-d). The customer's name is hostile text: it goes into an answer the desk posts in its own name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from models.lexicons import ProblemName
from models.yaml_lines import Marked, Problem, place_of, plain, read_checked

StageName = Literal["first_reply", "ask_details", "with_unit", "confirm", "solved", "silent", "back", "move_to_dm"]
STAGES: tuple[str, ...] = get_args(StageName)
PLACEHOLDERS = ("customer", "ticket", "case")
LONGEST_ANSWER = 280
LONGEST_CUSTOMER = 30
NAMELESS = "Bapak/Ibu"
"""How a customer is addressed whose name cannot be used."""

_FULLEST = {"customer": "X" * LONGEST_CUSTOMER, "ticket": "T-9999999", "case": "C-9999999"}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# What X counts as one character; anything else is two, emoji included, and © and ® are some.
# https://github.com/twitter/twitter-text/blob/master/config/v3.json
_LIGHT = re.compile("[\u0000-\u00a8\u00aa-\u00ad\u00af-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_LINK = re.compile(r"://|\bwww\.|[a-z]\.[a-z]{2,}", re.IGNORECASE)

# Format characters and marks that stand on no letter: joined words must not hide a link, stacked marks not the text.
_UNSEEN = {"Cf", "Mn", "Me"}
_NO_NAME = re.compile(r"[@#$/\\]|:\w|https?|www|[^\W\d]\d+[^\W\d]", re.IGNORECASE)
# Dr.Ir.Budi, S.Kom, R.A.: titles and initials as Indonesians write them. Any other dot inside a word reads as a link.
_TITLES = re.compile(r"(?:[A-Z][a-z]{0,3}\.)+(?:[A-Z][a-z]*\.?)?")
# Latin letters only: other scripts bring right-to-left order, invisible letters and look-alikes of Latin names.
_NOT_IN_NAMES = re.compile("[^A-Za-zÀ-ÖØ-öø-\u024f\u1e00-\u1eff'.-]")


class AnswersError(ValueError):
    """The file cannot be in force; the message has a line for each thing wrong: file, line, reason."""


def weighted_length(text: str) -> int:
    """The length of a text without links as X counts it; an emoji of several characters counts more here, never less.

    `post_length` is exact, and would cost every run that loads the answers 0.4 s.
    """
    normal = unicodedata.normalize("NFC", text)
    return 2 * len(normal) - len(_LIGHT.findall(normal))


def _sendable(text: str) -> str:
    wrong = [f"{{{name}}} is no placeholder" for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
    if re.search("[{}]", _PLACEHOLDER.sub("", text)):
        wrong.append("a brace stands alone")
    if wrong:
        wrong.append("known: " + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS))
    if "@" in text or _LINK.search(text):
        wrong.append("an answer has no links and mentions nobody")
    length = weighted_length(_filled(text, _FULLEST))
    if length > LONGEST_ANSWER:
        wrong.append(f"{length} characters with a long name and the numbers filled in, X takes {LONGEST_ANSWER}")
    if wrong:
        raise ValueError("; ".join(wrong))
    return text


class AnswerTemplate(BaseModel):
    """One answer the desk may give: at which stage, for which problems (none: any) and severity (none: both)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    stage: StageName
    problems: tuple[ProblemName, ...] = ()
    severity: Literal["standard", "hard"] | None = None
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_sendable)]

    @property
    def breadth(self) -> int:
        """How much it is meant for: 0 one problem and severity, 1 a problem, 2 a severity, 3 anything."""
        return (0 if self.problems else 2) + (0 if self.severity else 1)

    def suits(self, stage: str, problem: str, severity: str) -> bool:
        """Whether it may be given at this stage of such a case."""
        return (
            self.stage == stage
            and (not self.problems or problem in self.problems)
            and self.severity in (None, severity)
        )


@dataclass(frozen=True, slots=True)
class Answers:
    """The templates in force, as the file has them."""

    templates: tuple[AnswerTemplate, ...]


@dataclass(frozen=True, slots=True)
class SuggestedAnswer:
    """An answer ready to be sent, and the template it is from."""

    name: str
    text: str


def answer_stage(
    *, status: str, answered: bool, reopened: bool, open_tickets: int, settled_tickets: int, had_tickets: bool
) -> StageName:
    """Which stage a case is at, for the words to the customer.

    `answered` tells whether they have had an answer since it was opened or `reopened`; tickets are counted by what
    their units say.
    """
    if not answered:
        return "back" if reopened else "first_reply"
    if settled_tickets:
        return "confirm"
    if open_tickets:
        return "with_unit"
    if status == "waiting_customer":
        return "silent"
    return "solved" if had_tickets or status in {"resolved", "closed"} else "ask_details"


def suggested_answers(
    answers: Answers, *, stage: str, problem: str, severity: str, customer: str | None, ticket: str | None, case: str
) -> tuple[SuggestedAnswer, ...]:
    """The answers for a case at a stage, the most specific first: problem and severity, problem, severity, general.

    Those that name a ticket are left out when there is none.
    """
    values = {"customer": form_of_address(customer), "ticket": ticket or "", "case": case}
    suitable = (one for one in answers.templates if one.suits(stage, problem, severity))
    offered = [one for one in suitable if ticket or "{ticket}" not in one.text]
    offered.sort(key=lambda one: one.breadth)
    return tuple(SuggestedAnswer(one.name, _filled(one.text, values)) for one in offered)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """In one pass, so that a placeholder in a customer's name stays what it is; unknown ones stay as well."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def form_of_address(customer: str | None) -> str:
    """A customer's display name as the desk may repeat it in public, or `Bapak/Ibu`.

    One line of Latin words, at most 30 characters as X counts them, without mentions, hashtags, links, numbers, emoji
    or anything invisible.
    """
    seen = unicodedata.normalize("NFKC", (customer or "")[:200])
    seen = "".join(one for one in seen if unicodedata.category(one) not in _UNSEEN)
    seen = re.sub(r"\.{2,}", " ", seen.replace("\u2019", "'").replace("\u3002", "."))
    name = ""
    for word in (part for written in seen.split() for part in _name_parts(written)):
        longer = f"{name} {word}".lstrip()
        if weighted_length(longer) > LONGEST_CUSTOMER:
            break
        name = longer
    return name if re.search(r"[^\W\d_]{2}", name) else NAMELESS


def _name_parts(written: str) -> list[str]:
    """What of a word may stand in a name; nothing of one that mentions, tags or links."""
    word = written.strip(",;")
    if _NO_NAME.search(word):
        return []
    if re.search(r"\.\S", word):
        if not _TITLES.fullmatch(word):
            return []
        word = word.replace(".", ". ")
    parts = (part.strip("'-") for part in _NOT_IN_NAMES.sub(" ", word).split())
    return [part for part in parts if part.strip("'-.")]


def load_answers(path: Path) -> Answers:
    """Read and check the file at `path`.

    Raises:
        AnswersError: it is missing, unreadable or wrong; every problem is named with its line.
    """
    return Answers(tuple(read_checked(path, _read, AnswersError, "The suggested answers cannot be in force.")))


def _read(root: Marked, problems: list[Problem]) -> list[AnswerTemplate]:
    entries = root.value.get("answers") if isinstance(root.value, dict) else None
    if entries is None or not isinstance(entries.value, dict) or set(root.value) != {"answers"}:
        problems.append(Problem(root.line, "expected `answers:` and below it one entry an answer, and nothing else"))
        return []
    templates: list[AnswerTemplate] = []
    general = set()
    for name, node in entries.value.items():
        written = plain(node)
        given = written if isinstance(written, dict) else {}
        if not given.get("problems") and given.get("severity") is None:
            general.add(str(given.get("stage")))
        try:
            templates.append(AnswerTemplate.model_validate({**given, "name": name}))
        except ValidationError as error:
            problems += [_problem(name, node, one) for one in error.errors()]
    problems += [
        Problem(root.line, f"{stage}: no answer of this stage is general; one needs neither problems nor severity")
        for stage in STAGES
        if stage not in general
    ]
    return templates


def _problem(name: str, node: Marked, error: Any) -> Problem:
    """A pydantic error as a problem on the line of the value it is about."""
    at = place_of(node, error["loc"])
    where = ".".join([name, *(str(part) for part in error["loc"])])
    if error["type"] == "missing":
        return Problem(at.line, f"{where}: is missing; write it")
    if error["type"] == "extra_forbidden":
        return Problem(at.line, f"{where}: no such entry; an answer has stage, problems, severity and text")
    if error["loc"] == ("name",):
        return Problem(at.line, f"{name}: an answer's name is small letters, digits and _, at most 40")
    return Problem(at.line, f"{where}: {error['msg'].removeprefix('Value error, ')} (found {error['input']!r})")
