"""What a world is like: small YAML files, validated; a file says only what differs from the one it is based on."""

from datetime import date
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ml.errors import ContractError

Rate = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Channel = Literal["email", "app_push", "sms", "direct_mail", "till_coupon"]
CHANNELS: tuple[Channel, ...] = ("email", "app_push", "sms", "direct_mail", "till_coupon")
CLASSES = ("sure_buyer", "persuadable", "lost_cause", "sleeping_dog")
FOLDER = files("pipelines.simulator").joinpath("scenarios")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChannelEffect(_Part):
    """One channel: what a contact does, and what people do with it."""

    lift: float = Field(ge=0)  # extra trips on the first day, of a persuadable person, without an offer
    fatigue: Rate  # how much of a person's later responsiveness one contact takes away
    bounce: Rate
    opened: Rate
    clicked: Rate
    unsubscribed: Rate
    complained: Rate


class Effects(_Part):
    """The size of every causal effect; docs/simulator.md says where each figure comes from."""

    is_on: bool
    response_days: int = Field(ge=1, le=28)
    offer_lift: float = Field(ge=0)  # extra trips per unit of offer depth, at discount sensitivity 1
    category_lift: float = Field(ge=0)  # extra need for the category that a contact names
    sleeping_dog_lift: float = Field(le=0)  # of the channel's lift, with the sign turned
    redemption: Rate  # chance that a buyer with discount sensitivity 1 uses a coupon that applies
    fatigue_half_life_days: Positive
    fatigue_dropout: float = Field(ge=0)  # times the drop-out chance at full fatigue
    channels: dict[Channel, ChannelEffect]

    @model_validator(mode="after")
    def _every_channel(self) -> "Effects":
        missing = [name for name in CHANNELS if name not in self.channels]
        if missing:
            raise ValueError(f"channels: expected all of {list(CHANNELS)}, missing {missing}")
        return self


class Behaviour(_Part):
    """How people shop when nobody contacts them."""

    are_all_alike: bool  # one and the same person in everything that decides what is bought
    median_trips_per_day: Rate
    trips_spread: float = Field(ge=0)  # standard deviation of the logarithm
    big_shop_share: Rate
    web_people_share: Rate
    dropout_per_day: Rate
    joined_later_share: Rate
    classes: dict[Literal["sure_buyer", "persuadable", "lost_cause", "sleeping_dog"], Rate]
    moves_per_year: Rate
    new_names_per_year: Rate
    new_phones_per_year: Rate


class Consent(_Part):
    """Who may be contacted, and who changes his mind."""

    granted: dict[Channel, Rate]
    withdrawn_per_year: Rate
    wave_day: int | None  # on this day of the world a scandal makes people withdraw
    wave_share: Rate


class Stock(_Part):
    """Shelves without goods."""

    out_share: Rate  # share of (place, item, three days) without goods
    crisis_days: tuple[int, int] | None  # days of the world, first and last
    crisis_out_share: Rate
    crisis_departments: tuple[str, ...]


class Campaign(_Part):
    """What the retailer does by habit, before anybody decides better: a random share gets it."""

    campaign: str
    weekday: int = Field(ge=0, le=6)  # Monday is 0
    every_weeks: int = Field(ge=1)
    channel: Channel
    offer_depth: Rate
    share: Rate
    department: str | None


class Dirt(_Part):
    """How often each kind of dirt is planted; 0 switches it off. docs/simulator.md says of what each is a share."""

    typo: Rate
    nickname: Rate
    swapped_name: Rate
    shared_email: Rate
    shared_phone: Rate
    noreply_email: Rate
    assistant_card: Rate
    recycled_phone: Rate
    junk_value: Rate
    second_account: Rate
    stale_address: Rate
    shared_device: Rate
    late_file: Rate
    resent_file: Rate
    duplicated_rows: Rate
    bad_row: Rate
    out_of_order_correction: Rate
    schema_drift: Rate
    bad_encoding: Rate
    clock_without_zone: Rate
    currency_noise: Rate
    test_order: Rate
    duplicate_purchase_event: Rate
    consent_denied_hit: Rate


class Scenario(_Part):
    """A whole world, before chance."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    seed: int = Field(ge=0, lt=2**62)
    first_day: date
    days: int = Field(ge=1, le=3_650)
    people: int = Field(ge=1, le=500_000)
    stores: int = Field(ge=1, le=500)
    products_per_category: int = Field(ge=3, multiple_of=3)
    value_horizon_days: int = Field(ge=1, le=365)
    time_zone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    behaviour: Behaviour
    effects: Effects
    consent: Consent
    stock: Stock
    campaigns: tuple[Campaign, ...]
    dirt: Dirt

    @cached_property
    def first_day_number(self) -> int:
        """The first day of history as days since 1970-01-01."""
        return (self.first_day - date(1970, 1, 1)).days


def load_scenario(name_or_path: str | Path, **changes: Any) -> Scenario:
    """A scenario by name or from a file.

    Takes     changes: keys of the scenario that replace the file's (None changes nothing).
    Raises    ContractError, naming file and key, if there is none, or if it breaks the schema.
    """
    content = _merged(_read(name_or_path), {key: value for key, value in changes.items() if value is not None})
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ContractError(f"scenario {name_or_path}: {problems}. Correct the keys named here.") from error


def scenario_names() -> list[str]:
    """The scenarios that come with the project."""
    return sorted(entry.name.removesuffix(".yml") for entry in FOLDER.iterdir() if entry.name.endswith(".yml"))


def _read(name_or_path: str | Path, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The file's keys over those of the file that it is based on."""
    text, label = _text_of(name_or_path)
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ContractError(f"scenario {label}: is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ContractError(f"scenario {label}: expected keys and values, got {type(content).__name__}.")
    base = content.pop("based_on", None)
    if base is None:
        return content
    if base in seen:
        raise ContractError(f"scenario {label}: based_on goes in a circle: {' -> '.join((*seen, base))}.")
    return _merged(_read(base, (*seen, base)), content)


def _text_of(name_or_path: str | Path) -> tuple[str, str]:
    name = str(name_or_path)
    if name in scenario_names():
        return FOLDER.joinpath(f"{name}.yml").read_text(encoding="utf-8"), name
    try:
        return Path(name).read_text(encoding="utf-8"), name
    except UnicodeDecodeError as error:
        raise ContractError(f"scenario {name}: expected text in UTF-8, got other bytes. Save it as UTF-8.") from error
    except OSError as error:
        known = ", ".join(scenario_names())
        raise ContractError(f"scenario {name}: no such file, and not one of {known}. Name one of these.") from error


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key, everything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merged(result[key], value) if both else value
    return result
