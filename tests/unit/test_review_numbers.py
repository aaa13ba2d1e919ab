"""The numbers people type into forms: none is greater than the ids of PostgreSQL's integer columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError
from pydantic import BaseModel, ValidationError

from flows.explain_case import explain_case
from tasks import desk_forms, follow_up_forms, records_forms, review_forms

GREATEST = 2**31 - 1
NUMBERED = re.compile(r"^\^\(?([A-Z]-)")


def forms() -> Iterator[tuple[type[BaseModel], str, str]]:
    """Every form, its field that takes a number, and the letter before that."""
    for module in (desk_forms, follow_up_forms, records_forms, review_forms):
        for form in vars(module).values():
            if isinstance(form, type) and issubclass(form, BaseModel) and form.__module__ == module.__name__:
                yield from ((form, name, letter) for name, letter in numbered(form.model_json_schema()["properties"]))


def numbered(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, schema in fields.items():
        if found := NUMBERED.match(schema.get("pattern", "")):
            yield name, found[1]


def refused(form: type[BaseModel], name: str, number: str) -> bool:
    """Whether a form refuses the number itself; what else is missing in it does not matter."""
    with pytest.raises(ValidationError) as failed:
        form.model_validate({name: number, "no": "field"})
    return any(error["loc"] == (name,) for error in failed.value.errors())


@pytest.mark.parametrize(("form", "name", "letter"), [*forms()])
def test_a_number_fits_into_the_records(form: type[BaseModel], name: str, letter: str) -> None:
    assert not refused(form, name, f"{letter}{'9' * 9}")
    assert refused(form, name, f"{letter}{GREATEST + 1}")
    assert refused(form, name, f"{letter}00001")


def test_every_kind_of_number_was_tried() -> None:
    assert {letter for _, _, letter in forms()} == {"C-", "K-", "Q-", "R-", "T-"}


def test_a_case_to_explain_fits_into_the_records() -> None:
    assert explain_case.validate_parameters({"case": f"C-{'9' * 9}"})
    with pytest.raises(ParameterTypeError):
        explain_case.validate_parameters({"case": f"C-{GREATEST + 1}"})
