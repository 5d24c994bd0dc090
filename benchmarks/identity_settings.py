"""Comparisons, blocking and training rules of careful Splink, by the roles a table has.

Name, date and place comparisons were chosen among a few variants on the worlds `heavy` and `names_dates` with seed 2,
training rules after a look at `retail` with seed 2; the table's own seed is 1. The threshold was fixed beforehand.
"""

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import block_on

PAIRS_PER_RECORD = 40  # a blocking rule that makes more pairs than this is narrowed or left out


def _names(has: set[str]) -> list[object]:
    return [cl.NameComparison(name) for name in ("given_name", "family_name") if name in has]


def _birth(has: set[str]) -> list[object]:
    if "birth_date" not in has:
        return [cl.LevenshteinAtThresholds("birth_year", 1)] if "birth_year" in has else []
    # unlike the library's own date comparison, an impossible date is compared as text instead of being left out
    levels = [
        cll.NullLevel("birth_date"),
        cll.ExactMatchLevel("birth_date"),
        cll.LevenshteinLevel("birth_date", 1),
        cll.LevenshteinLevel("birth_date", 2),
        cll.CustomLevel("substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4)", label_for_charts="same year"),
        cll.ElseLevel(),
    ]
    return [cl.CustomComparison(output_column_name="birth_date", comparison_levels=levels)]


def _postcode(has_letters: bool) -> object:
    if has_letters:
        return cl.PostcodeComparison("postcode")
    return cl.LevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True)


def _place_joined() -> object:
    """Postcode and city as one comparison: they repeat each other, and two of them count twice what is one fact."""
    levels = [
        cll.And(cll.NullLevel("postcode"), cll.NullLevel("city")),
        cll.ExactMatchLevel("postcode").configure(tf_adjustment_column="postcode"),
        cll.And(cll.LevenshteinLevel("postcode", 2), cll.JaroWinklerLevel("city", 0.9)),
        cll.ExactMatchLevel("city").configure(tf_adjustment_column="city"),
        cll.LevenshteinLevel("postcode", 1),
        cll.JaroWinklerLevel("city", 0.9),
        cll.ElseLevel(),
    ]
    return cl.CustomComparison(output_column_name="place", comparison_levels=levels)


def _address(has: set[str]) -> list[object]:
    found: list[object] = []
    for name in ("street", "address_2"):
        if name in has:
            found.append(cl.JaroWinklerAtThresholds(name, [0.9, 0.8]).configure(term_frequency_adjustments=True))
    if "street_number" in has:
        found.append(cl.LevenshteinAtThresholds("street_number", 1).configure(term_frequency_adjustments=True))
    return found


def _other(has: set[str]) -> list[object]:
    found: list[object] = []
    if "email" in has:
        found.append(cl.EmailComparison("email"))
    if "phone" in has:
        found.append(cl.LevenshteinAtThresholds("phone", [1, 2]).configure(term_frequency_adjustments=True))
    for name in ("loyalty_id", "account_id", "device_id"):
        if name in has:
            found.append(cl.ExactMatch(name))
    for name in ("gender", "occupation"):
        if name in has:
            found.append(cl.ExactMatch(name).configure(term_frequency_adjustments=True))
    return found


def comparisons_apart(has: set[str], *, has_letters: bool) -> list[object]:
    """One comparison per column, as in Splink's demonstrations."""
    places = [_postcode(has_letters)] if "postcode" in has else []
    for name in ("city", "birth_place"):
        if name in has:
            places.append(cl.JaroWinklerAtThresholds(name, [0.9]).configure(term_frequency_adjustments=True))
    if "region" in has:
        places.append(cl.ExactMatch("region").configure(term_frequency_adjustments=True))
    return [*_names(has), *_birth(has), *places, *_address(has), *_other(has)]


def comparisons_joined(has: set[str], *, has_letters: bool) -> list[object]:
    """Postcode, city and region as one comparison where there are several of them; else as `comparisons_apart`."""
    if not {"postcode", "city"} <= has or has_letters:
        return comparisons_apart(has, has_letters=has_letters)
    rest = comparisons_apart(has - {"postcode", "city", "region"}, has_letters=has_letters)
    return [*rest, _place_joined()]


WIDE = [("family_name",), ("given_name",), ("birth_date",), ("postcode",)]  # as the FEBRL demonstrations block
NARROW = [
    ("given_name", "family_name"),
    ("substr(given_name,1,3)", "substr(family_name,1,4)"),
    ("given_name", "birth_date"),
    ("family_name", "birth_date"),
    ("email",),
    ("phone",),
    ("loyalty_id",),
    ("birth_date", "postcode"),
    ("birth_date", "birth_place"),
    ("substr(postcode,1,3)", "birth_date"),
    ("postcode", "given_name"),
    ("postcode", "family_name"),
    ("street", "street_number"),
    ("street", "postcode"),
    ("substr(given_name,1,2)", "substr(family_name,1,2)", "substr(birth_date,1,4)"),
]
MOST_RULES = 10


def _column(expression: str) -> str:
    return expression[expression.find("(") + 1 :].split(",")[0] if "(" in expression else expression


def _pairs(connection: duckdb.DuckDBPyConnection, rule: tuple[str, ...]) -> int:
    known = " and ".join(f"{part} is not null" for part in rule)
    sizes = f"select count(*) as n from records where {known} group by {', '.join(rule)}"
    found = connection.execute(f"select coalesce(sum(n * (n - 1) // 2), 0)::bigint from ({sizes})").fetchall()
    return int(found[0][0])


def blocking_rules(connection: duckdb.DuckDBPyConnection, has: set[str], records: int) -> list[tuple[str, ...]]:
    """Rules over present columns whose pairs were counted and are affordable; the wide ones first, as in the demos."""
    kept: list[tuple[str, ...]] = []
    for rule in [*WIDE, *NARROW]:
        if not {_column(part) for part in rule} <= has:
            continue
        implied = any(set(wide) <= set(rule) for wide in kept)
        if not implied and 0 < _pairs(connection, rule) <= PAIRS_PER_RECORD * records:
            kept.append(rule)
    return kept[:MOST_RULES]


def deterministic_rules(has: set[str]) -> list[object]:
    """Rules whose pairs are nearly all right, for the chance that two random records match."""
    rules = [
        ("given_name", "birth_date"),
        ("family_name", "birth_date"),
        ("given_name", "family_name", "postcode"),
        ("given_name", "family_name", "substr(birth_date,1,4)"),
        ("given_name", "email"),
        ("given_name", "phone"),
        ("birth_date", "postcode"),
        ("loyalty_id",),
    ]
    return [block_on(*rule) for rule in rules if {_column(part) for part in rule} <= has]


def training_rules(has: set[str]) -> list[object]:
    """Two or three blockings for expectation maximisation, so that every comparison is free in one of them.

    Blocks that are mostly households (one address, one family name) would teach what relatives share: not used.
    """
    second = [("birth_date",), ("loyalty_id",), ("birth_year", "postcode"), ("email",), ("postcode",)]
    third = [("postcode", "given_name"), ("given_name", "email"), ("given_name", "city")]
    chosen = [[("given_name", "family_name")], second, third]
    firsts = [next((rule for rule in rules if set(rule) <= has), None) for rules in chosen]
    return [block_on(*rule) for rule in firsts if rule]
