"""Which links between records does the night follow? Bare keys are taken as they are, people are weighed."""

import polars as pl

from ml.errors import ContractError
from ml.identity.components import connected_components
from ml.identity.roles import Role

EDGES = {
    "record_id_a": pl.String,
    "record_id_b": pl.String,
    "rule": pl.String,
    "kind": pl.String,  # deterministic | probabilistic
    "probability": pl.Float64,
    "verdict": pl.String,  # accepted | refused
    "reason": pl.String,
}
DESCRIBING = {
    "given_name": "given_name",
    "family_name": "family_name",
    "full_name": "full_name",
    "birthday": "birth_date",
    "gender": "gender",
    "street": "street",
    "city": "city",
    "region": "region",
    "postcode": "postcode",
    "country": "country",
}
KEYS = {"loyalty_id": "loyalty_id", "email": "email", "phone": "phone"}
NAMES = ("given_name", "family_name", "full_name", "birthday")  # without one of them keys are all there is to go by
RULES = {"same_loyalty": "same_loyalty_id"}  # the engine's words where the settings have others
# What is told of a probability: it is learned anew every night, and a ledger row for its third digit helps nobody.
STEPS = (0.05, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
PAIR = ["record_id_a", "record_id_b"]


def judge_links(
    records: pl.DataFrame, key_links: pl.DataFrame, former: pl.DataFrame, *, seed: int, threads: int
) -> pl.DataFrame:
    """Every link that was looked at tonight, and whether it is followed.

    Takes     records, one row per record: record_id str; is_described bool, whether it says more than a bare key;
              the columns of DESCRIBING and KEYS, nullable text; of KEYS only values that may link records;
              key_links, one row per pair and rule that an equal key suggests: columns as EDGES; refused where the key
              may link nobody; a bare record hangs on one other only;
              former: record_id, person_id of everybody who was somebody before; seed, threads: of `resolve_records`.
    Returns   columns as EDGES, sorted by both records and rule. Links with a bare record stay as they are. Between
              two records that describe a person the accepted links join exactly those that `resolve_records` takes
              for one person, found by a key (deterministic) or not (probabilistic); probability is cut to STEPS.
    Raises    ContractError   a column is missing, or a link has an end that is no record.
    """
    _require_sound(records, key_links)
    described = records.filter("is_described").sort("record_id")
    if described.select(pl.any_horizontal(pl.col(NAMES).is_not_null()).sum()).item() < 2:
        return key_links.select(*EDGES).sort(*PAIR, "rule")
    from ml.identity.resolve import resolve_records  # Splink costs two seconds to import

    columns = {**DESCRIBING, **KEYS}
    roles = [Role(role, name) for name, role in columns.items() if described[name].null_count() < described.height]
    was = described.join(former, on="record_id", how="left", maintain_order="left")["person_id"]
    found = resolve_records(described, roles, id_column="record_id", seed=seed, threads=threads, former=was)
    if found.edges is None:
        raise ContractError("resolve_records: expected its edges, got none. Ask for them.")
    return combine_links(key_links, found.edges, found.persons)


def combine_links(key_links: pl.DataFrame, weights: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """Key links and the engine's answer as one table.

    Takes     key_links: see `judge_links`; weights, persons: edges and persons of `Resolved`.
    Returns   see `judge_links`. Between the engine's records, accepted links join exactly its persons.
    """
    weighed = _weighed(weights)
    ends = key_links
    for side in ("a", "b"):
        own = persons.select(pl.all().name.suffix(f"_{side}"))
        ends = ends.join(own, on=f"record_id_{side}", how="left")
    is_open = (
        pl.col("person_id_a").is_not_null() & pl.col("person_id_b").is_not_null() & (pl.col("verdict") == "accepted")
    )
    judged = _judged(ends.filter(is_open), weighed)
    others = weighed.join(judged, on=PAIR, how="anti")
    links = pl.concat([ends.filter(~is_open).select(*EDGES), judged, others])
    return pl.concat([links, _missing(links, persons)]).sort(*PAIR, "rule")


def _require_sound(records: pl.DataFrame, key_links: pl.DataFrame) -> None:
    needed = ["record_id", "is_described", *DESCRIBING, *KEYS]
    for name, missing in (
        ("records", set(needed) - set(records.columns)),
        ("key_links", set(EDGES) - set(key_links.columns)),
    ):
        if missing:
            raise ContractError(
                f"{name}: expected columns {sorted(missing)}, got none of them. Build the warehouse anew."
            )
    ends = pl.concat([key_links["record_id_a"], key_links["record_id_b"].alias("record_id_a")])
    lost = ends.filter(~ends.is_in(records["record_id"].implode()))
    if lost.len():
        raise ContractError(
            f"key_links: expected both ends among the records, got {lost.len()} others (first: {lost.sort()[0]}). "
            "Build records and links from the same night."
        )


def _weighed(edges: pl.DataFrame) -> pl.DataFrame:
    """The engine's pairs as links."""
    rule = pl.col("rule").replace(RULES)
    return edges.select(
        *PAIR,
        rule=rule,
        kind=pl.when(rule.str.starts_with("same_")).then(pl.lit("deterministic")).otherwise(pl.lit("probabilistic")),
        probability=_stepped(1 / (1 + 2.0 ** -pl.col("weight"))),
        verdict="verdict",
        reason="evidence",
    )


def _stepped(probability: pl.Expr) -> pl.Expr:
    """Cut down to the next of STEPS; below all of them 0.01."""
    found = pl.lit(0.01)
    for step in STEPS:
        found = pl.when(probability >= step).then(pl.lit(step)).otherwise(found)
    return found


def _judged(ends: pl.DataFrame, weighed: pl.DataFrame) -> pl.DataFrame:
    """Links by a key between two described records, with the verdict of their evidence."""
    seen = weighed.select(*PAIR, weight="probability", evidence="reason").unique(
        PAIR, keep="first", maintain_order=True
    )
    is_one = pl.col("person_id_a") == pl.col("person_id_b")
    least = _stepped(pl.min_horizontal("confidence_a", "confidence_b"))
    silent = pl.when(is_one).then(pl.lit("all records together say so")).otherwise(pl.lit("nothing else agrees"))
    told = pl.coalesce("evidence", silent)
    return ends.join(seen, on=PAIR, how="left").select(
        *PAIR,
        "rule",
        "kind",
        probability=pl.coalesce("weight", pl.when(is_one).then(least).otherwise(0.0)),
        verdict=pl.when(is_one).then(pl.lit("accepted")).otherwise(pl.lit("refused")),
        reason=pl.when(is_one).then(pl.col("reason")).otherwise(pl.lit("different persons")) + "; " + told,
    )


def _missing(links: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """Links of members whom no accepted link ties to the first of their person: groups join by their mean evidence."""
    inside = links.filter(pl.all_horizontal(pl.col(side).is_in(persons["record_id"].implode()) for side in PAIR))
    groups = connected_components(persons["record_id"], inside).select("record_id", "cluster_id")
    tied = persons.join(groups, on="record_id").sort("record_id")
    first, home = pl.col("record_id").first().over("person_id"), pl.col("cluster_id").first().over("person_id")
    loose = tied.with_columns(first=first, home=home).filter(pl.col("cluster_id") != pl.col("home"))
    return loose.unique("cluster_id", keep="first", maintain_order=True).select(
        record_id_a="first",
        record_id_b="record_id",
        rule=pl.lit("likely"),
        kind=pl.lit("probabilistic"),
        probability=_stepped(pl.col("confidence")),
        verdict=pl.lit("accepted"),
        reason=pl.lit("all records together say so"),
    )
