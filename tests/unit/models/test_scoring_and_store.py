import json

import numpy as np
import polars as pl
import pytest

from ml.errors import ContractError
from ml.models.estimator import matrix_of
from ml.models.scoring import SCORE_KEY, SCORES, score_model, score_rows
from ml.models.spec import CATEGORY_PURCHASE
from ml.models.store import load_model, save_model
from tests.builders.shopping import planted_release, planted_source


def population():
    return CATEGORY_PURCHASE.population(planted_source(), planted_release().targets)


def test_a_prediction_does_not_depend_on_its_neighbours():
    trained, rows = planted_release(), population()
    together = score_rows(trained, rows, planted_source(), threads=2)
    for i in (0, 1, 600, rows.height - 1):
        alone = score_rows(trained, rows[i], planted_source(), threads=2)
        key = alone.select(SCORE_KEY)
        assert together.join(key, on=SCORE_KEY)["score"].item() == alone["score"].item()


def test_scores_come_sorted_by_person_and_target_with_their_version():
    scores = score_model(planted_release(), planted_source(), threads=2)
    assert scores.schema == pl.Schema(SCORES)
    assert scores.equals(scores.sort(SCORE_KEY))
    assert scores.select(SCORE_KEY).is_unique().all()
    assert scores["model_version"].unique().to_list() == [planted_release().version]


def test_a_label_never_seen_in_training_is_other_whatever_it_says():
    frame = pl.DataFrame({"colour": ["blue", "green", "red", "rouge", None]})
    codes = matrix_of(frame, ["colour"], {"colour": ("blue", "green")})[:, 0]
    assert codes[:4].tolist() == [0, 1, 2, 2]
    assert np.isnan(codes[4])


def test_a_household_of_an_unknown_kind_is_scored_all_the_same():
    rows = population().with_columns(home_ownership=pl.lit("Houseboat"))
    assert score_rows(planted_release(), rows, planted_source(), threads=2)["score"].is_between(0, 1).all()


def test_a_saved_model_is_the_same_model(tmp_path):
    trained = planted_release()
    save_model(trained, tmp_path / "release")
    loaded = load_model(tmp_path / "release")
    assert loaded.version == trained.version
    assert loaded.booster == trained.booster
    assert loaded.baselines == trained.baselines
    assert loaded.metrics.equals(trained.metrics)
    assert score_rows(loaded, population(), planted_source(), threads=2).equals(
        score_rows(trained, population(), planted_source(), threads=2)
    )


def test_saving_twice_writes_the_same_bytes_in_open_formats(tmp_path):
    for name in ("one", "two"):
        save_model(planted_release(), tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        "baselines.json",
        "calibration.json",
        "card.json",
        "card.md",
        "features.json",
        "metrics.json",
        "model.ubj",
    ]
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_the_card_says_who_scores_why_and_when_not_to_trust_it(tmp_path):
    save_model(planted_release(), tmp_path)
    page = (tmp_path / "card.md").read_text()
    assert "beats both baselines" in page
    assert "Do not trust it blindly" in page
    assert "log_loss, model - last_period_frequency" in page


def test_a_release_changed_by_hand_is_refused(tmp_path):
    save_model(planted_release(), tmp_path)
    document = json.loads((tmp_path / "calibration.json").read_text())
    (tmp_path / "calibration.json").write_text(json.dumps({**document, "a": 9.0}))
    with pytest.raises(ContractError, match="changed after the release"):
        load_model(tmp_path)


def test_a_release_with_a_missing_file_is_refused(tmp_path):
    save_model(planted_release(), tmp_path)
    (tmp_path / "features.json").unlink()
    with pytest.raises(ContractError, match=r"features\.json"):
        load_model(tmp_path)
