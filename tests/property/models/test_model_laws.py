import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.models.baselines import fit_baselines
from ml.models.calibration import choose_calibration
from ml.models.metrics import amount_metrics, probability_metrics

judged = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.integers(0, 3)), min_size=4, max_size=40
)
cells = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.one_of(st.none(), st.integers(0, 9)), st.integers(0, 1)),
    min_size=1,
    max_size=40,
)


def rows(cells):
    schema = {"target": pl.String, "level": pl.Int64, "label": pl.Int64}
    return pl.DataFrame(cells, schema=schema, orient="row")


@given(judged=judged)
def test_drawing_a_household_n_times_equals_writing_its_rows_n_times(judged):
    label, score, weight = (np.array(column, dtype=float) for column in zip(*judged, strict=True))
    weight = weight.astype(int)
    weight[0] = 1
    for build in (probability_metrics, amount_metrics):
        drawn = build(label, score)(weight)
        written = build(np.repeat(label, weight), np.repeat(score, weight))(np.ones(weight.sum(), dtype=int))
        for name in set(drawn) - {"calibration_error"}:  # its bins are those of the rows as they are
            np.testing.assert_allclose(drawn[name], written[name], atol=1e-9, err_msg=name)


@given(cells=cells, seed=st.integers(0, 100))
def test_a_baseline_is_a_possible_probability_whatever_the_order_of_the_rows(cells, seed):
    frame = rows(cells)
    for one, other in zip(fitted(frame), fitted(frame.sample(fraction=1, shuffle=True, seed=seed)), strict=True):
        assert one == other
        answer = one.predict(frame)
        assert ((answer > 0) & (answer < 1)).all()


def fitted(frame):
    return fit_baselines(frame, last_period="level", kind="probability", label_scale=1)


@settings(max_examples=50, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=4, max_size=60),
)
def test_calibration_keeps_the_ranking_and_gives_possible_probabilities(pairs):
    raw, label = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    chosen, _ = choose_calibration(raw, label, [f"p{i}" for i in range(len(raw))], kind="probability")
    answer = chosen.apply(np.linspace(0, 1, 101))
    assert (np.diff(answer) >= 0).all()
    assert ((answer >= 0) & (answer <= 1)).all()
