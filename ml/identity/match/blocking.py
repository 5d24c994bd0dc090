"""Which pairs of records are worth comparing? Rules chosen by measured pair counts, then a cheap look at every pair."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ml.errors import ContractError
from ml.identity.match.fields import Field
from ml.identity.match.keys import Keys
from ml.identity.match.pairs import Places, pair_count, pairs_of, swapped_pairs
from ml.identity.match.screen import Scores, Screen

SAMPLE = 15_000  # records on which pairs are counted
IMAGINED = 6_000  # made-up matching pairs that rules are chosen for
HALVING = 0.5  # a pair found again is worth half as much as before: rules should fail independently
LEAST_GAIN = 0.0005  # of the made-up pairs
MOST_RULES = 48  # each sorts all records once; the last of more than these find next to nothing
HOPELESS = 12.0  # bits below an even chance: a pair that looks worse is not compared
STEP_BITS, ZERO_STEP = 8, 96  # a pair and its first guess stand in one number: -48 to 79 bits in half bits
MOST_RECORDS = 1 << 27  # more, and that number does not fit


@dataclass(frozen=True, slots=True)
class Budget:
    """At most how many pairs are looked at, and how many are compared."""

    seen: int
    compared: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Two records are a candidate pair if all keys agree; pair_count is estimated from a sample."""

    keys: tuple[int, ...]
    pair_count: int


def budget_for(record_count: int) -> Budget:
    """Small tables get a wide net: they cost seconds. In large ones the time of a comparison counts."""
    seen = max(min(150 * record_count, 7_500_000), 15 * record_count, 600_000)
    return Budget(seen, max(min(40 * record_count, 2_000_000), 4 * record_count))


def choose_rules(keys: Keys, budget: Budget, *, seed: int) -> tuple[Rule, ...]:
    """Rules that together lose few matching pairs and stay within the budget.

    Takes     keys; budget; seed: of the sample and of the made-up pairs.
    Returns   Rule, best first: greedily by matching pairs newly found per pair to look at, where matching pairs are
              imagined by letting each key survive with its probability.
    """
    rng = np.random.default_rng(seed)
    size = keys.codes.shape[0]
    rows = np.sort(rng.choice(size, SAMPLE, replace=False)) if size > SAMPLE else np.arange(size)
    scale = (size * (size - 1)) / max(rows.size * (rows.size - 1), 1)
    sample = keys.codes[rows]
    left = [Rule(chosen, int(pair_count(sample[:, list(chosen)]) * scale)) for chosen in _combinations(keys)]
    agree = _imagined(keys, rng)
    found = {rule.keys: np.logical_and.reduce([agree[key] for key in rule.keys]) for rule in left}
    times, spent = np.zeros(IMAGINED), 0
    chosen: list[Rule] = []
    while left:
        worth = HALVING**times
        left = [rule for rule in left if spent + rule.pair_count <= budget.seen]
        gains = [float(worth[found[rule.keys]].sum()) for rule in left]
        values = [gain / (rule.pair_count + size) for gain, rule in zip(gains, left, strict=True)]
        if not left or len(chosen) == MOST_RULES or max(gains) < LEAST_GAIN * IMAGINED:
            break
        best = left.pop(int(np.argmax(values)))
        chosen.append(best)
        times, spent = times + found[best.keys], spent + best.pair_count
    return tuple(chosen)


def _combinations(keys: Keys) -> Iterator[tuple[int, ...]]:
    """One key, two, or (with few fields, or where two are too coarse) three keys of different fields."""
    most = 3 if len(set(keys.fields)) <= 4 else 2
    for count in range(1, most + 1):
        for chosen in combinations(range(len(keys.names)), count):
            if len({keys.fields[key] for key in chosen}) == count:
                yield chosen


def _imagined(keys: Keys, rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Per key, which of the made-up matching pairs agree on it; who agrees on a value agrees on its parts."""
    whole: dict[int, NDArray[np.bool_]] = {}
    agree = []
    for field, survival in zip(keys.fields, keys.survival, strict=True):
        if field not in whole:
            whole[field] = rng.random(IMAGINED) < survival
            first = survival
            agree.append(whole[field])
        else:
            agree.append(whole[field] | (rng.random(IMAGINED) < (survival - first) / (1 - first)))
    return agree


def candidate_pairs(
    keys: Keys, fields: Sequence[Field], budget: Budget, *, seed: int
) -> tuple[Places, Places, tuple[Rule, ...]]:
    """The pairs to compare.

    Takes     keys, fields; budget; seed.
    Returns   left, right: row numbers, left < right, sorted, no pair twice; and the rules that found them. Of more
              pairs than the budget allows, those with the best first guess stay.
    """
    size = keys.codes.shape[0]
    if size > MOST_RECORDS:
        raise ContractError(f"expected at most {MOST_RECORDS:,} different records, got {size:,}. Divide the file.")
    rules = choose_rules(keys, budget, seed=seed)
    screen = Screen(keys, fields)
    floor = _step(np.array([np.log2(max(size, 2)) - HOPELESS]))[0]
    kept, waiting = np.empty(0, np.int64), [np.empty(0, np.int64)]
    for left, right in _all_pairs(keys, rules, budget):
        steps = _step(screen.scores(left, right))
        is_hopeful = steps >= floor
        waiting.append((left * size + right)[is_hopeful] << STEP_BITS | steps[is_hopeful])
        if sum(part.size for part in waiting) > budget.compared:
            kept, floor = _best(np.concatenate([kept, *waiting]), floor, budget.compared)
            waiting = []
    kept, _ = _best(np.concatenate([kept, *waiting]), floor, budget.compared)
    pairs = kept >> STEP_BITS
    return pairs // size, pairs % size, rules


def _all_pairs(keys: Keys, rules: Sequence[Rule], budget: Budget) -> Iterator[tuple[Places, Places]]:
    for rule in rules:
        yield from pairs_of(keys.codes[:, list(rule.keys)])
    if keys.swapped is None:
        return
    given, family = (keys.codes[:, column] for column in keys.swapped)
    names = {keys.fields[keys.names.index(name)] for name in ("given_name", "family_name")}
    for field in sorted(set(keys.fields) - names):
        other = keys.codes[:, keys.fields.index(field)]
        if pair_count(np.stack([given, other], axis=1)) * 2 <= budget.seen / 10:
            yield from swapped_pairs(given, family, other)


def _step(scores: Scores) -> Places:
    """First guesses in whole half bits, from 0: what lies outside is beyond doubt."""
    steps = np.floor(scores * 2).astype(np.int64) + ZERO_STEP
    return np.asarray(np.clip(steps, 0, (1 << STEP_BITS) - 1))


def _best(pairs: Places, floor: np.int64, most: int) -> tuple[Places, np.int64]:
    """Sorted pairs without repeats; above `most`, the half bits that fit, so that equal guesses share one fate."""
    pairs.sort()
    pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]][: pairs.size]]
    if pairs.size <= most:
        return pairs, floor
    steps = pairs & ((1 << STEP_BITS) - 1)
    count = np.bincount(steps)
    fits = np.cumsum(count[::-1])[::-1] <= most
    floor = np.int64(np.argmax(fits)) if fits.any() else steps.max()
    return pairs[steps >= floor], floor
