"""How a test breaks one thing of a night: in the world before it is staged, or behind everybody's back after."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from tests.builders.exports import BuiltNight, World

EMAIL, MAIL, EMAIL_REMOVALS = "email/audience.csv", "direct_mail/audience.csv", "email/removals.csv"


@dataclass(frozen=True)
class Break:
    """One thing that goes wrong: in the world before staging, or behind everybody's back after it."""

    story: str
    check: str
    before: Callable[[World], None] | None = None
    after: Callable[[BuiltNight], None] = lambda night: None
    also: frozenset[str] = frozenset()  # what it cannot help breaking as well; all else must stay clean


def seed(name: str, old: str, new: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        assert old in world.seeds[name]
        world.seeds[name] = world.seeds[name].replace(old, new)

    return change


def choose(person: str, treatment: str, department: str | None = None, **changes: object) -> Callable[[World], None]:
    return lambda world: world.choose(person, treatment, department, **changes)


def file(path: str, old: str, new: str) -> Callable[[BuiltNight], None]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return lambda night: night.edit(path, change)


def add_line(path: str, line: str) -> Callable[[BuiltNight], None]:
    return lambda night: night.edit(path, lambda text: text + line + "\n")


def drop_row(path: str, key: str) -> Callable[[BuiltNight], None]:
    keep = lambda text: "".join(row for row in text.splitlines(keepends=True) if key not in row)  # noqa: E731
    return lambda night: night.edit(path, keep)


def tonight(stream: str, **changes: object) -> Callable[[BuiltNight], None]:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        here = pl.col("person_id") == changes["person_id"]
        return frame.with_columns(
            pl.when(here).then(pl.lit(value, dtype=frame.schema[name])).otherwise(name).alias(name)
            for name, value in changes.items()
        )

    return lambda night: night.rewrite(stream, change)


def set_attribute(name: str, **values: object) -> Callable[[World], None]:
    return lambda world: getattr(world, name).update(values)


def more(name: str, item: object) -> Callable[[World], None]:
    return lambda world: getattr(world, name).append(item)
