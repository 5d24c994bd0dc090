"""Which columns are compared, how finely, and what sharing a value would mean: the person, the home or the area."""

from dataclasses import dataclass

import polars as pl

PERSONAL, HOME, AREA, IDENTIFIER, ATTRIBUTE = "personal", "home", "area", "identifier", "attribute"
MEANING = {
    "given_name": PERSONAL,
    "middle_names": PERSONAL,
    "birth_date": PERSONAL,
    "gender": PERSONAL,
    "family_name": HOME,
    "street": HOME,
    "street_number": HOME,
    "phone": HOME,
    "email": HOME,
    "city": AREA,
    "region": AREA,
    "postcode": AREA,
    "country": AREA,
    "loyalty_id": IDENTIFIER,
    "account_id": IDENTIFIER,
    "device_id": IDENTIFIER,
}
KINDS = {
    "given_name": "given",
    "family_name": "family",
    "birth_date": "date",
    "gender": "category",
    "email": "email",
    "phone": "code",
    "street_number": "code",
    "postcode": "code",
    "country": "category",
    "loyalty_id": "code",
    "account_id": "code",
    "device_id": "code",
}
HELPERS = ("given_root", "email_local", "email_domain", "source")  # serve other fields, or say nothing of the person
FEW_VALUES = 12  # an attribute with so few different values is a category: a typo turns it into no other one
DIGIT_SHARE = 0.8  # of an attribute's characters: above, it is a code and not a text


@dataclass(frozen=True, slots=True)
class Field:
    """One compared column: name; kind, how values are compared; meaning, what two records share that agree on it.

    levels: names of the comparison levels, from nothing alike (0) to equal (the last one).
    """

    name: str
    kind: str
    meaning: str

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels, least alike first."""
        return LEVELS[self.kind]

    @property
    def equal(self) -> int:
        """The number of the level of equal values."""
        return len(self.levels) - 1


LEVELS = {
    "given": ("different", "alike", "beginning", "swapped", "similar", "nickname", "equal"),
    "family": ("different", "alike", "beginning", "swapped", "similar", "equal"),
    "date": ("different", "year", "two_digits", "one_digit", "equal"),
    "code": ("different", "one_character", "equal"),
    "email": ("different", "similar", "mailbox", "equal"),
    "text": ("different", "alike", "similar", "equal"),
    "category": ("different", "equal"),
}


def choose_fields(records: pl.DataFrame) -> tuple[Field, ...]:
    """The fields of normalised records that can tell people apart.

    Takes     records: columns of `normal.records.FIELDS` and attribute_<name>, nullable text.
    Returns   Field per column with at least two different values, in the order of the columns.
    """
    fields = []
    for column in records.columns:
        if column in HELPERS or records[column].drop_nulls().n_unique() < 2:
            continue
        kind = KINDS.get(column) or _kind(records[column])
        if kind == "family" and "given_name" not in records.columns:
            kind = "text"
        if kind == "given" and not {"family_name", "given_root"} <= set(records.columns):
            kind = "text"
        fields.append(Field(column, kind, MEANING.get(column, ATTRIBUTE)))
    return tuple(fields)


def _kind(values: pl.Series) -> str:
    known = values.drop_nulls()
    if known.n_unique() <= FEW_VALUES:
        return "category"
    digits = int(known.str.count_matches(r"\d").sum())
    return "code" if digits >= DIGIT_SHARE * int(known.str.len_chars().sum()) else "text"
