import json
import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import callbacks, metrics, networks
from geans.metrics import feature_set, features, measurement

FLAT = features.FeatureNetwork("flat", lambda images: tf.reshape(images, (len(images), -1)))


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(-1, 1, (48, 4, 4, 1)).astype("float32")


@pytest.fixture
def model():
    return make_model()


def make_model():
    model = geans.GAN(
        networks.mlp.generator(3, (4, 4, 1), units=(8,), seed=1),
        networks.mlp.discriminator((4, 4, 1), units=(8,), seed=2),
        ema_half_life=100,
        seed=3,
        name="tiny",
    )
    model.compile(
        generator_optimizer=keras.optimizers.Adam(0.01),
        discriminator_optimizer=keras.optimizers.Adam(0.01),
    )
    return model


def fit(model, images, callback, epochs=5, **options):
    return model.fit(
        images, batch_size=16, epochs=epochs, callbacks=[callback], verbose=0, **options
    )


def evaluate(real=None, names=("frechet_distance", "prdc"), **options):
    return callbacks.Evaluate(
        real, names, **{"every": 2, "samples": 40, "features": FLAT, "verbose": 0, **options}
    )


@pytest.mark.slow
def test_the_history_has_the_numbers_of_the_epochs_that_were_evaluated(model, images):
    history = fit(model, images, evaluate()).history
    assert len(history["frechet_distance"]) == len(history["coverage"]) == 3  # 2, 4 and the last.
    assert len(history["generator_loss"]) == 5
    real = feature_set.extract([images], FLAT, measurement.Origin(name="x"), count=40)
    fake = FLAT(model.sample(40, seed=0))["features"]
    expected = metrics.frechet_distance(real.features, fake)
    assert history["frechet_distance"][-1] == pytest.approx(expected)


@pytest.mark.slow
def test_it_changes_no_weight(model, images, assert_same_state):
    other = make_model()
    fit(model, images, evaluate())
    fit(other, images, keras.callbacks.Callback())
    assert_same_state(model, other)


@pytest.mark.slow
def test_the_raw_generator_can_be_evaluated(model, images):
    found = fit(model, images, evaluate(ema=False)).history
    fake = FLAT(model.sample(40, seed=0, ema=False))["features"]
    real = FLAT(images[:40])["features"]
    assert found["frechet_distance"][-1] == pytest.approx(metrics.frechet_distance(real, fake))


@pytest.mark.slow
def test_every_number_is_printed_with_its_protocol(model, images, capsys):
    fit(model, images, evaluate(verbose=1, name="noise"), epochs=1)
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("frechet_distance ")
    assert "real 40 of noise | fake 40 of tiny (EMA generator, seed 0)" in line
    assert "WARNING: only 40 samples" in line


@pytest.mark.slow
def test_files_keep_every_number_and_the_best_model(model, images, tmp_path):
    callback = evaluate(directory=tmp_path / "new", keep_best="recall", every=1)
    history = fit(model, images, callback).history["recall"]
    rows = [json.loads(line) for line in (tmp_path / "new/evaluations.jsonl").open()]
    assert [row["epoch"] for row in rows if row["metric"] == "recall"] == [1, 2, 3, 4, 5]
    assert [row["value"] for row in rows if row["metric"] == "recall"] == history
    assert rows[0]["features"] == "flat"
    best = keras.saving.load_model(tmp_path / "new/best.keras")
    # Of equal values, the first is kept.
    assert int(best.steps.numpy()) == 3 * (1 + int(np.argmax(history)))


@pytest.mark.slow
def test_of_distances_the_smallest_is_best(model, images, tmp_path):
    callback = evaluate(directory=tmp_path, keep_best="frechet_distance", every=1)
    history = fit(model, images, callback).history["frechet_distance"]
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert int(best.steps.numpy()) == 3 * (1 + int(np.argmin(history)))


@pytest.mark.slow
def test_a_new_metric_is_one_record(model, images, tmp_path, monkeypatch):
    def contrast(real, fake):
        return {"contrast": float(fake.features.std())}, {}

    record = metrics.Metric(contrast, names=("contrast",), smaller_is_better=True)
    monkeypatch.setitem(metrics.METRICS, "contrast", record)
    callback = evaluate(names=["contrast"], directory=tmp_path, keep_best="contrast", every=1)
    history = fit(model, images, callback).history["contrast"]
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert int(best.steps.numpy()) == 3 * (1 + int(np.argmin(history)))


