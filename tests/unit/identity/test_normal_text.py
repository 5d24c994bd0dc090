"""Text of any alphabet, and the search for distinct values in long columns."""

import polars as pl
from polars.testing import assert_frame_equal, assert_series_equal

from ml.identity.normal.text import FEWEST_VALUES, by_distinct, cleaned, folded, lowered, repeats, words


def texts(*values):
    return pl.Series("x", values, dtype=pl.String)


def test_cleaning_keeps_letters_and_signs_and_tidies_what_cannot_be_seen():
    assert cleaned(texts(" Ünï\u00a0\t code\u200b ", "ＡＢＣ", "\x00", "a\x07b", "")).to_list() == [
        *("Ünï code", "ABC", None, "a b", None)
    ]


def test_folding_makes_latin_plain_and_keeps_other_scripts():
    assert folded(texts("Ünï", "ﬁ", "Straße", "İstanbul", "Αθήνα", "が", "한국", "हिन्दी")).to_list() == [
        *("uni", "fi", "strasse", "istanbul", "αθηνα", "が", "한국", "हिन्दी")
    ]


def test_small_letters_keep_their_accents():
    assert lowered(texts("ÜNÏ", "ABC")).to_list() == ["ünï", "abc"]


def test_words_part_at_signs_but_for_those_kept():
    assert words(texts("a-b, c's/d")).to_list() == ["a b cs d"]
    assert words(texts("a-b, c's/d"), kept=r"/\-").to_list() == ["a-b cs/d"]


def test_an_ascii_text_among_others_is_read_as_it_is_alone():
    column = texts("Ann  B", "É", None, " x\n", "`")
    for read in (cleaned, folded, lowered, words):
        alone = pl.concat([read(column[i : i + 1]) for i in range(len(column))])
        assert_series_equal(read(column), alone)


def test_long_columns_of_few_values_are_read_once_per_value_and_keep_their_order():
    column = pl.Series("x", [None if n % 11 == 0 else f"Ä{n * 7919 % 401}" for n in range(20_000)])
    asked = []

    def read(some):
        asked.append(len(some))
        return folded(some).alias("value").to_frame()

    found = by_distinct(column, read)
    assert asked == [401]
    assert_frame_equal(found, folded(column).alias("value").to_frame())


def test_short_columns_and_columns_of_many_values_are_read_as_they_are():
    assert not repeats(texts(*["a"] * (FEWEST_VALUES - 1)))
    assert not repeats(texts(*(str(n) for n in range(2 * FEWEST_VALUES))))
    assert repeats(texts(*["a"] * FEWEST_VALUES))
