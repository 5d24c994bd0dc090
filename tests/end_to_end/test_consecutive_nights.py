"""Three weekly nights: caps hold across them, held-out people never receive anything, everybody has one row a night."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ml.errors import GuardrailError
from pipelines.dbt_parse import open_project
from pipelines.ledger import Ledger
from pipelines.night import ledger_of
from pipelines.seeds import read_seeds
from pipelines.settings import Settings
from tests.end_to_end.world import NIGHTS, new_home, run

HOUSEHOLDS = 60  # enough that some are held out, some contacted, and the caps of consecutive weeks meet


@pytest.fixture(scope="module")
def after_the_first(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = new_home(tmp_path_factory.mktemp("first night"), households=HOUSEHOLDS)
    run(home, NIGHTS[0])
    return home


@pytest.fixture(scope="module")
def settings(after_the_first: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("three nights") / "home"
    shutil.copytree(after_the_first.home, home)
    moved = replace(after_the_first, home=home)
    for night in NIGHTS[1:]:
        run(moved, night)
    return moved


@pytest.fixture(scope="module")
def ledger(settings: Settings) -> Ledger:
    return ledger_of(settings)


def test_every_person_has_exactly_one_row_per_night(settings: Settings, ledger: Ledger) -> None:
    for night in NIGHTS:
        decisions = ledger.partition("decisions", night)
        assert decisions["person_id"].is_unique().all()
        assert decisions.height >= HOUSEHOLDS
    persons = pl.read_parquet(published(settings) / "customer_360.parquet")["person_id"]
    assert set(ledger.partition("decisions", NIGHTS[-1])["person_id"]) == set(persons)


def test_ids_arms_and_people_stay_the_same_from_night_to_night(ledger: Ledger) -> None:
    assert [ledger.partition("person_ids", night).height for night in NIGHTS[1:]] == [0, 0]
    assert [ledger.partition("assignments", night).height for night in NIGHTS[1:]] == [0, 0]


def test_held_out_people_never_receive_anything(settings: Settings, ledger: Ledger) -> None:
    assignments = pl.concat([ledger.partition("assignments", night) for night in NIGHTS])
    held_out = set(assignments.filter(pl.col("arm") == "holdout")["person_id"])
    assert held_out, "the little retailer has nobody held out: the test would prove nothing"
    in_files = {row["person_id"] for night in NIGHTS for row in audience(settings, night)}
    assert in_files
    assert not held_out & in_files


def test_contact_caps_hold_over_every_window_and_channel(settings: Settings, ledger: Ledger) -> None:
    """Recomputed from files and mailings alone: no code of decider or verifier."""
    contacts = [
        (row["person_id"], row["channel"], night, "nightmarket")
        for night in NIGHTS
        for row in audience(settings, night)
    ]
    mailings = pl.read_parquet(published(settings) / "fct_contacts.parquet").drop_nulls("person_id")
    contacts += [
        (person, "direct_mail", day, "campaign")
        for person, day in mailings.select("person_id", "contacted_date").iter_rows()
    ]
    broken = [
        (policy["contact_policy_id"], person)
        for policy in read_seeds(settings)["contact_policies"].iter_rows(named=True)
        for night in NIGHTS
        for person, count in in_window(contacts, policy, night).items()
        if count > int(policy["max_contact_count"]) and contacted_by_us(contacts, person, night, policy)
    ]
    assert broken == []


def test_the_caps_are_what_stops_the_second_week(ledger: Ledger) -> None:
    """If nothing were ever capped, the test above could not fail."""
    candidates = ledger.partition("candidates", NIGHTS[1])
    codes = Counter(code for codes in candidates["reason_codes"].to_list() for code in codes)
    assert any("cap" in code or "contacted" in code for code in codes), codes


def test_a_cap_that_the_decider_forgets_stops_the_release(
    after_the_first: Settings, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = after_the_first  # `settings` is a copy of it by now
    from ml.decisioning import decide as decider

    real = decider.guardrails
    monkeypatch.setattr(decider, "guardrails", lambda policy: [one for one in real(policy) if "cap" not in one.name])
    with pytest.raises(GuardrailError, match="contact_caps"):
        run(home, NIGHTS[1])
    assert not (home.folder("exports") / f"as_of_date={NIGHTS[1]}").exists()
    assert not ledger_of(home).is_sealed(NIGHTS[1])


def test_lift_measures_earlier_nights_and_says_that_replayed_data_cannot_answer(ledger: Ledger) -> None:
    results = ledger.partition("lift_results", NIGHTS[-1])
    assert set(results["decided_date"]) == set(NIGHTS[:-1])
    assert all("eplayed data" in note for note in results["note"])
    assert set(results["verdict"]) == {"not enough evidence yet"}


def test_the_certificate_of_every_night_is_confirmed_by_other_code(settings: Settings, ledger: Ledger) -> None:
    from benchmarks.check_certificate import check

    limits = settings.seeds_dir / "limits.csv"
    assert [check(ledger.root, night.isoformat(), limits) for night in NIGHTS] == [[], [], []]


def test_people_read_the_published_copy_with_any_tool(settings: Settings) -> None:
    copy = str(published(settings) / "nightmarket.duckdb")
    with duckdb.connect(copy, read_only=True) as reader:
        told = reader.sql("select sum(person_count) from decision_summary where as_of_date = '2017-12-26'").fetchall()
    assert told[0][0] >= HOUSEHOLDS


def test_a_published_column_with_empty_cells_says_what_they_mean(settings: Settings) -> None:
    models = open_project(settings).nodes["nodes"]
    silent = []
    for path in sorted(published(settings).glob("*.parquet")):
        rows = pl.read_parquet(path)
        told = models.get(f"model.nightmarket.{path.stem}", {}).get("columns", {})
        empty = [name for name in rows.columns if rows.height and rows[name].null_count()]
        silent += [f"{path.stem}.{name}" for name in empty if name in told and not says_so(told[name]["description"])]
    assert silent == []


def says_so(description: str) -> bool:
    return any(word in description for word in ("null", "unknown", "if ", "empty"))


def published(settings: Settings) -> Path:
    return settings.folder("published") / f"as_of_date={NIGHTS[-1]}"


def audience(settings: Settings, night: date) -> list[dict[str, str]]:
    """Every row of every channel's file, as text, with the channel added; manifests must agree."""
    rows: list[dict[str, str]] = []
    for folder in sorted((settings.folder("exports") / f"as_of_date={night}").iterdir()):
        frame = pl.read_csv(folder / "audience.csv", infer_schema=False)
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["files"][0]["rows"] == frame.height
        rows += [{**row, "channel": folder.name} for row in frame.iter_rows(named=True)]
    return rows


def in_window(contacts: list[tuple], policy: dict[str, str], night: date) -> Counter[str]:
    begin = night - timedelta(days=int(policy["window_days"]) - 1)
    return Counter(
        person
        for person, channel, day, origin in contacts
        if begin <= day <= night and policy["channel_code"] in ("*", channel) and policy["origin"] in ("*", origin)
    )


def contacted_by_us(contacts: list[tuple], person: str, night: date, policy: dict[str, str]) -> bool:
    """The retailer's own mailings may exceed a cap; we may not add to them."""
    return any(
        one == person and day == night and origin == "nightmarket" and policy["channel_code"] in ("*", channel)
        for one, channel, day, origin in contacts
    )
