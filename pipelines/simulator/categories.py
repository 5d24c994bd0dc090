"""What the retailer sells: categories with their rhythm, price, margin and place in a department.

Shares of departments and prices follow the order of magnitude of a real grocer's receipts; docs/simulator.md compares.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Category:
    """One category of needs."""

    code: str
    department: str
    wanted_by: float  # share of people who ever want it
    interval_days: float  # typical days from one purchase to the next
    regularity: int  # shape of the gamma interval: 1 is Poisson, 4 is like clockwork
    lines: float  # mean receipt lines per purchase
    price: float  # typical unit price
    cost_rate: float  # cost of goods as a share of the list price
    return_rate: float
    season: float  # amplitude over the year
    season_peak: int  # day of the year
    is_sensitive: bool = False
    tax_rate: float = 0.0


CATEGORIES = (
    Category("pantry", "GROCERY", 0.99, 6, 1, 3.2, 2.2, 0.68, 0.004, 0.05, 330),
    Category("dairy", "GROCERY", 0.97, 5, 2, 2.3, 2.4, 0.74, 0.004, 0.0, 1),
    Category("frozen", "GROCERY", 0.90, 9, 2, 2.6, 3.1, 0.66, 0.004, 0.08, 200),
    Category("beverages", "GROCERY", 0.95, 7, 2, 2.2, 2.9, 0.64, 0.004, 0.12, 195),
    Category("snacks", "GROCERY", 0.95, 6, 1, 2.4, 2.3, 0.60, 0.004, 0.05, 350),
    Category("breakfast", "GROCERY", 0.88, 12, 3, 1.5, 2.9, 0.66, 0.004, 0.0, 1),
    Category("produce", "PRODUCE", 0.9, 8, 2, 2.2, 1.9, 0.60, 0.006, 0.10, 190),
    Category("meat", "MEAT", 0.8, 14, 2, 1.5, 5.6, 0.74, 0.004, 0.08, 185),
    Category("packaged_meat", "MEAT-PCKGD", 0.8, 15, 2, 1.5, 3.4, 0.68, 0.006, 0.05, 185),
    Category("deli", "DELI", 0.6, 20, 2, 1.4, 4.8, 0.58, 0.004, 0.05, 355),
    Category("bakery", "PASTRY", 0.55, 22, 1, 1.3, 3.3, 0.50, 0.006, 0.05, 355),
    Category("household", "DRUG GM", 0.85, 22, 3, 1.8, 4.3, 0.66, 0.012, 0.0, 1, tax_rate=0.07),
    Category("health", "DRUG GM", 0.5, 50, 4, 1.3, 6.9, 0.55, 0.010, 0.10, 20, is_sensitive=True),
    Category("baby", "DRUG GM", 0.12, 10, 4, 1.6, 7.5, 0.76, 0.015, 0.0, 1, is_sensitive=True),
    Category("pet", "DRUG GM", 0.38, 18, 4, 1.7, 3.8, 0.68, 0.006, 0.0, 1, tax_rate=0.07),
    Category("cosmetics", "COSMETICS", 0.25, 90, 1, 1.4, 5.8, 0.48, 0.030, 0.15, 345, tax_rate=0.07),
    Category(
        "wine_spirits", "SPIRITS", 0.15, 45, 1, 1.4, 10.5, 0.70, 0.004, 0.30, 355, is_sensitive=True, tax_rate=0.07
    ),
)
DEPARTMENTS = tuple(dict.fromkeys(category.department for category in CATEGORIES))
TIERS = 3  # price levels: low, middle, high
TIER_PRICE = np.array([0.75, 1.0, 1.45])


def column(name: str) -> np.ndarray:
    """One attribute of every category, float64."""
    return np.array([getattr(category, name) for category in CATEGORIES], dtype=np.float64)


def departments_of_categories() -> np.ndarray:
    """The department number of every category."""
    return np.array([DEPARTMENTS.index(category.department) for category in CATEGORIES])
