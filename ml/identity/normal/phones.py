"""Which line does a telephone number mean?

`+` and digits (E.164) where the country is known: from the number itself, from the record's country, or from the
column's own international numbers if nearly all of them are of one country. Otherwise the digits as they are. Numbering
plans come from the phonenumbers library: what fits its country's plan after the trunk prefix is taken off is put
together here, all at once; the library itself sees only what does not fit.
"""

import phonenumbers
import polars as pl
from phonenumbers import PhoneMetadata

from ml.identity.normal.junk import NO_PHONE, without_junk
from ml.identity.normal.text import folded, repeats

LIBRARY_PHONES = 25_000  # phonenumbers needs about 50 microseconds to read a number, and reads its answer again
COLUMN_COUNTRY_SHARE = 0.8  # of the international numbers in a column
LONGEST_PHONE = 40  # characters; the longest number has 15 digits
FEWEST_DIGITS = 5
CALLING_CODES = {str(code): regions[0] for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}
CALLING_CODE = r"^\+(" + "|".join(sorted(CALLING_CODES)) + ")"
REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)


def normal_phones(texts: pl.Series, countries: pl.Series | None) -> tuple[pl.Series, list[str]]:
    """Numbers in one spelling per line.

    Takes     texts: numbers as anybody writes them; countries: ISO-2 codes of the same rows, null where unknown.
    Returns   String, `+` and digits or digits only, null for what has fewer than 5 digits or is a placeholder;
              sentences on the country taken and on what the library could not be asked.
    """
    if countries is None:
        countries = pl.Series([None] * len(texts), dtype=pl.String)
    places = countries.set(~countries.is_in(list(REGIONS)).fill_null(value=False), None)
    rows = pl.DataFrame({"raw": texts.cast(pl.String), "region": places})
    if not repeats(rows["raw"]):
        return _phones_of(rows)
    known = rows.drop_nulls("raw").unique()
    phones, notes = _phones_of(known)
    known = known.with_columns(phones.alias("phone"))
    return rows.join(known, on=list(rows.columns), how="left", maintain_order="left", nulls_equal=True)["phone"], notes


def _phones_of(rows: pl.DataFrame) -> tuple[pl.Series, list[str]]:
    """First the numbers whose country is known, then the others by what the first say of the column."""
    notes: list[str] = []
    dialled = _dialled(rows["raw"])
    phones = without_junk(_numbers(dialled, rows["region"], notes), NO_PHONE)  # no country makes a placeholder a number
    left = (rows["region"].is_null() & ~phones.str.starts_with("+")).fill_null(value=False)
    region = _column_region(phones) if left.any() else None
    if region is not None:
        notes.append(f"phone: numbers without country code read as {region}, like the others of the column.")
        homes = pl.Series([region], dtype=pl.String).new_from_index(0, int(left.sum()))
        phones = phones.scatter(left.arg_true(), _numbers(dialled.filter(left), homes, notes))
    return without_junk(phones, NO_PHONE), notes


def _dialled(raw: pl.Series) -> pl.Series:
    """Digits, with + if the text starts by the international prefix; extensions are cut; text with letters is null."""
    text = folded(raw).str.slice(0, LONGEST_PHONE).str.replace(r"(?:^tel[.:]* ?)", "")
    text = text.str.replace(r"[\s,;(]*(?:x|ext|extension|#)[.:]? ?\d{1,6}\)?$", "").str.replace(r"\(0\)", "")
    text = text.set(text.str.contains(r"\p{L}").fill_null(value=False), None)
    digits = text.str.replace_all(r"[^0-9]+", "")
    is_abroad = text.str.contains(r"^\W*\+") | digits.str.contains("^00[1-9]")  # signs between the zeros or not
    abroad = "+" + digits.str.replace(r"^0+", "")
    digits = abroad.zip_with(is_abroad.fill_null(value=False), digits)
    return digits.set((digits.str.len_chars() < FEWEST_DIGITS).fill_null(value=False), None)


def _numbers(dialled: pl.Series, homes: pl.Series, notes: list[str]) -> pl.Series:
    """Numbers of distinct rows: by plan, then by the library, then as they are."""
    code = dialled.str.extract(CALLING_CODE, 1)
    region = code.replace_strict(CALLING_CODES, default=None, return_dtype=pl.String)
    table = pl.DataFrame({"dialled": dialled, "home": homes, "code": code, "region": region}).with_columns(
        pl.coalesce("region", "home").alias("region"),
        pl.when(pl.col("code").is_not_null())
        .then(pl.col("dialled").str.slice(pl.col("code").str.len_chars() + 1))
        .otherwise(pl.col("dialled"))
        .alias("national"),
    )
    result = pl.Series([None] * len(dialled), dtype=pl.String)
    for region_code in table["region"].drop_nulls().unique().sort():
        places = (table["region"] == region_code).fill_null(value=False).arg_true()
        result = result.scatter(places, _by_plan(table["national"].gather(places), region_code))
    rest = table.filter(result.is_null() & pl.col("region").is_not_null() & pl.col("dialled").is_not_null())
    answers = _by_library(rest.select("dialled", "region", "code").unique(), notes)
    found = table.join(answers, on=["dialled", "region"], how="left", maintain_order="left")["phone"]
    result = result.zip_with(result.is_not_null(), found)
    return result.zip_with(result.is_not_null(), dialled)


def _by_plan(national: pl.Series, region: str) -> pl.Series:
    """International form of what fits the country's numbering plan, null for the rest.

    Source    libphonenumber, maybeStripNationalPrefix: the trunk prefix goes if what is left still fits the plan.
    """
    plan = PhoneMetadata.metadata_for_region(region)
    if plan is None or plan.national_prefix_transform_rule or plan.general_desc is None:
        return pl.Series([None] * len(national), dtype=pl.String)
    fits = f"^(?:{plan.general_desc.national_number_pattern})$"
    stripped = national
    if plan.national_prefix_for_parsing:
        stripped = national.str.replace(f"^(?:{plan.national_prefix_for_parsing})", "")
    short, whole = stripped.str.contains(fits), national.str.contains(fits)
    best = stripped.zip_with(short.fill_null(value=False), national.set(~whole.fill_null(value=False), None))
    return f"+{plan.country_code}" + best


def _by_library(asked: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """The library's reading of distinct numbers, as many as there is time for: dialled, region, phone."""
    if asked.height > LIBRARY_PHONES:
        notes.append(
            f"phone: {asked.height} distinct numbers fit no numbering plan, more than {LIBRARY_PHONES}: the others are "
            "kept as their digits."
        )
    asked = asked.sort("dialled", "region").head(LIBRARY_PHONES)
    answers = [_settled(dialled, None if code else region) for dialled, region, code in asked.rows()]
    return asked.select("dialled", "region", pl.Series("phone", answers, dtype=pl.String))


def _settled(dialled: str, region: str | None) -> str | None:
    """The library's reading, read again until it stays; null where there is none."""
    number: str | None = dialled
    for _ in range(4):
        before, number = number, _read(str(number), region)
        if number is None or number == before:
            return number
    return None


def _read(dialled: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _column_region(phones: pl.Series) -> str | None:
    """The country of at least COLUMN_COUNTRY_SHARE of the distinct international numbers."""
    codes = phones.filter(phones.str.starts_with("+")).unique().str.extract(CALLING_CODE, 1).drop_nulls()
    if not len(codes):
        return None
    counts = codes.value_counts(name="n").sort(["n", codes.name], descending=True)
    share = counts["n"][0] / len(codes)
    return CALLING_CODES[counts[codes.name][0]] if share >= COLUMN_COUNTRY_SHARE else None
