"""A picture of the table: expected against actual orders, customers in ten groups by what was expected.

python -m benchmarks.clv_picture TABLE.json docs/images/clv_table.svg      TABLE.json: clv_table.py --json
"""

import argparse
import json
import math
from pathlib import Path
from typing import Any

COLOURS = {"nightmarket clv": "#0b6e4f", "BG/NBD x Gamma-Gamma": "#c1666b", "XGBoost Tweedie": "#7d84b2"}
SIDE, GAP, LEFT, TOP = 300, 70, 60, 50


def panel(name: str, groups: dict[str, list[tuple[float, float]]], left: int) -> list[str]:
    """One data set: expected orders to the right, actual ones upwards, both as logarithms; the diagonal is right."""
    points = [number for pairs in groups.values() for pair in pairs for number in pair if number > 0]
    low, high = math.floor(math.log10(min(points))), math.ceil(math.log10(max(points)))

    def place(number: float) -> float:
        clipped = max(number, 10.0**low)
        return (math.log10(clipped) - low) / (high - low) * SIDE

    bottom = TOP + SIDE
    parts = [
        f'<text x="{left}" y="{TOP - 14}" font-weight="bold">{name}</text>',
        f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{left + SIDE}" y2="{TOP}" stroke="#999" stroke-dasharray="4 4"/>',
    ]
    for power in range(low, high + 1):
        at = place(10.0**power)
        parts.append(f'<text x="{left + at:.0f}" y="{bottom + 16}" text-anchor="middle">{10.0**power:g}</text>')
        parts.append(f'<text x="{left - 6}" y="{bottom - at + 4:.0f}" text-anchor="end">{10.0**power:g}</text>')
    for who, pairs in groups.items():
        for expected, actual in pairs:
            x, y = left + place(expected), bottom - place(actual)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{COLOURS[who]}" fill-opacity=".8"/>')
    return parts


def draw(table: dict[str, Any]) -> str:
    """The whole picture."""
    width = LEFT + len(table) * (SIDE + GAP)
    parts = []
    for place, (name, result) in enumerate(table.items()):
        parts += panel(name, result["tenths"], LEFT + place * (SIDE + GAP))
    for place, (who, colour) in enumerate(COLOURS.items()):
        y = TOP + SIDE + 48
        x = LEFT + place * 210
        parts.append(f'<circle cx="{x}" cy="{y - 4}" r="4.5" fill="{colour}"/><text x="{x + 10}" y="{y}">{who}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + SIDE + 60}" '
    font = 'font-family="sans-serif" font-size="12" fill="#222">'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    said = "Orders per customer, ten equal groups by expectation: expected (right), actual (up)"
    note = f'<text x="{LEFT}" y="18">{said}</text>'
    return "\n".join([head + font, ground, note, *parts, "</svg>"]) + "\n"


def main() -> None:
    """Read the figures, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    table = json.loads(options.table.read_text(encoding="utf-8"))
    options.picture.write_text(draw(table), encoding="utf-8")


if __name__ == "__main__":
    main()
