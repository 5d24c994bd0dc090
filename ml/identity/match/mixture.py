"""How much do two records say that they are one person? Evidence in bits, learned without labels.

Fellegi and Sunter (1969) tell two kinds of pairs apart: one person, and two unrelated people. Families and neighbours
are neither, and with two kinds only they are taken for one person as soon as there are many of them. So there are four:
the same person; one home (family name, address, phone alike, given name and birth date as of anybody); one area (places
alike, nothing else); unrelated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ml.identity.match.compare import Comparer, Levels, Places
from ml.identity.match.fields import AREA, PERSONAL, Field
from ml.identity.match.starts import EQUAL_IN_AREA, has_homes, home_start, mostly_equal, person_start

Numbers = NDArray[np.float64]
RANDOM_PAIRS = 200_000
PAIRS_PER_BLOCK = 1_000_000
SAMPLE_PAIRS = 250_000  # candidate pairs that the model learns from
ROUNDS = 30
PRIOR_PAIRS = 20.0  # imagined pairs behind every starting value: few pairs change little
# Who moves takes the family along: one home's records differ in these as often as one person's. Learned apart, families
# that moved would look like persons, because three places that differ together count as three independent facts.
ADDRESS = {"street", "street_number", "city", "region", "postcode"}
LEAST = 1e-12
BITS = np.log(2.0)
# Records that are imagined beside the known ones, each with another value: in a small table nothing looks rare, because
# most of what is equal is equal by being one person.
IMAGINED = {"given": 200, "family": 500, "text": 200, "date": 5_000, "code": 500, "email": 50_000}


@dataclass(frozen=True, slots=True)
class Model:
    """Chances of every level, per kind of pair and field; a field without an entry in home or area is as in unrelated.

    frequency: per field, how often the value of each record occurs among known ones.
    """

    fields: tuple[Field, ...]
    person: dict[str, Numbers]
    home: dict[str, Numbers]
    area: dict[str, Numbers]
    unrelated: dict[str, Numbers]
    frequency: dict[str, Numbers]
    person_share: float  # of all pairs of records
    home_share: float
    area_share: float


def fit_model(
    records: pl.DataFrame, comparer: Comparer, left: Places, right: Places, levels: Levels, *, seed: int
) -> Model:
    """The mixture, by expectation maximisation over candidate pairs.

    Takes     records: normalised; comparer: of these records; left, right, levels: candidate pairs, compared;
              seed: of the random pairs and of the sample.
    Returns   Model. Unrelated pairs are learned from random ones, areas from random ones too (they are common), persons
              and homes from the candidates, which hold nearly all of both.
    Source    Fellegi and Sunter (1969); Winkler (1988) for EM; frequencies: Winkler (1989). Homes and areas as further
              latent classes are this project's own.
    """
    rng = np.random.default_rng(seed)
    fields, size = comparer.fields, records.height
    one, other = rng.integers(0, size, RANDOM_PAIRS), rng.integers(0, size, RANDOM_PAIRS)
    drawn = np.unique(np.minimum(one, other) * size + np.maximum(one, other))
    drawn = drawn[drawn // size != drawn % size]
    chance = comparer.levels(drawn // size, drawn % size)
    frequency = {field.name: _frequencies(records[field.name], field) for field in fields}
    unrelated = {field.name: _unrelated(records[field.name], chance[:, k], field) for k, field in enumerate(fields)}
    area_share, area = _fit_area(fields, chance, unrelated)
    start = Model(
        fields, person_start(fields), home_start(fields, unrelated), area, unrelated, frequency,
        0.5 / size, 0.5 / size if has_homes(fields) else 0.0, area_share,
    )  # fmt: skip
    picked = np.arange(left.size)
    if left.size > SAMPLE_PAIRS:
        picked = np.sort(rng.choice(left.size, SAMPLE_PAIRS, replace=False))
    weight = left.size / max(picked.size, 1)
    return _maximise(start, left[picked], levels[picked], weight=weight, all_pairs=size * (size - 1) / 2)


def evidence(model: Model, left: Places, levels: Levels) -> Numbers:
    """Bits for one person against everything else, the rarity of being one person included: 0 is an even chance.

    Takes     left: one record of each pair (equal values are as rare on either side); levels: of `Comparer.levels`.
    """
    bits = np.empty(left.size)
    for start in range(0, left.size, PAIRS_PER_BLOCK):
        block = slice(start, start + PAIRS_PER_BLOCK)
        person, home, rest = _logs(model, left[block], levels[block])
        bits[block] = (person - np.logaddexp(home, rest)) / BITS
    return bits


def counting_repeats(model: Model, records: pl.DataFrame, times: Places) -> Model:
    """The model with every value as frequent as among all rows: a name that a hundred equal rows hold is not rare.

    Takes     records: distinct ones, those of the model; times: how many rows each stands for.
    """
    rows = records.select(field.name for field in model.fields).with_columns(pl.Series("times", times))
    frequency = {}
    for field in model.fields:
        unknown = rows[field.name].is_null().to_numpy()
        count = rows.select(pl.col("times").sum().over(field.name)).to_series().to_numpy()
        frequency[field.name] = np.where(unknown, 1.0, _shrunk(count, int(times[~unknown].sum()), field, own=0))
    return replace(model, frequency=frequency)


def _maximise(model: Model, left: Places, levels: Levels, *, weight: float, all_pairs: float) -> Model:
    """Rounds of weighing every pair and learning from the weights; what stays fixed is added up once."""
    first, homes = model, [field for field in model.fields if field.name in model.home and field.meaning != PERSONAL]
    seen = {field.name: levels[:, column] for column, field in enumerate(model.fields)}
    fixed_home, rest = _by_chance(model, left, levels, {field.name for field in homes})
    for _ in range(ROUNDS):
        person = np.log(model.person_share) + sum(_lookup(model.person[name], level) for name, level in seen.items())
        moving = sum(_lookup(model.home[field.name], seen[field.name]) for field in homes)
        with np.errstate(divide="ignore"):
            home = np.log(model.home_share) + fixed_home + moving
        others = np.logaddexp(home, rest)
        is_person = 1 / (1 + np.exp(np.clip(others - person, -500, 500)))
        is_home = (1 - is_person) * np.exp(home - others)
        told = {field.name: is_home + is_person if field.name in ADDRESS else is_home for field in homes}
        model = replace(
            model,
            person={f.name: _learned(seen[f.name], is_person, first.person[f.name], f) for f in model.fields},
            home=model.home | {f.name: _learned(seen[f.name], told[f.name], first.home[f.name], f) for f in homes},
            person_share=max(float(is_person.sum()) * weight / all_pairs, LEAST),
            home_share=max(float(is_home.sum()) * weight / all_pairs, LEAST) if model.home_share else 0.0,
        )
    return model


def _logs(model: Model, left: Places, levels: Levels) -> tuple[Numbers, Numbers, Numbers]:
    """Log likelihoods: person, home, and area or unrelated together."""
    fixed_home, rest = _by_chance(model, left, levels, set())
    with np.errstate(divide="ignore"):
        home = np.log(model.home_share) + fixed_home
    person = np.full(left.size, np.log(model.person_share))
    for column, field in enumerate(model.fields):
        person += _lookup(model.person[field.name], levels[:, column])
    return person, home, rest


def _by_chance(model: Model, left: Places, levels: Levels, without: set[str]) -> tuple[Numbers, Numbers]:
    """Log likelihoods in one home, of all fields but `without`; and in one area or unrelated, their shares included."""
    with np.errstate(divide="ignore"):
        near, far = np.log(model.area_share), np.log(1 - model.area_share)
    home, area, unrelated = np.zeros(left.size), np.full(left.size, near), np.full(left.size, far)
    for column, field in enumerate(model.fields):
        seen, name = levels[:, column], field.name
        chance = _lookup(model.unrelated[name], seen)
        equal = seen == field.equal  # agreeing on a rare value is less likely by chance
        chance[equal] += np.log(model.frequency[name][left[equal]] / model.unrelated[name][field.equal])
        if name not in without:
            home += _lookup(model.home[name], seen) if name in model.home else chance
        area += _lookup(model.area[name], seen) if name in model.area else chance
        unrelated += chance
    return home, np.logaddexp(area, unrelated)


def _lookup(chances: Numbers, levels: NDArray[np.int8]) -> Numbers:
    said: Numbers = np.append(np.log(chances), 0.0)  # UNKNOWN is -1, the last: it says nothing
    return said[levels]


def _learned(levels: NDArray[np.int8], share: Numbers, start: Numbers, field: Field) -> Numbers:
    known = levels >= 0
    count = np.bincount(levels[known], weights=share[known], minlength=len(field.levels))
    return np.asarray((count + PRIOR_PAIRS * start) / (count.sum() + PRIOR_PAIRS))


def _frequencies(values: pl.Series, field: Field) -> Numbers:
    counts = values.to_frame("value").select(pl.len().over("value")).to_series().to_numpy().astype(float)
    return np.where(values.is_null().to_numpy(), 1.0, _shrunk(counts, values.count(), field, own=2))


def _shrunk(counts: Numbers, known: int, field: Field, *, own: int) -> Numbers:
    """How often a value occurs among other people: without the pair in question, and with imagined records beside."""
    return np.asarray((np.maximum(counts - own, 0) + 1) / (max(known - own, 0) + IMAGINED.get(field.kind, 1)))


def _unrelated(values: pl.Series, levels: NDArray[np.int8], field: Field) -> Numbers:
    """Levels of random pairs; that of equal values exactly, from the counts of values."""
    count = np.bincount(levels[levels >= 0], minlength=len(field.levels)) + 0.5
    chances = count / count.sum()
    sizes = values.drop_nulls().value_counts()["count"].to_numpy().astype(float)
    total = sizes.sum()
    equal = float((sizes * (sizes - 1)).sum() / max(total * (total - 1), 1.0))
    chances[field.equal] = max(equal, 1.0 / max(total * (total - 1), 1.0))
    return np.asarray(chances / chances.sum())


def _fit_area(
    fields: Sequence[Field], levels: Levels, unrelated: dict[str, Numbers]
) -> tuple[float, dict[str, Numbers]]:
    """Among random pairs: the share of neighbours, and how alike their places are. One place alone needs no class."""
    places = [(column, field) for column, field in enumerate(fields) if field.meaning == AREA]
    if len(places) < 2:
        return 0.0, {}
    share = 0.01
    area = start = {field.name: mostly_equal(field, EQUAL_IN_AREA) for _, field in places}
    for _ in range(ROUNDS):
        near = sum(_lookup(area[field.name], levels[:, column]) for column, field in places)
        far = sum(_lookup(unrelated[field.name], levels[:, column]) for column, field in places)
        is_near = 1 / (1 + np.exp(np.clip(far - near + np.log((1 - share) / share), -500, 500)))
        share = float(np.clip(is_near.mean(), 1e-6, 0.3))
        area = {field.name: _learned(levels[:, column], is_near, start[field.name], field) for column, field in places}
    return share, area
