"""The page: whole, safe, self-contained, and readable by anybody on anything."""

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import pipelines.reports.render as render
from pipelines.reports.context import QUARANTINE, TIMINGS
from pipelines.reports.run_report import build_lift_report, build_run_report, write_reports
from pipelines.settings import Retailer, Settings
from tests.builders.report import NIGHT, empty_report, frame, sample_report

HOSTILE = """<script>alert(1)</script><img src=x onerror=y> "' & {{ 7 * 7 }} </style>"""
SECTIONS = ["decisions", "lift", "people", "limits", "steps", "gaps", "quality", "models", "assumptions", "timings"]
VOID = {"meta", "br", "rect", "circle", "line", "img", "input", "hr"}
CSS = (Path(render.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")


class Page(HTMLParser):
    """Reads a page and refuses tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.text = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)


def hostile_report():
    """Text of every kind that comes from outside, as an attacker would write it."""
    sample = sample_report(people=60)
    quarantined = {name: HOSTILE for name, kind in QUARANTINE.items() if kind == pl.String} | {"row_count": 1}
    texts = ["file", "reason", "source_code", "table_name"]
    decisions = sample.decisions.with_columns(
        department_name=pl.lit(HOSTILE), reasons=pl.lit([HOSTILE]), policy_hash=pl.lit(HOSTILE)
    )
    return sample_report(
        people=60,
        retailer=HOSTILE,
        loads=sample.loads.with_columns(pl.lit(HOSTILE).alias(name) for name in texts),
        quarantine=frame([quarantined], QUARANTINE),
        row_counts={HOSTILE: 1},
        checks=sample.checks.with_columns(name=pl.lit(HOSTILE), kind=pl.lit(HOSTILE), detail=pl.lit(HOSTILE)),
        decisions=decisions,
        model_metrics=sample.model_metrics.with_columns(
            model_name=pl.lit(HOSTILE), target=pl.lit(HOSTILE), baseline_name=pl.lit(HOSTILE), version=pl.lit(HOSTILE)
        ),
        lift_results=sample.lift_results.with_columns(note=pl.lit(HOSTILE), verdict=pl.lit(HOSTILE)),
        treatment_names=dict.fromkeys(sample.treatment_names, HOSTILE),
        reason_texts=dict.fromkeys(["no_consent", "not_applicable", "chosen_best_value", "nothing_pays"], HOSTILE),
        limits=sample.limits.with_columns(meaning=pl.lit(HOSTILE)),
        assumptions=sample.assumptions.with_columns(pl.lit(HOSTILE).alias(name) for name in sample.assumptions.columns),
        model_notes={HOSTILE: HOSTILE},
        timings=frame([{"step": HOSTILE, "seconds": 1.0}], TIMINGS),
    )


REPORTS = {"sample": sample_report(), "empty": empty_report(), "hostile": hostile_report()}
PAGES = {name: build_run_report(report)[0] for name, report in REPORTS.items()}
PAGES |= {f"{name} lift": build_lift_report(report)[0] for name, report in REPORTS.items()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_and_its_links_lead_somewhere(name):
    page = Page(PAGES[name])
    assert len(page.ids) == len(set(page.ids))
    assert all(link == "lift_report.html" or link.removeprefix("#") in page.ids for link in page.links)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_but_itself(name):
    page = Page(PAGES[name])
    assert not re.search(r"https?:|//[a-z]|@import|url\(", PAGES[name])
    assert page.count("script") == page.count("img") == page.count("link") == page.count("iframe") == 0
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on") or a == "src"]


@pytest.mark.parametrize("name", ["hostile", "hostile lift"])
def test_text_from_outside_stays_text(name):
    page = Page(PAGES[name])
    assert "<script" not in PAGES[name]
    assert "<img" not in PAGES[name]
    assert HOSTILE in "".join(page.text)
    assert "49" not in re.findall(r"alert\(1\).{0,80}?(\d\d) </style", "".join(page.text))
    assert PAGES[name].count("</style>") == 1


@pytest.mark.parametrize("name", ["sample", "empty", "hostile"])
def test_every_section_is_there_in_any_case(name):
    page = Page(PAGES[name])
    assert [value for value in page.ids if value in SECTIONS] == SECTIONS
    assert page.count("h2") == len(SECTIONS)


def test_every_picture_is_described_and_stands_beside_a_table():
    page = Page(PAGES["sample"])
    pictures = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(pictures) >= 10
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in pictures)
    for section in PAGES["sample"].split("<section")[1:]:
        assert section.count("<svg") == 0 or "<table" in section
    assert page.count("caption") == page.count("table")


def test_a_cell_knows_its_column_for_narrow_screens():
    for table in re.findall(r'<table class="wide">.*?</table>', PAGES["sample"], re.DOTALL):
        cells = re.findall(r"<td[^>]*>", table.split("</thead>")[1])
        assert all("data-label=" in cell for cell in cells if cell != "<td>")


def test_a_night_with_a_failed_check_says_so_at_the_top():
    failed = REPORTS["sample"].checks.with_columns(status=pl.lit("failed")).head(2)
    page = build_run_report(sample_report(people=20, checks=failed))[0]
    assert "2 checks failed." in page.split("<section")[0]
    assert "No check failed" not in page


def test_a_night_without_checks_is_not_called_sound():
    assert "No check was reported." in PAGES["empty"].split("<section")[0]


def test_a_contact_to_a_held_out_person_is_shouted():
    contacted = REPORTS["sample"].decisions.with_columns(
        holdout_arm=pl.when(pl.col("treatment_id") != "none").then(pl.lit("holdout")).otherwise("holdout_arm")
    )
    page = build_run_report(sample_report(people=20, decisions=contacted))[0]
    assert "held-out people would be contacted." in page.split("<section")[0]
    assert "would be contacted" not in PAGES["sample"]


def test_huge_numbers_are_written_out_without_breaking():
    big = 10**15
    loads = REPORTS["sample"].loads.with_columns(raw_row_count=pl.lit(big), accepted_row_count=pl.lit(big)).head(1)
    rich = REPORTS["sample"].decisions.with_columns(value_amount=pl.lit("99999999999999.9999").cast(pl.Decimal(18, 4)))
    page = build_run_report(sample_report(people=5, loads=loads, decisions=rich, row_counts={"t": 10**18}))[0]
    assert "1,000,000,000,000,000" in page
    assert "1,000,000,000,000,000,000" in page
    assert "$100,000,000,000,000.00" in page
    assert "nan" not in "".join(Page(page).text).lower().split()


def test_a_currency_without_a_sign_is_named():
    assert "CHF 0.00" in build_run_report(empty_report(currency="CHF"))[0]


def test_at_most_is_never_rounded_down():
    certificates = REPORTS["sample"].certificates.with_columns(gap_rate=pl.lit(0.0000001))
    page = build_run_report(sample_report(people=5, certificates=certificates))[0]
    assert "at most 0.001\N{NO-BREAK SPACE}% is left on the table" in page


def test_replayed_data_are_named_a_null_check():
    assert "null check" in PAGES["sample lift"]
    assert "null check" not in build_lift_report(sample_report(people=5, is_replay=False))[0]


def variables(block):
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


BLOCKS = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)


@pytest.mark.parametrize(("scheme", "block"), list(zip(["light", "dark", "print"], BLOCKS, strict=True)))
def test_letters_and_marks_stand_out_as_wcag_aa_asks(scheme, block):
    colours = variables(BLOCKS[0]) | variables(block)
    for text in ("ink", "muted", "main", "good", "warn", "bad"):
        for ground in ("page", "card"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (scheme, text, ground)
    for tint in ("good-tint", "warn-tint", "bad-tint"):
        assert contrast(colours["ink"], colours[tint]) >= 4.5, (scheme, tint)
    for mark in ("main", "quiet", "binding"):
        assert contrast(colours[mark], colours["card"]) >= 3.0, (scheme, mark)


@pytest.fixture
def settings(tmp_path):
    retailer = Retailer(retailer="shop", time_zone="UTC", currency="USD", random_seed=1, is_replay=True, sources={})
    here = tmp_path / "nowhere"
    return Settings(
        retailer=retailer,
        home=tmp_path / "home",
        seeds_dir=here,
        dbt_dir=here,
        contracts_dir=here,
        suites_dir=here,
        threads=1,
        memory_limit="1GB",
    )


def written(settings, run, seconds):
    timings = frame([{"step": "landing", "seconds": seconds}], TIMINGS)
    run_dir = settings.folder("runs") / run
    folder = write_reports(settings, NIGHT, run_dir, sample_report(people=30, timings=timings))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}, run_dir / "run_report.html"


def test_the_nights_reports_have_the_same_bytes_in_every_run(settings):
    first, _ = written(settings, "run-1", 12.3)
    second, _ = written(settings, "run-2", 45.6)
    assert sorted(first) == ["lift_report.html", "lift_report.json", "run_report.html", "run_report.json"]
    assert first == second


def test_timings_stand_in_the_copy_of_the_run_only(settings):
    night, copy = written(settings, "run-1", 12.3)
    assert "12.3" in copy.read_text(encoding="utf-8").split('id="timings"')[1]
    assert b'"timings": null' in night["run_report.json"]
    assert b"Seconds per step" not in night["run_report.html"]


def test_nothing_half_written_is_left(settings):
    broken = sample_report(people=5, decisions=sample_report(people=5).decisions.with_columns(runner_ups=pl.lit("{")))
    with pytest.raises(Exception, match="runner_ups"):
        write_reports(settings, NIGHT, settings.folder("runs") / "run-1", broken)
    assert not settings.home.exists()
