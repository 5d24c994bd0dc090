"""A night ready for export, small enough to read: six people, three channels in use, two sealed nights before."""

import csv
import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.exports.build import ExportRun, ExportSeeds, StagedExports, stage_exports
from pipelines.exports.layout import SCHEMA_VERSION
from pipelines.exports.verify import VerifierInputs
from pipelines.ledger import Ledger
from pipelines.ledger_schema import CANDIDATES, DECISIONS, EXPORTS, STREAMS
from pipelines.settings import Retailer, Settings
from tests.builders.bronze import deliver, ledger_row

NIGHT = date(2017, 12, 26)
EARLIER = (date(2017, 12, 12), date(2017, 12, 19))
POLICY = "policy-1"

SEEDS = {
    "actions": """action_id,action_name,purpose_code,scope_code,is_monetary,retained_value_rate,basis
grow,Next department,marketing,department,true,0.0000,assumed
thanks,Thanks,service,person,false,0.0000,assumed
""",
    "channels": """channel_code,channel_name,contact_cost_amount,fatigue_cost_amount,basis
app_push,App,0.0010,0.0200,assumed
direct_mail,Letter,0.5500,0.0100,assumed
email,E-mail,0.0020,0.0150,assumed
till_coupon,Till,0.0200,0.0050,assumed
""",
    "consents": """channel_code,purpose_code,consent_basis,is_permitted,basis
app_push,marketing,none_recorded,false,assumed
direct_mail,marketing,legitimate_interest,true,assumed
email,marketing,loyalty_opt_in,true,assumed
email,service,loyalty_terms,true,assumed
till_coupon,marketing,loyalty_opt_in,true,assumed
""",
    "contact_policies": """contact_policy_id,channel_code,origin,window_days,max_contact_count,reason,basis
all_14d,*,*,14,2,r,assumed
mail_28d,direct_mail,*,28,2,r,assumed
email_10d,email,*,10,1,r,assumed
""",
    "discount_ceilings": """ceiling_id,channel_code,window_days,max_discount_amount,reason,basis
person_28d,*,28,6.00,r,assumed
""",
    "experiments": """experiment_id,holdout_share,salt,start_date,unit,description,basis
universal_holdout,0.1000,salt,2017-01-01,person,d,declared
""",
    "limits": """limit_name,measure,channel_code,action_id,limit_amount,basis
email_capacity,contact_count,email,*,2.0000,assumed
night_budget,cost_amount,*,*,10.0000,assumed
""",
    "margin_rates": """department_name,margin_rate,floor_margin_rate,basis
*,0.2000,0.2000,assumed
GROCERY,0.2500,0.1000,assumed
MEAT,0.2700,0.1200,assumed
PRODUCE,0.3500,0.1500,assumed
""",
    "offers": """offer_id,offer_name,discount_rate,funded_by,basis
none,No discount,0.0000,nobody,assumed
pct_5,5 % off,0.0500,retailer,assumed
pct_10,10 % off,0.1000,retailer,assumed
""",
    "sensitive_categories": """department_name,category_name,reason
SPIRITS,*,alcohol
GROCERY,LIQUOR,alcohol
""",
    "treatments": """treatment_id,action_id,offer_id,channel_code,prior_effect_log_odds,prior_source,horizon_days,\
valid_from,valid_through,requires_approval,basis
grow-none-app_push,grow,none,app_push,0.1,p,28,2017-01-01,2018-12-31,false,assumed
grow-pct_10-direct_mail,grow,pct_10,direct_mail,0.1,p,28,2017-01-01,2018-01-05,false,assumed
grow-pct_10-till_coupon,grow,pct_10,till_coupon,0.1,p,28,2017-01-01,2018-12-31,false,assumed
grow-pct_5-email,grow,pct_5,email,0.1,p,28,2017-01-01,2018-12-31,false,assumed
thanks-none-email,thanks,none,email,0.1,p,28,2017-01-01,2018-12-31,false,assumed
""",
    "value_rules": """rule,rule_value,unit,reason,basis
max_stock_age_days,7,days,r,assumed
min_identity_confidence,0.8,probability,r,assumed
min_stocked_rate,0.5,rate,r,assumed
""",
}

