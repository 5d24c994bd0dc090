"""The report's pictures: small functions that turn rows into inline SVG.

Positions across are per cents and heights are pixels, so a chart fills whatever width there is while its
letters keep their size: it can be read on a phone and in print without a second drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

PLOT = 220  # pixels from the top of a plot to its line at the bottom
ROW = 40  # pixels from one row to the next: a line of text and its bar
MARK_ROW = 46  # a line of text and two marks
BAR = 12
TRACK = 78.0  # per cent of the width that a full bar takes; the rest is for its figure
LONGEST_LABEL = 42  # letters that fit on a phone of 360 pixels


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart; `kind` is the CSS class that colours it."""

    label: str
    value: float
    text: str
    kind: str = "main"


@dataclass(frozen=True, slots=True)
class Mark:
    """A dot with its whisker; None where there is no number."""

    value: float | None
    low: float | None
    high: float | None
    kind: str  # main: filled circle; early: open circle, not final yet; other: open square


@dataclass(frozen=True, slots=True)
class MarkRow:
    """One row of a dot-and-whisker chart."""

    label: str
    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """One column of a histogram."""

    low: str
    high: str
    amount: int


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points; `kind` is main, other (what it is compared with) or zero (dashed, no data)."""

    points: tuple[tuple[float, float], ...]
    kind: str


def bar_chart(title: str, bars: Sequence[Bar], *, full: float | None = None) -> Markup:
    """Bars under their labels, longest = `full` (default: the largest value)."""
    top = max([full or 0.0, *(bar.value for bar in bars)])
    rows = [_bar(bar, 100.0 * bar.value / top if top > 0 else 0.0, i * ROW) for i, bar in enumerate(bars)]
    return _svg(title, len(bars) * ROW, rows)


def signed_bar_chart(title: str, bars: Sequence[Bar]) -> Markup:
    """Bars to the right of a common zero, or to its left."""
    low, high = min([0.0, *(bar.value for bar in bars)]), max([0.0, *(bar.value for bar in bars)])
    low, high = (low, high) if high > low else (0.0, 1.0)
    drawn = [_signed_bar(bar, i * ROW, low, high) for i, bar in enumerate(bars)]
    line = Markup('<line class="zero" x1="{x}%" x2="{x}%" y1="18" y2="{y}"/>')
    return _svg(title, len(bars) * ROW, [*drawn, line.format(x=_across(0.0, low, high), y=len(bars) * ROW - 4)])


def curve_chart(
    title: str, curves: Sequence[Curve], dots: Sequence[tuple[float, float]], *, across: Sequence[str], top: str
) -> Markup:
    """Lines and dots on one plane that just holds them; `across` labels the ends of its base, `top` its height."""
    points = [point for curve in curves for point in curve.points] + list(dots)
    (left, right), (low, high) = (_ends_of([point[axis] for point in points]) for axis in (0, 1))

    def at(point: tuple[float, float]) -> dict[str, str]:
        return {"x": _across(point[0], left, right), "y": _p(PLOT - (PLOT - 24) * (point[1] - low) / (high - low))}

    parts = [Markup('<line class="axis" x1="0" x2="100%" y1="{y}" y2="{y}"/>').format(y=PLOT)]
    for curve in curves:
        kind = curve.kind if curve.kind == "zero" else f"whisker {curve.kind}"
        shape = Markup('<line class="{k}" x1="{a[x]}%" y1="{a[y]}" x2="{b[x]}%" y2="{b[y]}"/>')
        pairs = zip(curve.points, curve.points[1:], strict=False)
        parts += [shape.format(k=kind, a=at(first), b=at(second)) for first, second in pairs]
    parts += [Markup('<circle class="main" cx="{x}%" cy="{y}" r="5"/>').format(**at(dot)) for dot in dots]
    return _svg(title, PLOT + 20, [*parts, _text("0", 14, top, "start", "tick"), *_ends(across, PLOT + 20)])


def dot_whisker_chart(title: str, rows: Sequence[MarkRow], *, zero: bool, axis: Sequence[str]) -> Markup:
    """Dots with intervals on one scale; `zero` puts 0 on it with a line; `axis` labels its two ends."""
    low, high = _scale(rows, zero=zero)
    step = MARK_ROW if any(len(row.marks) > 1 for row in rows) else ROW
    height = len(rows) * step + 24
    drawn = [_marks(row, i * step, low, high) for i, row in enumerate(rows)]
    if zero:
        x = _across(0.0, low, high)
        drawn.insert(0, Markup('<line class="zero" x1="{x}%" x2="{x}%" y1="18" y2="{y}"/>').format(x=x, y=height - 18))
        drawn.append(_text(x, height - 4, "0", "middle", "tick"))
    return _svg(title, height, [*drawn, *_ends(axis, height)])


def histogram(title: str, bins: Sequence[Bin]) -> Markup:
    """Columns that share the width; the count stands on each."""
    if not bins:
        return _svg(title, 0, [])
    tallest = max(max(bin_.amount for bin_ in bins), 1)
    width, base = 100.0 / len(bins), 150
    drawn = []
    for i, bin_ in enumerate(bins):
        high = 120.0 * bin_.amount / tallest
        part = {"x": _p(i * width + 0.06 * width), "w": _p(0.88 * width), "y": _p(base - high), "h": _p(high)}
        drawn.append(Markup('<rect class="main" x="{x}%" y="{y}" width="{w}%" height="{h}" rx="2"/>').format(**part))
        drawn.append(_text(_p(i * width + width / 2), _p(base - high - 6), f"{bin_.amount:,}", "middle"))
    drawn.append(Markup('<line class="axis" x1="0" x2="100%" y1="{y}" y2="{y}"/>').format(y=base))
    return _svg(title, base + 22, [*drawn, *_ends((bins[0].low, bins[-1].high), base + 22)])


def _bar(bar: Bar, width: float, y: int) -> Markup:
    rect = Markup('<rect class="{k}" x="0" y="{y}" width="{w}%" height="{h}" rx="3"/>')
    track = rect.format(k="track", y=y + 20, w=_p(TRACK), h=BAR)
    drawn = rect.format(k=bar.kind, y=y + 20, w=_p(width * TRACK / 100.0), h=BAR)
    return _label(bar.label, y) + _text(_p(TRACK + 2.0), y + 30, bar.text, "start", "figure") + track + drawn


def _signed_bar(bar: Bar, y: int, low: float, high: float) -> Markup:
    start, end = sorted((0.0, bar.value))
    width = _p(100.0 * (end - start) / (high - low))
    place = {"k": bar.kind, "x": _across(start, low, high), "y": y + 20, "w": width, "h": BAR}
    drawn = Markup('<rect class="{k}" x="{x}%" y="{y}" width="{w}%" height="{h}" rx="3"/>').format(**place)
    return _label(bar.label, y) + _text("100", y + 14, bar.text, "end", "figure") + drawn


def _ends_of(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    return (low, high) if high > low else (low, low + 1.0)


def _marks(row: MarkRow, y: int, low: float, high: float) -> Markup:
    drawn = _label(row.label, y) + _text("100", y + 14, row.text, "end", "figure")
    drawn += Markup('<line class="axis" x1="0" x2="100%" y1="{y}" y2="{y}"/>').format(y=y + 24)
    for mark in row.marks:
        if mark.low is not None and mark.high is not None:
            ends = {"a": _across(mark.low, low, high), "b": _across(mark.high, low, high), "k": mark.kind}
            line = Markup('<line class="whisker {k}" x1="{a}%" x2="{b}%" y1="{y}" y2="{y}"/>')
            drawn += line.format(y=_line_of(mark, y), **ends)
        if mark.value is not None:
            drawn += _dot(mark, _across(mark.value, low, high), y)
    return drawn


def _dot(mark: Mark, x: str, y: int) -> Markup:
    if mark.kind == "other":
        square = '<rect class="hollow" x="{x}%" y="{y}" width="8" height="8" transform="translate(-4 -4)"/>'
        return Markup(square).format(x=x, y=_line_of(mark, y))
    return Markup('<circle class="{k}" cx="{x}%" cy="{y}" r="5"/>').format(k=mark.kind, x=x, y=_line_of(mark, y))


def _line_of(mark: Mark, y: int) -> int:
    """Two marks of one row stand below each other, so that neither hides the other."""
    return y + (33 if mark.kind == "other" else 24)


def _scale(rows: Sequence[MarkRow], *, zero: bool) -> tuple[float, float]:
    ends = [end for row in rows for mark in row.marks for end in (mark.value, mark.low, mark.high) if end is not None]
    ends += [0.0] if zero else []
    if not ends:
        return 0.0, 1.0
    low, high = min(ends), max(ends)
    pad = (high - low) * 0.04 or abs(high) * 0.5 or 1.0
    return low - pad, high + pad


def scale_ends(rows: Sequence[MarkRow], *, zero: bool) -> tuple[float, float]:
    """The two ends of the scale that `dot_whisker_chart` will use, for the axis labels."""
    return _scale(rows, zero=zero)


def _across(value: float, low: float, high: float) -> str:
    return _p(100.0 * ((value - low) / (high - low)))


def _ends(axis: Sequence[str], height: int) -> list[Markup]:
    return [_text("0", height - 4, axis[0], "start", "tick"), _text("100", height - 4, axis[1], "end", "tick")]


def _label(content: str, y: int) -> Markup:
    cut = content if len(content) <= LONGEST_LABEL else f"{content[: LONGEST_LABEL - 1].rstrip()}…"
    return _text("0", y + 14, cut, "start")


def _text(x: str, y: float | str, content: str, anchor: str, kind: str = "label") -> Markup:
    shape = '<text class="{k}" x="{x}%" y="{y}" text-anchor="{a}">{t}</text>'
    return Markup(shape).format(k=kind, x=x, y=y, a=anchor, t=content)


def _svg(title: str, height: int, parts: Sequence[Markup]) -> Markup:
    head = Markup('<svg class="chart" role="img" width="100%" height="{h}" aria-label="{t}">').format(h=height, t=title)
    return head + Markup("").join(parts) + Markup("</svg>")


def _p(value: float) -> str:
    """Two digits are a tenth of a pixel on a wide screen, and keep the last bits of a float out of the file."""
    return f"{value:.2f}"
