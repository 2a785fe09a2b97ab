import keras
import pytest

import geans
from geans import experiment, report
from geans.experiment import loading


@pytest.mark.slow
def test_a_model_is_saved_whole_and_loaded_as_it_was(
    make_model, points, tmp_path, assert_same_state
):
    model = make_model(geans.GEAN, update_every=4)
    model.fit(points, batch_size=8, verbose=0)
    report.save_model(model, tmp_path / "model.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    assert_same_state(experiment.load(tmp_path), model)


def test_a_model_of_another_kind_is_refused(tmp_path):
    inputs = keras.Input((1,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="no adversarial model. Received: a Functional"):
        experiment.load(tmp_path)


def test_a_run_without_checkpoints_has_no_newest_model(tmp_path):
    assert loading.newest(tmp_path) == (None, None)