CONTACT_COST = {"app_push": "0.0010", "direct_mail": "0.5500", "email": "0.0020", "till_coupon": "0.0200"}
DISCOUNT = {"none": ("0.0", "0"), "pct_5": ("0.05", "0.4000"), "pct_10": ("0.1", "0.9000")}


def decision(person: str, treatment: str = "none", department: str | None = None, **changes: Any) -> dict[str, Any]:
    """One valid row of the ledger stream `decisions`."""
    action, offer, channel = treatment.split("-") if treatment != "none" else ("none", "none", None)
    rate, discount = DISCOUNT[offer]
    row = {
        "as_of_date": NIGHT,
        "decision_id": f"d-2017-12-26-{person}",
        "person_id": person,
        "treatment_id": treatment,
        "action_id": action,
        "offer_id": offer,
        "channel_code": channel,
        "department_name": department,
        "base_probability": 0.4,
        "uplift_probability": 0.01,
        "uplift_basis": "prior",
        "discount_rate": float(rate),
        "contact_cost_amount": Decimal(CONTACT_COST.get(channel or "", "0")),
        "discount_cost_amount": Decimal(discount),
        "fatigue_cost_amount": Decimal(0),
        "value_amount": Decimal("0.2500"),
        "assignment_probability": 1.0,
        "is_exploration": False,
        "solved_treatment_id": "none",
        "solved_probability": 1.0,
        "nothing_probability": 1.0,
        "holdout_arm": "treated",
        "reason_code": "best_value",
        "reasons": [f"{person} is worth it.", "Nothing else is worth more."],
        "runner_ups": "[]",
        "approval": "not_required",
        "policy_hash": POLICY,
        "model_versions": "{}",
    }
    return {**row, **changes}


