"""Words, charts and seed tables: the small parts that pages are made of."""

import re
from datetime import date

import polars as pl
import pytest

from ml.models.calibration import Calibration
from ml.models.evaluation import METRICS
from ml.models.trained import TrainedModel
from pipelines.reports import words
from pipelines.reports.charts import (
    LONGEST_LABEL,
    PLOT,
    TRACK,
    Bar,
    Bin,
    Curve,
    Mark,
    MarkRow,
    bar_chart,
    curve_chart,
    dot_whisker_chart,
    histogram,
    signed_bar_chart,
)
from pipelines.reports.context import MODEL_METRICS
from pipelines.reports.model_rows import model_notes, model_rows
from pipelines.reports.reason_words import reason_words
from pipelines.reports.seed_tables import assumptions_of, limit_meanings, treatment_names
from tests.builders.report import SEEDS


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (words.money("1234.5", "USD"), "$1,234.50"),
        (words.money("-0.004", "USD"), "$0.00"),
        (words.money("-3", "CHF"), "−CHF 3.00"),
        (words.money(None, "USD"), "–"),
        (words.signed(0.4, "EUR"), "+€0.40"),
        (words.signed(-0.4, "EUR"), "−€0.40"),
        (words.signed(0.001, "EUR"), "€0.00"),
        (words.percent(0.125), "12.5\N{NO-BREAK SPACE}%"),
        (words.p_value(0.00049), "< 0.001"),
        (words.p_value(None), "–"),
        (words.day(date(2017, 12, 5)), "5 December 2017"),
        (words.weekday("2017-12-26"), "Tuesday"),
        (words.words("contact_cap_reached"), "Contact cap reached"),
        (words.words(""), ""),
        (words.count(1, "person", "people"), "1 person"),
        (words.count(2_469, "person", "people"), "2,469 people"),
        (reason_words("discount_ceiling:person_28d"), "Discount ceiling reached (person 28d)"),
        (reason_words("something_new"), "Something new"),
        (str(words.rounded_up("0.0000001", 5)), "0.00001"),
    ],
)
def test_numbers_are_written_as_people_read_them(written, expected):
    assert written == expected


def test_the_longest_bar_fills_its_track_and_the_others_are_in_proportion():
    drawn = bar_chart("t", [Bar("a", 4.0, "4"), Bar("b", 1.0, "1"), Bar("c", 0.0, "0")])
    widths = [float(w) for w in re.findall(r'class="main"[^>]*width="([\d.]+)%"', drawn)]
    assert widths == [TRACK, TRACK / 4, 0.0]


def test_bars_without_any_amount_are_empty_not_broken():
    assert 'width="0.00%"' in bar_chart("t", [Bar("a", 0.0, "0")])


def test_a_long_label_is_cut_with_a_sign_that_it_was():
    drawn = bar_chart("t", [Bar("x" * 100, 1.0, "1")])
    assert "x" * (LONGEST_LABEL - 1) + "…" in drawn
    assert "x" * LONGEST_LABEL not in drawn


def test_zero_stands_where_zero_is():
    row = MarkRow("night", "+1", (Mark(1.0, -1.0, 3.0, "main"),))
    drawn = dot_whisker_chart("t", [row], zero=True, axis=("-1", "3"))
    zero = float(re.search(r'class="zero" x1="([\d.]+)%', drawn).group(1))
    dot = float(re.search(r'cx="([\d.]+)%', drawn).group(1))
    ends = [float(x) for x in re.search(r'whisker main" x1="([\d.]+)%" x2="([\d.]+)%', drawn).groups()]
    assert ends[0] < zero < dot < ends[1]
    assert dot == pytest.approx((ends[0] + ends[1]) / 2, abs=0.01)
    assert zero - ends[0] == pytest.approx((ends[1] - ends[0]) / 4, abs=0.02)


@pytest.mark.parametrize(
    "mark", [Mark(None, None, None, "main"), Mark(5.0, None, None, "other"), Mark(0.0, 0.0, 0.0, "early")]
)
def test_a_missing_or_lonely_number_draws_a_sound_picture(mark):
    drawn = dot_whisker_chart("t", [MarkRow("a", "–", (mark,))], zero=False, axis=("", ""))
    assert "nan" not in drawn
    assert "None" not in drawn


def test_an_empty_histogram_and_one_of_a_single_column():
    assert histogram("t", []).startswith("<svg")
    assert histogram("t", [Bin("0", "1", 7)]).count("<rect") == 1


def seeds():
    return {path.stem: pl.read_csv(path, infer_schema=False) for path in sorted(SEEDS.glob("*.csv"))}


