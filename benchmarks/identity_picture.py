"""The table of `identity_table` as a picture: F1 of resolve beside that of Splink.

python -m benchmarks.identity_picture TABLE.txt OUT.svg

TABLE.txt is what `identity_table` printed; several runs may stand in one file, the last line of a method counts.
"""

import sys
from pathlib import Path

METHODS = {
    "nightmarket": ("nightmarket resolve", "#1b6e53"),
    "apart 0.95": ("Splink, columns apart", "#c2c7cc"),
    "joined 0.95": ("Splink, places joined", "#8d99a6"),
}
ROW, LEFT, WIDE, TOP = 34, 130, 500, 44  # pixels


def read_scores(text: str) -> dict[str, dict[str, float]]:
    """F1 per data set and method, of the lines that belong to METHODS."""
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        name, method = line[:14].strip(), line[14:30].strip()
        if method in METHODS:
            found.setdefault(name, {})[method] = float(line[30:].split()[2])
    return found


def draw(scores: dict[str, dict[str, float]]) -> str:
    """The picture as SVG."""
    height = TOP + len(scores) * ROW + 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" font-family="sans-serif" font-size="13">'
    ]
    parts.append('<rect width="100%" height="100%" fill="#ffffff"/>')
    for place, (label, colour) in enumerate(METHODS.values()):
        x = LEFT + place * 185
        parts.append(f'<rect x="{x}" y="14" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 18}" y="25" fill="#222">{label}</text>')
    for row, (name, by_method) in enumerate(scores.items()):
        y = TOP + row * ROW
        parts.append(f'<text x="{LEFT - 10}" y="{y + 18}" text-anchor="end" fill="#222">{name}</text>')
        for place, (method, (_, colour)) in enumerate(METHODS.items()):
            wide = by_method.get(method, 0.0) * WIDE
            parts.append(f'<rect x="{LEFT}" y="{y + 9 * place}" width="{wide:.1f}" height="8" fill="{colour}"/>')
        best = by_method.get("nightmarket", 0.0)
        parts.append(f'<text x="{LEFT + WIDE + 8}" y="{y + 11}" fill="#1b6e53">{best:.3f}</text>')
    parts.append(
        f'<text x="{LEFT}" y="{height - 8}" fill="#555">F1 over pairs of records inside persons, 0 to 1</text></svg>'
    )
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    table, out = map(Path, sys.argv[1:3])
    out.write_text(draw(read_scores(table.read_text(encoding="utf-8"))), encoding="utf-8")
