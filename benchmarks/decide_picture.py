"""The picture of docs/decide.md from the table that `benchmarks.decide_peers` prints.

python -m benchmarks.decide_peers FOLDER 1000x12 10000x12 | python benchmarks/decide_picture.py > decide_peers.svg
"""

import sys

LEFT, WIDE, LINE = 250, 420, 24
COLOURS = {"decide": "#20624a", "greedy P x V": "#b3702c", "HiGHS": "#5b7f95"}


def picture(lines: list[str]) -> str:
    """One bar per size and method: value as a share of the bound that no choice exceeds, with its seconds."""
    rows = []
    for cells in ([cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines):
        colour = next((colour for name, colour in COLOURS.items() if cells[1:2] and cells[1].startswith(name)), None)
        if colour and cells[3].endswith("%"):
            rows.append((cells[0], cells[1], 100 - float(cells[3].removesuffix(" %")), cells[4], colour))
    high = 60 + LINE * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {high}" font-family="sans-serif" font-size="13" '
        'role="img" aria-label="Value by method and size">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        '<text x="12" y="24" font-size="15">Value as a share of what no choice can exceed, and CPU seconds</text>',
    ]
    for position, (size, method, share, seconds, colour) in enumerate(rows):
        y = 44 + LINE * position
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{size}, {method.split(",")[0]}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{WIDE * share / 100:.1f}" height="{LINE - 8}" fill="{colour}"/>',
            f'<text x="{LEFT + WIDE + 10}" y="{y + 13}">{share:.5f} %, {seconds} s</text>',
        ]
    return "\n".join([*parts, "</svg>"])


if __name__ == "__main__":
    print(picture(sys.stdin.read().splitlines()))
