"""How does a name sound, so that spellings of one sound fall together?"""

import polars as pl

from ml.identity.normal.text import mapped

BEGINNINGS = {"^MAC": "MCC", "^KN": "NN", "^K": "C", "^(?:PH|PF)": "FF", "^SCH": "SSS"}
ENDINGS = {"(?:EE|IE)$": "Y", "(?:DT|RT|RD|NT|ND)$": "D"}
INNER = (  # the published rules in their order, over the letters behind the first
    ("EV", "AF"),
    ("[AEIOU]", "A"),
    ("S(?:CH)+", "S"),
    ("KN", "N"),
    ("PH", "F"),
    ("Q", "G"),
    ("Z", "S"),
    ("M", "N"),
    ("K", "C"),
)
SILENT = (  # over the letters with one that stands for the first before them, left to right as if letter by letter:
    ("A[HW]*HA", "AhA"),  # between two vowels an H stays, whatever was dropped before it
    ("A[HW]*HA", "AhA"),  # again: two such may share a vowel
    ("A[HW]+", "A"),
    ("H", ""),
    ("h", "H"),
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def phonetic_keys(names: pl.Series) -> pl.Series:
    """NYSIIS codes without a limit of length.

    Takes     names: folded names; spaces and digits are left out.
    Returns   String of capitals. A name with letters outside a to z is its own key; null stays null.
    Source    R. L. Taft (1970), Name Search Techniques, New York State Identification and Intelligence System.
    """
    return mapped(names, _nysiis)


def _nysiis(names: pl.Series) -> pl.Series:
    letters = names.str.replace_all(r"[^\p{L}\p{M}]+", "").str.to_uppercase()
    is_latin = letters.str.contains("^[A-Z]+$").fill_null(value=False)
    word = letters.set(~is_latin, None)
    for pattern, sound in {**BEGINNINGS, **ENDINGS}.items():
        word = word.str.replace(pattern, sound)
    first, rest = word.str.slice(0, 1), word.str.slice(1)
    for pattern, sound in INNER:
        rest = rest.str.replace_all(pattern, sound)
    marked = first.str.replace("^[AEIOU]$", "A").str.replace("^[^A]$", "-") + rest  # a vowel or none before the rest
    for pattern, sound in SILENT:
        marked = marked.str.replace_all(pattern, sound)
    key = first + marked.str.slice(1)
    for letter in LETTERS:
        key = key.str.replace_all(f"{letter}{{2,}}", letter)
    key = key.str.replace("(.)S$", "$1").str.replace("(.)AY$", "${1}Y").str.replace("(.)A$", "$1")
    key = key.zip_with(is_latin, letters.str.to_lowercase())
    return key.set(key == "", None)
