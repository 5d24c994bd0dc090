"""What a contact is expected to add: incremental contribution margin over the treatment's horizon."""

import math
from dataclasses import dataclass

import numpy as np

from ml.decisioning.departments import Floats


@dataclass(frozen=True, slots=True)
class Expected:
    """Per person (or person x department), currency and probabilities; NaN where an input is unknown."""

    uplift_probability: Floats
    discount_cost: Floats
    value: Floats


def uplift(probability: Floats, effect_log_odds: float) -> Floats:
    """By how much a stated effect on the log-odds raises a purchase probability.

    Sure buyers (near 1) and people who never buy (near 0) hardly move; the undecided move most.
    """
    odds_factor = math.exp(effect_log_odds)
    raised = probability * odds_factor / (1 - probability + probability * odds_factor)
    return raised - probability


def expected_value(
    probability: Floats,
    *,
    effect_log_odds: float,
    margin: Floats,
    sales: Floats,
    retained_margin: Floats,
    retailer_discount_rate: float,
    contact_cost: float,
    fatigue_cost: Floats,
) -> Expected:
    """Expected incremental contribution margin of one contact.

    Takes     probability: of a purchase without the contact, calibrated; margin, sales: of one purchase;
              retained_margin: what a won purchase saves of the margin expected later;
              retailer_discount_rate: share of the price that the retailer itself gives away.
    Returns   Expected: uplift x (margin + retained margin) - discount - contact cost - fatigue cost, where
              the discount is given to everybody who buys: those won, and those who would have bought anyway.
    Source    own definition, after Goldenberg et al. (2020), Free Lunch! Retrospective Uplift Modeling for
              Dynamic Promotions Recommendation: incremental gain less incremental cost.
    """
    return worth(
        probability,
        uplift(probability, effect_log_odds),
        margin=margin,
        sales=sales,
        retained_margin=retained_margin,
        retailer_discount_rate=retailer_discount_rate,
        contact_cost=contact_cost,
        fatigue_cost=fatigue_cost,
    )


def worth(
    probability: Floats,
    gained: Floats,
    *,
    margin: Floats,
    sales: Floats,
    retained_margin: Floats,
    retailer_discount_rate: Floats | float,
    contact_cost: Floats | float,
    fatigue_cost: Floats,
) -> Expected:
    """The same for an uplift in probability that is known from elsewhere; both together stay between 0 and 1."""
    gained = np.clip(gained, -probability, 1 - probability)
    discount = retailer_discount_rate * sales * (probability + gained)
    value = gained * (margin + retained_margin) - discount - contact_cost - fatigue_cost
    return Expected(gained, discount, value)


def margin_rate_after_discount(margin_rate: float, retailer_discount_rate: float) -> float:
    """Margin over what is paid once the discount is taken off: (m - d) / (1 - d)."""
    return float(np.float64((margin_rate - retailer_discount_rate) / (1 - retailer_discount_rate)))
