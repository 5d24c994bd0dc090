"""Options that several commands share, and how a day is read."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from ml.errors import ContractError

Home = Annotated[Path | None, typer.Option(help="The retailer's folder (else NIGHTMARKET_HOME, else ./var).")]
Config = Annotated[
    Path | None, typer.Option(help="The retailer's file (else NIGHTMARKET_CONFIG, else nightmarket.yml).")
]


def parse_day(text: str, option: str) -> date:
    """A date as YYYY-MM-DD.

    Raises    ContractError that names the option.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ContractError(f"{option}: expected a date such as 2017-12-26, got {text!r}.") from error
