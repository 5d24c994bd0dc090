"""A user's table as a trial: who was in which arm, what came of it, what was known before; sorted by person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ml.effect.columns import Encoder, Matrix, fit_encoder
from ml.effect.trees import Numbers, Whole
from ml.errors import ContractError, InsufficientDataError
from ml.measurement.units import label_column, number_column

FEWEST_PEOPLE = 100  # per arm; five folds of twenty
SUM_ERROR = 0.01
OUT = ("arm", "uplift", "standard_error", "is_chosen")


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column is what. `probability`: one column of the own arm's chance, or a column per arm."""

    person: str
    treatment: str
    control: str
    outcome: str
    features: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    probability: str | Mapping[str, str] = ""
    is_dose: bool = False

    @property
    def named(self) -> list[str]:
        """Columns that are never features."""
        columns = [self.probability] if isinstance(self.probability, str) else list(self.probability.values())
        return [self.person, self.treatment, self.outcome, *self.exclude, *columns]


@dataclass(frozen=True, slots=True)
class Trial:
    """People sorted by id; `arm` counts from 0, the control; `chances` (people, arms), if they were given."""

    person: pl.Series
    arms: tuple[str, ...]
    arm: Whole
    outcome: Numbers
    matrix: Matrix
    encoder: Encoder
    chances: Numbers | None
    warnings: list[str] = field(default_factory=list)

    @property
    def is_binary(self) -> bool:
        """Whether the outcome is only 0 and 1."""
        return bool(np.isin(self.outcome, (0.0, 1.0)).all())

    def doses(self) -> Numbers:
        """The arms' labels as numbers."""
        return np.array([float(label) for label in self.arms])


def build_trial(frame: pl.DataFrame, roles: Roles) -> Trial:
    """Check and sort a table.

    Takes     frame: one row per person; roles: the names of its columns.
    Raises    ContractError if a column or a value is not what it must be; InsufficientDataError if an arm is too
              small, nobody's outcome differs, or no column describes people.
    """
    if frame.height == 0:
        raise ContractError("the table: expected one row per person, got no rows. Look whether the export is complete.")
    _check_roles(frame, roles)
    frame = sorted_by_person(frame, roles.person, is_once=True)
    warnings: list[str] = []
    label = label_column(frame, roles.treatment)
    arms, small = _arms(label, roles)
    if small:
        warnings.append(
            f"{', '.join(small)}: left out, fewer than {FEWEST_PEOPLE} people each. Nothing can be learned about them."
        )
        frame = frame.filter(~label.is_in(small))
        label = label_column(frame, roles.treatment)
    outcome = number_column(frame, roles.outcome).to_numpy()
    if (outcome == outcome[0]).all():
        raise InsufficientDataError(
            f"{roles.outcome}: expected people who differ, got {outcome[0]:g} in all {outcome.size} rows. "
            "There is no effect to see in it: choose another outcome or wait longer."
        )
    names = list(roles.features) or [name for name in frame.columns if name not in roles.named]
    _refuse_roles_as_features(names, roles)
    encoder, notes = fit_encoder(frame, list(dict.fromkeys(names)), is_chosen=bool(roles.features))
    places = {name: place for place, name in enumerate(arms)}
    arm = label.replace_strict(places, return_dtype=pl.Int64).to_numpy()
    chances = read_chances(frame, roles.probability, arms, arm)
    return Trial(frame[roles.person], arms, arm, outcome, encoder.encode(frame), encoder, chances, warnings + notes)


def sorted_by_person(frame: pl.DataFrame, name: str, *, is_once: bool) -> pl.DataFrame:
    """The rows in the order of their id as text.

    Raises    ContractError if an id is missing or, where `is_once`, stands twice.
    """
    people = label_column(frame, name)
    twice = people.filter(people.is_duplicated()) if is_once else people.clear()
    if len(twice):
        raise ContractError(
            f"{name}: expected every person once, got {twice.n_unique()} of {people.n_unique()} more often "
            f"(first: {twice.sort()[0]}). Add up each person's rows, or give each row an id of its own."
        )
    return frame[people.arg_sort()] if is_once else frame


