"""What a contact is expected to add: incremental contribution margin over the treatment's horizon."""

import math
from dataclasses import dataclass

import numpy as np

from ml.decisioning.departments import Floats

MOST_CERTAIN = 0.999  # a chance above it tells no longer how often somebody buys


@dataclass(frozen=True, slots=True)
class Expected:
    """Per person (or person x department), currency and probabilities; NaN where an input is unknown."""

    uplift_probability: Floats
    discount_cost: Floats
    value: Floats


def lift_of(effect_log_odds: float) -> float:
    """The relative rise of a purchase rate that a stated effect on the log-odds means.

    Log-odds of a purchase within a short time are the logarithm of its rate, because there the chance is small; over
    any longer time the rate ratio is the same, while a chance near 1 has nowhere to go.
    """
    return math.exp(effect_log_odds) - 1


def expected_purchases(probability: Floats) -> Floats:
    """How often somebody buys who buys at all with this chance, if purchases come by themselves (Poisson)."""
    return np.asarray(-np.log1p(-np.minimum(probability, MOST_CERTAIN)))


def uplift(probability: Floats, lift: Floats | float) -> Floats:
    """By how much a relative rise of the rate raises the chance of at least one purchase.

    Sure buyers (near 1) and people who never buy (near 0) hardly move in this measure; sure buyers buy more often.
    """
    return np.asarray((1 - probability) - (1 - probability) ** (1 + np.maximum(lift, -1)))


def lift_for(probability: Floats, gained: Floats) -> Floats:
    """The relative rise of the rate that raises the chance of at least one purchase by so much; undoes `uplift`."""
    before = np.clip(probability, 1 - MOST_CERTAIN, MOST_CERTAIN)
    after = np.clip(before + gained, 0, MOST_CERTAIN)
    return np.asarray(np.log1p(-after) / np.log1p(-before) - 1)


def worth(
    probability: Floats,
    lift: Floats | float,
    *,
    margin: Floats,
    sales: Floats,
    retained_margin: Floats,
    retailer_discount_rate: Floats | float,
    contact_cost: Floats | float,
    fatigue_cost: Floats,
) -> Expected:
    """Expected incremental contribution margin of one contact.

    Takes     probability: of at least one purchase without the contact, calibrated; lift: relative rise of the rate;
              margin: expected over the horizon without the contact, of what the lift concerns; sales: of one purchase;
              retained_margin: what a won person saves of the margin expected later;
              retailer_discount_rate: share of the price that the retailer itself gives away.
    Returns   Expected: lift x margin + uplift x retained margin - discount - contact cost - fatigue cost, where the
              discount is given once to everybody who buys: those won, and those who would have bought anyway.
    Source    own definition, after Goldenberg et al. (2020), Free Lunch! Retrospective Uplift Modeling for
              Dynamic Promotions Recommendation: incremental gain less incremental cost.
    """
    lift = np.maximum(lift, -1.0)
    gained = uplift(probability, lift)
    discount = retailer_discount_rate * sales * (probability + gained)
    value = lift * margin + gained * retained_margin - discount - contact_cost - fatigue_cost
    return Expected(gained, discount, value)


def margin_rate_after_discount(margin_rate: float, retailer_discount_rate: float) -> float:
    """Margin over what is paid once the discount is taken off: (m - d) / (1 - d)."""
    return float(np.float64((margin_rate - retailer_discount_rate) / (1 - retailer_discount_rate)))
