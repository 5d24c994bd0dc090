"""Stage features: what was known about each person when the day began."""

from collections.abc import Iterator

import dagster as dg

from data_quality.evidence import from_suites
from data_quality.gates import judge
from data_quality.validate import validate
from ml.features.build import build_person_features
from pipelines.assets.outcomes import Outcome, check_spec, checked, gate_for_report, made, told_then_required
from pipelines.night import Night
from pipelines.partitions import NIGHTLY, as_of

FEATURES_KEY = ["features", "features_person"]


@dg.multi_asset(
    name="features",
    specs=[
        dg.AssetSpec(
            FEATURES_KEY,
            group_name="features",
            partitions_def=NIGHTLY,
            deps=[
                ["marts", table]
                for table in ("fct_order_lines", "fct_contacts", "fct_redemptions", "dim_campaigns", "customer_360")
            ],
            description="One row per person: point-in-time features, reading nothing that happened or was known later.",
        )
    ],
    check_specs=[check_spec(FEATURES_KEY, "great_expectations", "Ranges, null rates and row count of the features")],
    pool="warehouse",
)
def features(context: dg.AssetExecutionContext, night: dg.ResourceParam[Night]) -> Iterator[Outcome]:
    """Build tonight's features and stop the night if they are not sound."""
    as_of_date = as_of(context)
    with night.reporter.stage("features") as said:
        frame = build_person_features(night.facts(keep=True), as_of_date)
        night.warehouse.replace_day("features.features_person", frame, as_of_date)
        report = validate("features.features_person", frame, night.settings.suites_dir / "features_person.json")
        gate = judge("scoring", [from_suites([report])], required=["suites"])
        said.append(f"{frame.height:,} persons x {frame.width - 2} features · {len(report.results)} expectations")
    night.note(as_of_date, "features", {"gate": gate_for_report(gate), "row_count": frame.height})
    outcomes: list[Outcome] = [
        made(FEATURES_KEY, row_count=frame.height),
        checked(FEATURES_KEY, "great_expectations", gate),
    ]
    yield from told_then_required(outcomes, [gate])
