"""The page of `nightmarket evaluate`: whole, safe, self-contained, with a table beside each picture."""

import re
from datetime import date

import pytest

from pipelines.simulator.evaluate import as_plain
from pipelines.simulator.evaluate_nights import nights_content
from pipelines.simulator.evaluate_page import render_evaluation
from pipelines.simulator.evaluate_predictions import predictions_content
from tests.builders.judged import judged_home, write_scores
from tests.unit.reports.test_report_page import HOSTILE, Page

SECTIONS = ["policy", "uplift", "predictions", "lift", "identity", "quarantine"]
READ = {
    "decided_date": date(2025, 7, 5),
    "metric_name": "gross_margin",
    "observed_days": 28,
    "window_days": 28,
    "estimate": 0.5,
    "low": -0.1,
    "high": 1.1,
    "true_of_night": 0.2,
    "true_in_window": 0.3,
    "state": "covered",
}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """Everything judged, of a home of four people."""
    settings = judged_home(tmp_path_factory.mktemp("home"))
    write_scores(settings, value_91d={"a": 10.0, "b": 20.0, "c": 90.0}, lapse_28d={"a": 0.2, "c": 0.6})
    nights = nights_content(settings)
    early = READ | {"estimate": None, "low": None, "high": None, "state": "too early"}
    return as_plain(
        {
            "retailer": "simulated",
            "currency": "USD",
            "record_count": 5,
            "identity": dict.fromkeys(
                ("pairwise_precision", "pairwise_recall", "b_cubed_precision", "b_cubed_recall"), 0.9
            ),
            "wrong_links": [{"rule": "same_phone", "cause": HOSTILE, "link_count": 3}],
            "quarantine": [
                dict.fromkeys(("planted_count", "caught_count", "missed_count", "falsely_refused_count"), 1)
                | {"table": HOSTILE}
            ],
            "predictions": predictions_content(settings),
            **nights,
            "lift": {"note": None, "results": [READ, early]},
        }
    )


def nothing_of(content):
    """The same where nothing could be judged."""
    notes = [
        {"title": one["title"], "model_name": one["model_name"], "note": HOSTILE} for one in content["predictions"]
    ]
    empty = {"uplift": [], "policy": [], "nights_note": HOSTILE, "lift": {"note": HOSTILE, "results": []}}
    identity = dict.fromkeys(content["identity"])
    return content | empty | {"predictions": notes, "quarantine": [], "wrong_links": [], "identity": identity}


@pytest.mark.parametrize("is_judged", [True, False])
def test_the_page_is_well_formed_has_every_section_and_needs_nothing_but_itself(content, is_judged):
    text = render_evaluation(content if is_judged else nothing_of(content))
    page = Page(text)
    assert [value for value in page.ids if value in SECTIONS] == SECTIONS
    assert all(link.removeprefix("#") in page.ids for link in page.links)
    assert not re.search(r"https?:|@import|url\(", text)
    assert "<script" not in text
    assert "<img" not in text
    assert HOSTILE in "".join(page.text)


def test_every_part_has_its_picture_described_and_beside_a_table(content):
    text = render_evaluation(content)
    pictures = [attrs for tag, attrs in Page(text).tags if tag == "svg"]
    assert len(pictures) == 6
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in pictures)
    for section in text.split("<section")[1:]:
        assert section.count("<svg") == 0 or "<table" in section
    assert not re.search(r'(?:x|y|x1|x2|y1|y2|cx|cy|width)="-?(?:nan|inf)', text)


def test_what_cannot_be_judged_is_said_in_its_place(content):
    text = "".join(Page(render_evaluation(nothing_of(content))).text)
    assert text.count(HOSTILE) == 5
    assert "No bad row was planted" in text
