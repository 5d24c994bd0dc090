"""Which given names are forms of one name?"""

from functools import cache

import polars as pl
from nicknames import NickNamer

Table = dict[str, set[str]]
MANY_SHORT_FORMS = 6  # mary, john: full names, although the table has them as forms of rarer ones, too


def given_roots(names: pl.Series) -> pl.Series:
    """The full name a given name is a form of: bob, rob and robert are all robert.

    Takes     names: folded given names.
    Returns   String. A name that the table does not hold is its own root; null stays null; the root of a root is
              itself.
    Ignores   that a name may be short for several (pat). Of the longer names the one counts that shares most short
              forms with it, then the one with most short forms, then the one that begins most like it, then the first
              of the alphabet. So a root is a hint that two names may be one, no proof that they are or are not.
    Source    the `nicknames` package (usage in the United States); own choice among several.
    """
    return names.replace(_roots())


@cache
def _roots() -> dict[str, str]:
    """Root per name of the table, names that are their own left out."""
    table = NickNamer()
    shorts: Table = table.nickname_lookup
    fulls: Table = table.canonical_lookup
    roots = {name: _root(name, shorts, fulls) for name in sorted(shorts.keys() | fulls.keys())}
    return {name: root for name, root in roots.items() if name != root}


def _root(name: str, shorts: Table, fulls: Table) -> str:
    """Upwards along longer names, each with more short forms than the last, to one that is mostly a full name."""
    own = shorts.get(name, set())
    above = fulls.get(name, set())
    longer = sorted(other for other in above if len(shorts[other]) > len(own))
    if not longer or len(own) >= MANY_SHORT_FORMS or len(own) >= 2 * len(above):
        return name
    near = own | above | {name}
    best = max(
        longer,
        key=lambda other: (
            len(near & shorts[other]),
            len(shorts[other]),
            _same_beginning(name, other),
            [-ord(letter) for letter in other],
        ),
    )
    return _root(best, shorts, fulls)


def _same_beginning(one: str, other: str) -> int:
    return next((place for place, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1), len(one))
