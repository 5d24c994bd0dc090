"""A picture of two shops' distributions: the real one's cumulative shares beside the simulated one's."""

import math

import numpy as np

COLOURS = {"The Complete Journey": "#c1666b", "simulated": "#0b6e4f"}
SIDE, GAP, LEFT, TOP = 220, 40, 46, 54
LOGARITHMIC = {"lines per basket", "value of a basket", "days between purchases"}
CURVE = "customers' share of sales"
POINTS = 80


def draw(real: dict[str, np.ndarray], made: dict[str, np.ndarray]) -> str:
    """The whole picture, as SVG."""
    width = LEFT + len(real) * (SIDE + GAP)
    parts = []
    for number, name in enumerate(real):
        parts += panel(name, [real[name], made[name]], LEFT + number * (SIDE + GAP))
    for number, (who, colour) in enumerate(COLOURS.items()):
        x = LEFT + number * 190
        parts.append(f'<line x1="{x}" y1="{TOP + SIDE + 46}" x2="{x + 22}" y2="{TOP + SIDE + 46}" stroke="{colour}"')
        parts[-1] += f' stroke-width="2.5"/><text x="{x + 28}" y="{TOP + SIDE + 50}">{who}</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + SIDE + 64}" '
    font = 'font-family="sans-serif" font-size="12" fill="#222">'
    said = "Cumulative shares; of sales, what the best customers buy (right: their share of all customers)"
    ground = ['<rect width="100%" height="100%" fill="#fff"/>', f'<text x="{LEFT}" y="18">{said}</text>']
    return "\n".join([head + font, *ground, *parts, "</svg>"]) + "\n"


def panel(name: str, samples: list[np.ndarray], left: int) -> list[str]:
    """One measure: its values to the right, the share of cases at or below them upwards."""
    parts = [
        f'<text x="{left}" y="{TOP - 10}" font-weight="bold">{name}</text>',
        f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
    ]
    low, high = _range(name, samples)
    for tick in _ticks(name, low, high):
        x = left + _place(name, tick, low, high) * SIDE
        parts.append(f'<text x="{x:.0f}" y="{TOP + SIDE + 16}" text-anchor="middle">{tick:g}</text>')
    for colour, sample in zip(COLOURS.values(), samples, strict=True):
        points = " ".join(
            f"{left + x * SIDE:.1f},{TOP + (1 - y) * SIDE:.1f}" for x, y in _curve(name, sample, low, high)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return parts


def _range(name: str, samples: list[np.ndarray]) -> tuple[float, float]:
    if name == CURVE:
        return 0.0, 1.0
    if name in LOGARITHMIC:
        return 1.0, 10 ** math.ceil(math.log10(max(np.quantile(one, 0.99) for one in samples)))
    return 0.0, float(math.ceil(max(np.quantile(one, 0.999) for one in samples) * 2) / 2)


def _ticks(name: str, low: float, high: float) -> list[float]:
    if name in LOGARITHMIC:
        return [10.0**power for power in range(int(math.log10(high)) + 1)]
    return [low, (low + high) / 2, high]


def _place(name: str, value: float, low: float, high: float) -> float:
    if name in LOGARITHMIC:
        return math.log10(max(value, low)) / math.log10(high)
    return (value - low) / (high - low)


def _curve(name: str, sample: np.ndarray, low: float, high: float) -> list[tuple[float, float]]:
    steps = np.linspace(0, 1, POINTS)
    if name == CURVE:
        place = np.arange(1, len(sample) + 1) / len(sample)
        return [(float(step), float(np.interp(step, place, sample))) for step in steps]
    values = high**steps if name in LOGARITHMIC else low + steps * (high - low)
    share = np.searchsorted(np.sort(sample), values, side="right") / len(sample)
    return [(float(step), float(one)) for step, one in zip(steps, share, strict=True)]
