"""How the records of each made-up world come about: columns, duplicates, mistakes and their rates."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Regime:
    """How the records of one world come about. Rates are per record, unless said otherwise."""

    roles: dict[str, str]  # column -> role of `nightmarket resolve`
    kinds: dict[str, str]  # column -> kind of mistakes
    counts: tuple[float, ...]  # chance of 1, 2, 3 ... records of a person
    mistakes: tuple[float, ...]  # chance of 0, 1, 2 ... mistakes in a record
    records: int = 20_000
    clean_first: bool = False  # the first record of a person has no mistake
    weights: dict[str, float] = field(default_factory=dict)  # column -> how often mistakes fall there
    sizes: str = "mixed"
    twins: float = 0.03
    juniors: float = 0.02
    moved: float = 0.0  # the record has a former home of the person
    married: float = 0.0  # a woman's record has the other family name
    nickname: float = 0.0
    confused: tuple[tuple[str, str], ...] = ()  # columns whose values are written into each other's place
    swapped: float = 0.0  # how often that happens, per pair of columns
    absent: dict[str, float] = field(default_factory=dict)  # column -> chance of no value
    families: int = 40_000
    postcodes: int = 2_500
    style: str = "digits"
    date: str = "%Y-%m-%d"
    black_hole: int = 0  # people who gave one and the same e-mail


FEBRL_ROLES = {
    "given_name": "given_name",
    "surname": "family_name",
    "street_number": "street_number",
    "address_1": "street",
    "address_2": "address_2",
    "suburb": "city",
    "postcode": "postcode",
    "state": "region",
    "date_of_birth": "birth_date",
}
FEBRL_KINDS = {
    "given_name": "given",
    "surname": "family",
    "street_number": "digits",
    "address_1": "text",
    "address_2": "text",
    "suburb": "text",
    "postcode": "digits",
    "state": "code",
    "date_of_birth": "date",
}
FEBRL_ABSENT = {"given_name": 0.02, "surname": 0.01, "street_number": 0.04, "address_1": 0.02, "address_2": 0.2}
FEBRL_ABSENT |= {"suburb": 0.01, "state": 0.01, "date_of_birth": 0.02}

LIGHT = Regime(
    roles=FEBRL_ROLES,
    kinds=FEBRL_KINDS,
    counts=(0.45, 0.22, 0.13, 0.09, 0.06, 0.05),
    mistakes=(0.1, 0.5, 0.25, 0.15),
    clean_first=True,
    confused=(("given_name", "surname"), ("address_1", "address_2")),
    nickname=0.01,
    swapped=0.01,
    absent=FEBRL_ABSENT,
    date="%Y%m%d",
    sizes="single",
)
HEAVY = replace(
    LIGHT,
    counts=(0.30, 0.12, 0.13, 0.13, 0.11, 0.09, 0.06, 0.03, 0.02, 0.01),
    mistakes=(0.0, 0.0, 0.0, 0.0, 0.20, 0.20, 0.18, 0.15, 0.12, 0.08, 0.07),
    swapped=0.04,
    moved=0.03,
    nickname=0.04,
)
NAMES_DATES = Regime(
    roles={"given_name": "given_name", "family_name": "family_name", "birth_date": "birth_date"},
    kinds={"given_name": "given", "family_name": "family", "birth_date": "date"},
    counts=(0.5, 0.25, 0.12, 0.07, 0.04, 0.02),
    mistakes=(0.15, 0.45, 0.30, 0.10),
    nickname=0.04,
    confused=(("given_name", "family_name"),),
    swapped=0.02,
    married=0.02,
    absent={"given_name": 0.01, "family_name": 0.01, "birth_date": 0.03},
)
HISTORICAL = Regime(
    roles={
        "full_name": "full_name",
        "dob": "birth_date",
        "birth_place": "birth_place",
        "postcode_fake": "postcode",
        "gender": "gender",
        "occupation": "occupation",
    },
    kinds={
        "full_name": "full",
        "dob": "date",
        "birth_place": "text",
        "postcode_fake": "digits",
        "gender": "code",
        "occupation": "code",
    },
    counts=(0.08, 0.08, 0.08, 0.08, 0.08, *(0.07,) * 5, *(0.03,) * 5, *(0.02,) * 5),  # eight on average
    sizes="few",
    mistakes=(0.25, 0.38, 0.25, 0.12),
    records=50_000,
    weights={"full_name": 2.0, "dob": 1.5, "gender": 0.3, "occupation": 0.5},
    moved=0.25,
    married=0.04,
    confused=(("birth_place", "occupation"),),
    swapped=0.005,
    nickname=0.08,
    absent={"dob": 0.12, "birth_place": 0.15, "postcode_fake": 0.15, "gender": 0.1, "occupation": 0.35},
    style="letters",
    postcodes=20_000,
)
RETAIL = Regime(
    roles={
        "first_name": "given_name",
        "last_name": "family_name",
        "email": "email",
        "phone": "phone",
        "street": "street",
        "city": "city",
        "postcode": "postcode",
        "loyalty_id": "loyalty_id",
        "source": "source",
    },
    kinds={
        "first_name": "given",
        "last_name": "family",
        "email": "email",
        "phone": "phone",
        "street": "text",
        "city": "text",
        "postcode": "digits",
    },
    counts=(0.40, 0.24, 0.14, 0.09, 0.05, 0.03, 0.02, 0.01, 0.01, 0.01),
    mistakes=(0.45, 0.30, 0.15, 0.07, 0.03),
    records=50_000,
    moved=0.12,
    married=0.02,
    nickname=0.08,
    confused=(("first_name", "last_name"), ("street", "city"), ("email", "phone")),
    swapped=0.01,
    absent={
        "first_name": 0.04,
        "email": 0.25,
        "phone": 0.35,
        "street": 0.3,
        "city": 0.2,
        "postcode": 0.2,
        "loyalty_id": 0.6,
    },
    postcodes=5_000,
    black_hole=1_000,
)
CENSUS = Regime(
    roles={
        "given_name": "given_name",
        "family_name": "family_name",
        "birth_year": "birth_year",
        "gender": "gender",
        "street_number": "street_number",
        "street": "street",
        "city": "city",
        "postcode": "postcode",
    },
    kinds={
        "given_name": "given",
        "family_name": "family",
        "birth_year": "digits",
        "gender": "code",
        "street_number": "digits",
        "street": "text",
        "city": "text",
        "postcode": "digits",
    },
    counts=(0.35, 0.45, 0.15, 0.05),
    mistakes=(0.35, 0.35, 0.2, 0.1),
    records=30_000,
    sizes="large",
    twins=0.06,
    juniors=0.06,
    confused=(("given_name", "family_name"),),
    swapped=0.01,
    moved=0.08,
    married=0.02,
    nickname=0.08,
    absent={"birth_year": 0.04, "street_number": 0.05, "gender": 0.02},
)
REGIMES = {
    "light": LIGHT,
    "heavy": HEAVY,
    "names_dates": NAMES_DATES,
    "historical": HISTORICAL,
    "retail": RETAIL,
    "census": CENSUS,
}
