"""Small trials with a known uplift."""

import numpy as np
import polars as pl

from ml.effect.trial import Roles

ROLES = Roles("person", "arm", "none", "bought")


def trial_table(people=1_000, *, seed=0, effect=None, share=0.5, arms=("mail",), text=True):
    """People with four columns; `effect(columns)` is the uplift of the first arm, in chances; others get half of it."""
    rng = np.random.default_rng(seed)
    x = {"age": rng.normal(size=people), "recency": rng.exponential(size=people), "orders": rng.poisson(2, people)}
    city = np.array(["Köln", "Bonn", "Łódź"])[rng.integers(0, 3, people)]
    place = np.where(rng.random(people) < share, rng.integers(1, len(arms) + 1, people), 0)
    uplift = np.zeros(people) if effect is None else np.broadcast_to(effect(x), (people,))
    part = np.concatenate([[0.0, 1.0], np.full(max(len(arms) - 1, 0), 0.5)])[place]
    chance = np.clip(0.2 + 0.05 * (x["orders"] > 2) + part * uplift, 0.0, 1.0)
    bought = (rng.random(people) < chance).astype(int)
    frame = pl.DataFrame({"person": [f"P{number:06d}" for number in rng.permutation(people)], **x})
    if text:
        frame = frame.with_columns(city=pl.Series(city))
    labels = np.array(["none", *arms])
    return frame.with_columns(arm=pl.Series(labels[place]), bought=pl.Series(bought), truth=pl.Series(uplift))


def responsive(x):
    """Half of the people gain 40 points, the others nothing."""
    return np.where(x["age"] > 0.0, 0.4, 0.0)