def read_chances(
    frame: pl.DataFrame, given: str | Mapping[str, str], arms: Sequence[str], arm: Whole
) -> Numbers | None:
    """Probability of each arm per row, from the own arm's (two arms, or one value per arm) or a column per arm.

    Raises    ContractError if one is not between 0 and 1, they do not add up to 1, or cannot be known for each arm.
    """
    if not given:
        return None
    if isinstance(given, str):
        own = _chance(frame, given)
        if len(arms) == 2:
            treated = np.where(arm == 1, own, 1.0 - own)
            return np.column_stack([1.0 - treated, treated])
        sides = [own[arm == place] for place in range(len(arms))]
        if any(np.ptp(side) > SUM_ERROR / 10 for side in sides):
            raise ContractError(
                f"--probability {given}: expected one value per arm where there are {len(arms)} arms, as the other "
                "arms' chances do not follow from a person's own. Give one column per arm: --probability ARM=COLUMN."
            )
        found = np.tile([float(side[0]) for side in sides], (arm.size, 1))
    else:
        absent = [name for name in arms if name not in given]
        if absent:
            raise ContractError(f"--probability: expected a column for every arm, got none for {absent}. Add them.")
        found = np.column_stack([_chance(frame, given[name]) for name in arms])
    wrong = np.abs(found.sum(axis=1) - 1.0) > SUM_ERROR
    if wrong.any():
        raise ContractError(
            f"--probability: expected chances of all arms that add up to 1, got another sum in {int(wrong.sum())} of "
            f"{arm.size} rows (first sum: {found[wrong][0].sum():.4g}). Correct them."
        )
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _chance(frame: pl.DataFrame, name: str) -> Numbers:
    values = number_column(frame, name).to_numpy()
    wrong = (values <= 0.0) | (values >= 1.0)
    if wrong.any():
        raise ContractError(
            f"--probability {name}: expected chances above 0 and below 1, got others in {int(wrong.sum())} of "
            f"{values.size} rows (first: {values[wrong][0]:g}). People who could not have been in the other arm teach "
            "nothing: leave them out."
        )
    return values


def _check_roles(frame: pl.DataFrame, roles: Roles) -> None:
    absent = [name for name in roles.named if name and name not in frame.columns]
    if absent:
        raise ContractError(f"the table: expected columns {absent}, got {frame.columns}. Correct the names.")
    three = [roles.person, roles.treatment, roles.outcome]
    if len(set(three)) < 3:
        raise ContractError(f"--id, --treatment, --outcome: expected three columns, got {three}. Correct the names.")
    if roles.person in OUT:
        raise ContractError(f"--id {roles.person}: the answer has a column of this name. Rename it in the table.")


def _refuse_roles_as_features(names: list[str], roles: Roles) -> None:
    both = [name for name in names if name in roles.named]
    if both:
        raise ContractError(
            f"--features: expected what was known before the treatment, got {both}, which are named for something "
            "else. Leave them out."
        )


def _arms(label: pl.Series, roles: Roles) -> tuple[tuple[str, ...], list[str]]:
    """Arms, the control first, and those too small to learn from."""
    counts = {str(arm): int(count) for arm, count in label.value_counts().iter_rows()}
    if roles.control not in counts:
        raise ContractError(
            f"{roles.treatment}: expected the control {roles.control!r} among its values, got {sorted(counts)[:10]}. "
            "Correct --control."
        )
    if len(counts) > 50:
        raise ContractError(
            f"{roles.treatment}: expected a few arms, got {len(counts)} different values. Choose the column of arms."
        )
    key = (lambda arm: (_dose(arm, roles), arm)) if roles.is_dose else (lambda arm: (0.0, arm))
    others = sorted(set(counts) - {roles.control}, key=key)
    small = [arm for arm in others if counts[arm] < FEWEST_PEOPLE]
    kept = [arm for arm in others if arm not in small]
    if counts[roles.control] < FEWEST_PEOPLE or not kept:
        raise InsufficientDataError(
            f"{roles.treatment}: expected {FEWEST_PEOPLE} people in the control and in another arm, got "
            f"{dict(sorted(counts.items()))}. Nobody can tell whom a treatment changes from so few."
        )
    if roles.is_dose and any(_dose(arm, roles) <= _dose(roles.control, roles) for arm in kept):
        raise ContractError(
            f"--dose: expected the control {roles.control!r} to be the smallest dose, got {[roles.control, *kept]}. "
            "Name the arm of no dose as --control."
        )
    return (roles.control, *kept), small


def _dose(arm: str, roles: Roles) -> float:
    try:
        return float(arm)
    except ValueError as error:
        raise ContractError(
            f"--dose: expected numbers in {roles.treatment}, such as 0, 5, 10, got {arm!r}. Leave --dose out."
        ) from error