@pytest.mark.slow
def test_a_resumed_training_goes_on_in_the_same_files(images, tmp_path, assert_same_state):
    def train(folder, epochs):
        model = make_model()
        observers = [
            evaluate(directory=folder, keep_best="frechet_distance", every=1),
            callbacks.Checkpoint(folder),
        ]
        model.fit(images, batch_size=16, epochs=epochs, callbacks=observers, verbose=0)
        return model

    whole = train(tmp_path / "whole", 4)
    train(tmp_path / "parts", 2)
    assert_same_state(train(tmp_path / "parts", 4), whole)
    assert_same_state(
        keras.saving.load_model(tmp_path / "parts/best.keras"),
        keras.saving.load_model(tmp_path / "whole/best.keras"),
    )
    texts = [(tmp_path / name / "evaluations.jsonl").read_text() for name in ("whole", "parts")]
    assert texts[0] == texts[1]


@pytest.mark.slow
def test_the_training_dataset_itself_can_be_the_reference_of_a_resumed_run(
    images, tmp_path, assert_same_state
):
    def train(folder, epochs):
        model = make_model()
        dataset = geans.data.pipeline.batches(images, batch_size=16, seed=5)
        observers = [evaluate(directory=folder), callbacks.Checkpoint(folder)]
        model.fit(dataset, epochs=epochs, callbacks=observers, verbose=0)
        return model

    whole = train(tmp_path / "whole", 4)
    train(tmp_path / "parts", 2)
    assert_same_state(train(tmp_path / "parts", 4), whole)


@pytest.mark.slow
def test_features_that_were_drawn_before_are_used(model, images):
    real = feature_set.extract([images], FLAT, measurement.Origin(name="before"))
    callback = evaluate(real, features=None)
    fit(model, images, callback, epochs=1)
    assert callback._reference is real


def test_a_diverged_generator_is_worth_nothing(model, images, caplog):
    callback = evaluate()
    callback.set_model(model)
    model.training_data = images
    callback.set_params({"epochs": 2})
    callback.on_train_begin()
    for variable in (*model.generator.variables, *model.ema_generator.variables):
        variable.assign(np.full(variable.shape, np.nan))
    logs = {}
    with caplog.at_level(logging.WARNING):
        callback.on_epoch_end(1, logs)
    assert set(logs) == {"frechet_distance", "precision", "recall", "density", "coverage"}
    assert all(np.isnan(value) for value in logs.values())
    assert "diverged" in caplog.text


@pytest.mark.slow
def test_tensorboard_and_early_stopping_see_the_numbers(model, images, tmp_path):
    observers = [
        evaluate(every=1),
        keras.callbacks.EarlyStopping("recall", mode="min", patience=1, min_delta=10),
        keras.callbacks.TensorBoard(tmp_path),
    ]
    history = model.fit(images, batch_size=16, epochs=9, callbacks=observers, verbose=0)
    assert len(history.epoch) == 2
    (log,) = tmp_path.glob("train/events*")
    tags = {
        value.tag
        for record in tf.compat.v1.train.summary_iterator(str(log))
        for value in record.summary.value
    }
    assert {"epoch_frechet_distance", "epoch_recall"} <= tags


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["fid"]}, "frechet_distance, kernel_distance"),
        ({"every": 0}, "every must be a positive integer"),
        ({"samples": 1}, "2 or more"),
        ({"seed": "x"}, "seed must be an integer"),
        ({"keep_best": "fid", "directory": "x"}, "keep_best must be one of frechet_distance"),
        ({"keep_best": "recall"}, "needs a directory"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        evaluate(**options)


def test_features_that_do_not_fit_are_refused_before_the_first_step(model, images):
    with pytest.raises(ValueError, match="28, 28, 1"):
        fit(model, images, evaluate(features=FLAT_28))
    assert int(model.steps.numpy()) == 0


@pytest.mark.slow
def test_few_samples_are_a_warning(model, images, caplog):
    with caplog.at_level(logging.WARNING):
        fit(model, images, evaluate(), epochs=1)
    assert "Fréchet distances of this training are those of 40 images" in caplog.text


FLAT_28 = features.FeatureNetwork("digits", FLAT.function, image_shape=(28, 28, 1))


def test_damaged_files_are_refused_before_the_first_step(model, images, tmp_path):
    (tmp_path / "evaluations.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match="evaluations.jsonl is damaged"):
        fit(model, images, evaluate(directory=tmp_path))
    assert int(model.steps.numpy()) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 5}, "prdc needs at least 6"),
        ({"names": ["inception_score"]}, "flat, which has no logits"),
    ],
)
def test_metrics_that_cannot_be_computed_are_refused_before_training(
    model, images, options, message
):
    epochs = []
    counter = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epochs.append(1))
    with pytest.raises(ValueError, match=message):
        model.fit(images, batch_size=16, callbacks=[evaluate(**options), counter], verbose=0)
    assert not epochs