def candidate(of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The eligible candidate that a decision was made from."""
    row = {name: of.get(name) for name in CANDIDATES} | {"reason_codes": [], "is_eligible": True}
    return {**row, **changes}


def export(night: date, person: str, channel: str, discount: str = "0.4000") -> dict[str, Any]:
    """One row of an earlier night's ledger stream `exports`."""
    return {
        "as_of_date": night,
        "channel_code": channel,
        "file": f"{channel}/audience.csv",
        "row_number": 1,
        "decision_id": f"d-{night}-{person}",
        "person_id": person,
        "treatment_id": "t",
        "discount_rate": 0.05,
        "discount_cost_amount": Decimal(discount),
        "consent_basis": "loyalty_opt_in",
        "file_sha256": "0" * 64,
    }


def statement(event_id: str, member: str, channel: str, state: str, day: date) -> dict[str, Any]:
    """One accepted row of the consent log, said at noon and delivered the day after."""
    return {
        "event_id": event_id, "subject_type": "loyalty_member", "subject_id": member, "channel": channel,
        "purpose": f"{channel}_marketing", "state": state, "event_at": datetime.combine(day, time(12)),
        "event_date": day, "known_date": day + timedelta(days=1),
    }  # fmt: skip


def goodbye(what: str, day: date, *, member: str | None = None, email: str | None = None) -> dict[str, Any]:
    """One accepted event by which somebody says that he wants no more e-mails, at one in the afternoon."""
    return {
        "id": "g1", "event_type": f"users.messages.email.{what}", "external_user_id": member, "email_address": email,
        "event_at": datetime.combine(day, time(13)), "event_date": day, "known_date": day + timedelta(days=1),
    }  # fmt: skip


def message(person: str, campaign: str, day: date, number: int = 1) -> str:
    """SQL that puts a sent e-mail into the facts."""
    values = f"'m{number}', '{person}', 'email', '{campaign}', 'sent', '{day} 10:00:00', '{day}'"
    return f"insert into marts.fct_message_events values ({values})"


def ticket(number: str, status: str, day: date, **changes: Any) -> dict[str, Any]:
    """One accepted change of an angry e-mail to the support desk, written at noon."""
    return {
        "id": number, "status": status, "updated_at": datetime.combine(day, time(12)), "sentiment": Decimal("-0.5"),
        "known_date": day + timedelta(days=1),
    } | changes  # fmt: skip


def count(sku: str, on_hand: int, day: date = date(2017, 12, 24), **changes: Any) -> dict[str, Any]:
    """One accepted count of a product in the store where everybody shops."""
    return {
        "snapshot_date": day, "store_id": "s1", "sku": sku, "on_hand": on_hand, "reserved": 0,
        "known_date": day + timedelta(days=1),
    } | changes  # fmt: skip


def log_file(name: str, delivered: date, refused: int = 0, source: str = "consent") -> dict[str, Any]:
    """One row of the load log about a file of the consent log."""
    return ledger_row(
        "loads", as_of_date=NIGHT, source_code=source, table_name="events", delivered_date=delivered,
        file=f"{source}/events/delivered_date={delivered}/{name}", refused_row_count=refused,
        status="refused_file" if refused else "loaded",
    )  # fmt: skip


@dataclass
class World:
    """Everything an export rests on, as plain rows; a test changes one thing and builds it."""

    decisions: list[dict[str, Any]] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    arms: dict[str, str] = field(default_factory=dict)
    exports: list[dict[str, Any]] = field(default_factory=list)
    mailings: list[tuple[str, str, date]] = field(default_factory=list)
    confidence: dict[str, float | None] = field(default_factory=dict)
    former: list[tuple[str, str]] = field(default_factory=list)  # an id, and who has the record it was issued for today
    statements: list[dict[str, Any]] = field(default_factory=list)  # of the consent log
    recorded: list[tuple[str, str, str, str]] = field(default_factory=list)  # what the mart makes of them
    left: list[dict[str, Any]] = field(default_factory=list)  # messages by which somebody left
    loads: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    counts: list[dict[str, Any]] = field(default_factory=list)  # of stock
    seeds: dict[str, str] = field(default_factory=lambda: dict(SEEDS))

    def say(self, person: str, channel: str, state: str, day: date, *, record: str = "") -> None:
        """Let a person state something about a channel; a yes is also what the mart knows."""
        number = f"e{len(self.statements) + 1}"
        self.statements.append(statement(number, record or f"m{person[1:]}", channel, state, day))
        if state == "granted":
            said = [row for row in self.recorded if row[:2] != (person, channel)]
            self.recorded = [*said, (person, channel, "marketing", number)]

    def choose(self, person: str, treatment: str, department: str | None = None, **changes: Any) -> None:
        """Decide otherwise for a person, with a candidate to match: a decider that does not know the rule."""
        row = decision(person, treatment, department, **changes)
        self.decisions = sorted([d for d in self.decisions if d["person_id"] != person] + [row], key=_id)
        self.candidates = [c for c in self.candidates if c["person_id"] != person] + [candidate(row)]


def clean_world() -> World:
    """A world that keeps every rule, some of them just so."""
    rows = [
        decision("p1", "grow-pct_5-email", "GROCERY", value_amount=Decimal("0.3000")),
        decision("p2", "grow-pct_10-till_coupon", "PRODUCE"),
        decision("p3", "grow-pct_10-direct_mail", "MEAT"),
        decision("p4"),
        decision("p5", holdout_arm="holdout", reason_code="holdout"),
        decision("p6", "thanks-none-email"),
    ]
    return World(
        decisions=rows,
        candidates=[candidate(row) for row in rows if row["treatment_id"] != "none"],
        arms={row["person_id"]: row["holdout_arm"] for row in rows},
        exports=[
            export(EARLIER[0], "p1", "till_coupon"),
            export(EARLIER[1], "p2", "till_coupon", "5.1000"),  # with tonight's .90 exactly the ceiling
            export(EARLIER[1], "p4", "email"),
        ],
        mailings=[("p3", "direct_mail", date(2017, 12, 11)), ("p5", "direct_mail", date(2017, 12, 11))],
        confidence={row["person_id"]: 1.0 for row in rows},
    )


@dataclass
class BuiltNight:
    """A world on disk, staged: what the verifier and the release are given."""

    home: Path
    staged: StagedExports
    inputs: VerifierInputs
    ledger: Ledger
    settings: Settings

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        """Change a staged file and make its manifest true again, so that only the content is wrong."""
        file = self.staged.folder / path
        file.write_bytes(change(file.read_text(encoding="utf-8")).encode())
        manifest = file.parent / "manifest.json"
        if file == manifest:
            return
        content = json.loads(manifest.read_text())
        for entry in content["files"]:
            if entry["file"] == file.name:
                rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))
                entry["bytes"] = file.stat().st_size
                entry["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
                entry["rows"] = len(rows) - 1
                entry["columns"] = [{"name": name, "type": "id"} for name in rows[0]]
        manifest.write_text(json.dumps(content))

    def rewrite(self, stream: str, change: Callable[[pl.DataFrame], pl.DataFrame], night: date = NIGHT) -> None:
        """Change a ledger partition behind everybody's back."""
        path = self.ledger.path(stream, night)
        change(pl.read_parquet(path)).write_parquet(path)

    def in_warehouse(self, statement: str) -> None:
        """Change the warehouse."""
        with duckdb.connect(str(self.inputs.warehouse)) as connection:
            connection.execute(statement)


def build_night(world: World, home: Path) -> BuiltNight:
    """Write seeds, ledger and warehouse of a world, and stage its exports."""
    seeds_dir = home / "seeds"
    seeds_dir.mkdir(parents=True)
    for name, text in world.seeds.items():
        (seeds_dir / f"{name}.csv").write_text(text, encoding="utf-8")
    ledger = _ledger(world, home / "ledger")
    deliver(home, "consent.events", world.statements, NIGHT)
    deliver(home, "messaging.events", world.left, NIGHT)
    deliver(home, "zendesk.tickets", world.tickets, NIGHT)
    deliver(home, "inventory.snapshots", world.counts, NIGHT)
    _warehouse(world, home / "warehouse.duckdb")
    retailer = Retailer(retailer="little", time_zone="UTC", currency="USD", random_seed=1, is_replay=True, sources={})
    settings = Settings(retailer, home, seeds_dir, home, home, home, threads=1, memory_limit="1GB")
    inputs = VerifierInputs(
        staged=home / "staged",
        seeds=seeds_dir,
        ledger=ledger.root,
        bronze=home / "bronze",
        warehouse=home / "warehouse.duckdb",
        as_of_date=NIGHT,
        run_id="night-2017-12-26",
        policy_hash=POLICY,
        schema_version=SCHEMA_VERSION,
        currency="USD",
        consent_max_age_days=7,
        threads=1,
        memory_limit="1GB",
    )
    return BuiltNight(home, stage(world, home / "staged"), inputs, ledger, settings)


def copy_night(night: BuiltNight, home: Path) -> BuiltNight:
    """The same night in another home, for a test that only breaks what is on disk."""
    shutil.copytree(night.home, home)
    return BuiltNight(
        home,
        replace(night.staged, folder=home / "staged"),
        replace(
            night.inputs,
            staged=home / "staged",
            seeds=home / "seeds",
            ledger=home / "ledger",
            bronze=home / "bronze",
            warehouse=home / "warehouse.duckdb",
        ),
        Ledger(home / "ledger"),
        replace(night.settings, home=home, seeds_dir=home / "seeds"),
    )


def stage(world: World, folder: Path) -> StagedExports:
    """Stage a world's exports in a folder."""
    return stage_exports(
        folder,
        decisions=pl.DataFrame(world.decisions, schema=DECISIONS),
        candidates=pl.DataFrame(world.candidates, schema=CANDIDATES),
        references=references(world),
        seeds=seed_frames(world),
        recorded_consents=recorded(world),
        earlier_exports=pl.DataFrame(world.exports, schema=EXPORTS),
        earlier_nights=EARLIER,
        run=ExportRun(NIGHT, "night-2017-12-26", POLICY, SCHEMA_VERSION, "USD"),
    )


def seed_frames(world: World) -> ExportSeeds:
    """The seeds an export needs, as the night reads them: every cell as text."""
    names = ("actions", "channels", "treatments", "consents")
    return ExportSeeds(*[pl.read_csv(io.StringIO(world.seeds[name]), infer_schema=False) for name in names])


def recorded(world: World) -> pl.DataFrame:
    """What the mart says that persons said last."""
    columns = ("person_id", "channel_code", "purpose_code", "consent_event_id")
    return pl.DataFrame(world.recorded, schema=dict.fromkeys(columns, pl.String), orient="row")


def references(world: World) -> pl.DataFrame:
    """Person p1 has household h1, and so on."""
    people = sorted(world.confidence)
    return pl.DataFrame(
        {"person_id": people, "household_id": [f"h{person[1:]}" for person in people]},
        schema={"person_id": pl.String, "household_id": pl.String},
    )


def _id(row: dict[str, Any]) -> str:
    return str(row["decision_id"])


def _ledger(world: World, root: Path) -> Ledger:
    ledger = Ledger(root)
    ledger.write_empty()
    for night in EARLIER:
        rows = [row for row in world.exports if row["as_of_date"] == night]
        ledger.write("exports", night, pl.DataFrame(rows, schema=EXPORTS))
        for stream in ("assignments", "loads", "person_ids"):
            ledger.write(stream, night, pl.DataFrame(schema=STREAMS[stream]))
        ledger.seal(night, ["exports", "assignments"])
    arms = [
        {
            "as_of_date": NIGHT,
            "experiment_id": "universal_holdout",
            "person_id": person,
            "arm": arm,
            "holdout_share": 0.1,
        }
        for person, arm in sorted(world.arms.items())
    ]
    for stream, tonight in (
        ("assignments", arms),
        ("decisions", world.decisions),
        ("candidates", world.candidates),
        ("loads", world.loads),
        ("person_ids", [issued(old, f"pos:h{today[1:]}") for old, today in world.former]),
    ):
        ledger.write(stream, NIGHT, pl.DataFrame(tonight, schema=STREAMS[stream]))
    return ledger


def issued(person: str, record: str) -> dict[str, Any]:
    """The ledger's row of an id that was issued for a record."""
    return {"as_of_date": NIGHT, "record_id": record, "person_id": person, "founding_record_id": record}


def _warehouse(world: World, path: Path) -> None:
    path.write_bytes(_warehouse_bytes(tuple(world.confidence.items()), tuple(world.mailings)))


@cache
def _warehouse_bytes(
    confidence: tuple[tuple[str, float | None], ...],
    mailings: tuple[tuple[str, str, date], ...],
) -> bytes:
    """Most worlds have the same warehouse: the file is made once and copied."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(_WAREHOUSE)
            for person, value in confidence:
                household = f"h{person[1:]}"
                connection.execute("insert into marts.customer_360 values (?, ?, ?, 's1')", [person, value, NIGHT])
                for record in (f"pos:{household}", f"loyalty:member:m{person[1:]}"):
                    connection.execute("insert into identity.person_members values (?, ?)", [record, person])
                connection.execute(
                    "insert into identity.identity_records values (?, 'pos', ?, null), (?, 'loyalty', ?, ?)",
                    [f"pos:{household}", household, f"loyalty:member:m{person[1:]}", "x", f"{person}@b.example"],
                )
            for mailing in mailings:
                connection.execute("insert into marts.fct_contacts values (?, ?, ?)", mailing)
        return path.read_bytes()


_WAREHOUSE = """
create schema marts;
create schema identity;
create table marts.customer_360
    (person_id varchar, identity_confidence double, as_of_date date, home_store_id varchar);
create table marts.fct_contacts (person_id varchar, channel_code varchar, contacted_date date);
create table marts.fct_message_events (message_event_id varchar, person_id varchar, channel_code varchar,
    campaign_id varchar, event_code varchar, event_at timestamp, event_date date);
create table marts.dim_products
    (product_id varchar, department_name varchar, category_name varchar, is_sensitive boolean);
insert into marts.dim_products values
    ('1', 'GROCERY', 'BREAD', false), ('2', 'GROCERY', 'LIQUOR', true), ('3', 'MEAT', 'BEEF', false),
    ('4', 'PRODUCE', 'APPLES', false), ('5', 'SPIRITS', 'GIN', true), ('6', 'COUPON', 'X', false);
create table identity.person_members (record_id varchar, person_id varchar);
create table identity.identity_records (record_id varchar, source_code varchar, customer_ref varchar, email varchar);
"""
