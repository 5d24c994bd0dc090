"""The closed loop: a home's world is taken up where its files end, reads what a night released, and lives on.

A world is a function of its scenario and of the treatments it was given, so it is brought back by living through the
same days again; nothing else is kept.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from ml.errors import ContractError
from pipelines.files import write_parquet
from pipelines.night import ledger_of, warehouse_of
from pipelines.settings import Settings
from pipelines.simulator.categories import DEPARTMENTS
from pipelines.simulator.contacts import TREATMENTS
from pipelines.simulator.effects import effects_of
from pipelines.simulator.facts import DayFacts
from pipelines.simulator.scenario import CHANNELS, Scenario
from pipelines.simulator.simulate import LIVED, SCENARIO, VALUES, Recorder
from pipelines.simulator.systems import Systems
from pipelines.simulator.world import World

FRESH_DAYS = 7  # what people are worth hardly changes in a week, and is the dearest truth
REFERENCES = """
select members.person_id, arg_min(records.customer_ref, lpad(length(records.customer_ref)::varchar, 4, '0')
    || records.customer_ref) as reference
from identity.person_members as members
inner join identity.identity_records as records on members.record_id = records.record_id
where records.source_code in ('till', 'loyalty', 'shopify', 'crm')
group by members.person_id
order by members.person_id
"""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one night's audiences."""

    day: date
    row_count: int  # in the files
    unknown_count: int  # rows whose customer number is nobody's: a typing error in a guest's address
    repeated_count: int  # rows of a person who stands in the files already
    sent_count: int  # after the senders' own look at consent


def require_simulated(home: Path) -> Path:
    """The scenario that a home's world is made of.

    Raises    ContractError if the home was not simulated.
    """
    path = home / "truth" / SCENARIO
    if not path.exists():
        raise ContractError(f"{path}: expected it, found none. Make it first: nightmarket simulate --home {home}")
    return path


def take_up(home: Path, progress: Callable[[int, int], None]) -> Recorder:
    """The world of a home on the morning after its last day, and the recorder that goes on writing.

    Takes     progress: called with (days done, days in all).
    Raises    ContractError if the home was not simulated.
    """
    world = World(Scenario.model_validate_json(require_simulated(home).read_text(encoding="utf-8")))
    recorder = Recorder(world, home)
    lived = sorted((home / "truth" / LIVED).glob("*.parquet"))
    for done, day in enumerate(lived, start=1):
        recorder.relive(world.step(date.fromisoformat(day.stem), pl.read_parquet(day).select(list(TREATMENTS))))
        progress(done, len(lived))
    return recorder


def answered_nights(settings: Settings) -> list[date]:
    """Nights of the home that were released and whose day was lived to the end, oldest first."""
    lived = {path.stem for path in (settings.folder("truth") / LIVED).glob("*.parquet")}
    return [night for night in ledger_of(settings).nights() if night.isoformat() in lived]


def write_truth_of_night(recorder: Recorder, settings: Settings, references: pl.DataFrame) -> None:
    """Once the night of the world's next day has decided, before that day: what its candidates would change in whom.

    Takes     references: of the persons of that night, see `customer_references`.
    Writes    truth/known_as/DAY: person_id, person: whom the night's files reach under that id;
              truth/candidates/DAY: see `effects_of`.
    """
    world, day = recorder.world, recorder.world.next_day
    candidates = ledger_of(settings).partition("candidates", day)
    named = known_as(references, recorder.systems)
    whose = named.sort("person", "person_id").unique("person", keep="first", maintain_order=True)
    effects = effects_of(world, as_treatments(candidates.join(whose, on="person_id")))
    truth = settings.folder("truth")
    write_parquet(truth / "known_as" / f"{day}.parquet", named.sort("person_id"))
    write_parquet(truth / "candidates" / f"{day}.parquet", effects)


def write_truth_of_people(recorder: Recorder) -> None:
    """What everybody is worth from the world's next day on, unless a night of the week before has this truth."""
    day = recorder.world.next_day
    told = [date.fromisoformat(path.stem) for path in (recorder.home / "truth" / VALUES).glob("*.parquet")]
    if not any(timedelta(0) <= day - one < timedelta(days=FRESH_DAYS) for one in told):
        recorder.write_values()


def customer_references(settings: Settings) -> pl.DataFrame:
    """person_id and reference: the customer number by which the files of the home's last night name each person."""
    return warehouse_of(settings).read(REFERENCES)


def known_as(references: pl.DataFrame, systems: Systems) -> pl.DataFrame:
    """person_id and person: whom files that name persons by these numbers reach under each id."""
    return references.join(_owners(systems), on="reference").drop("reference")


def live_on(recorder: Recorder, settings: Settings) -> Answered:
    """Live through the next day: people get what the night of that day released, if one was released."""
    return lived_on(recorder, settings)[0]


def lived_on(recorder: Recorder, settings: Settings) -> tuple[Answered, DayFacts]:
    """The same for who also wants the facts of that day."""
    day = recorder.world.next_day
    rows = _released(settings.folder("exports") / f"as_of_date={day}")
    known = rows.join(_owners(recorder.systems), on="reference")
    given = as_treatments(known).sort("person", "treatment_id").unique("person", keep="first", maintain_order=True)
    facts = recorder.world.step(day, given)
    recorder.record(facts)
    recorder.wait()
    sent = int(facts.contacts["is_sent"].sum())
    return Answered(day, rows.height, rows.height - known.height, known.height - given.height, sent), facts


def _released(folder: Path) -> pl.DataFrame:
    """Rows of all released audiences: reference, treatment_id, channel_code, discount_rate, department_name."""
    names = {
        "household_id": "reference",
        **{name: name for name in ("treatment_id", "discount_rate", "department_name")},
    }
    schema = {name: pl.String for name in (*names.values(), "channel_code")}
    frames = [pl.DataFrame(schema=schema)]
    for path in sorted(folder.glob("*/audience.csv")):
        rows = pl.read_csv(path, infer_schema=False).select(list(names)).rename(names)
        frames.append(rows.with_columns(channel_code=pl.lit(path.parent.name)).select(list(schema)))
    return pl.concat(frames)


def as_treatments(rows: pl.DataFrame) -> pl.DataFrame:
    """What the world calls a treatment; a channel that the world does not have reaches nobody.

    Takes     rows: person, treatment_id, channel_code, discount_rate, department_name.
    """
    department = pl.col("department_name")
    return rows.filter(pl.col("channel_code").is_in(CHANNELS)).select(
        "person",
        "treatment_id",
        channel="channel_code",
        offer_depth=pl.col("discount_rate").cast(pl.Float64),
        category=pl.when(department.is_in(DEPARTMENTS)).then(department),
    )


def _owners(systems: Systems) -> pl.DataFrame:
    """Whom a customer number belongs to: of accounts, members and contacts, and of guests by their own address."""
    records = systems.records.records.select("person", reference="record_key")
    addresses = systems.identities.select("person", "email")
    hashed = [hashlib.sha256(f"email:{email}".encode()).hexdigest() for email in addresses["email"]]
    guests = addresses.select("person", reference=pl.Series(hashed, dtype=pl.String))
    return (
        pl.concat([records, guests]).sort("reference", "person").unique("reference", keep="first", maintain_order=True)
    )