def test_every_assumed_row_of_the_seeds_is_listed_once():
    tables = seeds()
    assumed = sum(t.filter(pl.col("basis") == "assumed").height for t in tables.values() if "basis" in t.columns)
    listed = assumptions_of(tables)
    assert listed.height == assumed > 0
    assert listed.select("seed_name", "key").is_duplicated().sum() == 0
    assert not listed["value"].str.contains("(^|, )basis = ").any()


def test_a_declared_row_is_no_assumption():
    table = pl.DataFrame({"a_id": ["x", "y"], "amount": ["1", None], "basis": ["declared", "assumed"]})
    assert assumptions_of({"a": table}).rows() == [("a", "y", "")]


def test_each_limit_has_a_unit_and_a_meaning_and_each_treatment_a_name():
    tables = seeds()
    limits = limit_meanings(tables)
    assert limits["limit_name"].to_list() == sorted(tables["limits"]["limit_name"].to_list())
    assert set(limits["unit"].to_list()) <= {"contacts", "money"}
    assert set(treatment_names(tables)) == set(tables["treatments"]["treatment_id"].to_list())


def trained(rows):
    metrics = [
        {
            "scorer": scorer,
            "metric": metric,
            "value": value,
            "low": value,
            "high": value,
            "row_count": 9,
            "person_count": 9,
        }
        for scorer, metric, value in rows
    ]
    return TrainedModel(
        name="lapse_28d",
        as_of_date=date(2017, 12, 19),
        observed_through=date(2017, 12, 19),
        trained_through_date=date(2017, 11, 21),
        seed=1,
        scored_by="baseline",
        reason="The baseline is better.",
        fallback="habit",
        booster=None,
        calibration=Calibration(),
        calibration_note="identity",
        features=("x",),
        categories={},
        targets=("",),
        baselines=(),
        reference=(),
        metrics=pl.DataFrame(metrics, schema=METRICS),
        splits=(),
        settings={},
        fingerprint="0" * 64,
    )


def test_a_model_stands_beside_each_of_its_baselines():
    rows = [("model", "log_loss", 0.2), ("habit", "log_loss", 0.3), ("popularity", "log_loss", 0.4)]
    rows += [("model - habit", "log_loss", -0.1), ("model", "base_rate", 0.1), ("habit", "base_rate", 0.1)]
    models = {"lapse_28d": trained(rows)}
    frame = model_rows(models)
    assert frame.schema == MODEL_METRICS
    figures = frame.select("baseline_name", "value", "baseline_value").rows()
    assert figures == [("habit", 0.2, 0.3), ("popularity", 0.2, 0.4)]
    assert frame["is_higher_better"].to_list() == [False, False]
    assert model_notes(models) == {"lapse_28d": "The baseline is better."}


def test_a_baseline_alone_and_a_model_nobody_judged_are_no_error():
    alone = model_rows({"lapse_28d": trained([("habit", "auc", 0.7)])})
    assert alone.select("value", "baseline_value").rows() == [(None, 0.7)]
    assert model_rows({"lapse_28d": trained([])}).is_empty()


def numbers(chart, *names):
    """The values of some attributes, in the order of the picture."""
    return [float(value) for value in re.findall(rf'(?:{"|".join(names)})="(-?[\d.]+)%?"', str(chart))]


def test_bars_start_at_a_common_zero_and_losses_go_to_the_left():
    chart = signed_bar_chart("t", [Bar("gain", 30.0, "30"), Bar("loss", -10.0, "-10"), Bar("none", 0.0, "0")])
    rects = re.findall(r'<rect class="main" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', str(chart))
    assert rects == [("25.00", "75.00"), ("0.00", "25.00"), ("25.00", "0.00")]
    assert 'class="zero" x1="25.00%"' in chart
    assert "100.00%" not in signed_bar_chart("t", [Bar("none", 0.0, "0")])


def test_a_curve_holds_all_its_points_and_higher_is_further_up():
    line = Curve(((0.0, -2.0), (5.0, 8.0)), "other")
    chart = curve_chart("t", [line], [(10.0, 3.0)], across=("a", "b"), top="c")
    assert re.findall(r'<line class="whisker other" x1="(.*?)%" y1="(.*?)" x2="(.*?)%" y2="(.*?)"', str(chart)) == [
        ("0.00", f"{PLOT:.2f}", "50.00", "24.00")
    ]
    assert numbers(chart, "cx", "cy") == [100, (PLOT + 24) / 2]
    assert numbers(curve_chart("t", [], [(1.0, 1.0)], across=("", ""), top=""), "cx", "cy") == [0, PLOT]
