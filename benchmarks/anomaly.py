"""Does the anomaly score find digits that a GAN has never seen?

    python benchmarks/anomaly.py --data_dir=DIR --run_dir=anomaly --seeds=0

For each digit of MNIST: trains the preset `anomaly_mnist` on the training images of the nine others
and an encoder beside it, scores all 10,000 test images, and appends the area under the receiver
operating characteristic (AUROC) of that digit against the nine to `anomaly.jsonl`; the last line
printed is the mean over digits. With --one_class the digit is the normal one, and the nine others
are anomalies. A row that is there already is not repeated.

Every row has the AUROC of four scores: `auroc`, of `metrics.anomaly_scores` with the generator
trained along (`models.fit_encoder(hold=0.5)`); `residuals`, its part from pixels alone; `frozen`,
with the generator as the GAN left it (f-AnoGAN); and `plain`, the same by squared errors that are
not divided by the image's own square, as in the paper. Takes some 3 minutes of one core per digit.
"""

import argparse
import dataclasses
import pathlib
import time

import keras
import numpy as np

from geans import data, experiment, metrics, models, networks, plotting, presets, report

OUTPUT = pathlib.Path(__file__).with_suffix(".jsonl")
ENCODER_STEPS = 2_000
HOLD = 0.5
SHOWN = 12


def preset_of(digit, seed, one_class):
    """The preset without the digit, or without all others."""
    left_out = [each for each in range(10) if (each == digit) != one_class]
    preset = presets.get("anomaly_mnist")
    return dataclasses.replace(preset, seed=seed, data_options={"without": left_out})


def key(row):
    return row["digit"], row["seed"], row["one_class"]


def trained(preset, path, data_dir):
    """The GAN of a preset, from its file if it is there."""
    dataset = experiment.make_data(preset, data_dir)
    if path and path.is_file():
        return keras.saving.load_model(path), dataset
    model = experiment.make_model(preset, dataset)
    model.fit(dataset, epochs=preset.epochs, verbose=2)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
    return model, dataset


def fitted(model, dataset, seed, hold):
    """An encoder and its generator, which is a copy."""
    body = networks.dcgan.discriminator(width=16, normalization="batch", seed=seed + 1)
    encoder = networks.encoder(body, model.latent_dim, seed=seed)
    generator = models.reconstruction.copy_of(model.averaged_generator)
    keras.utils.set_random_seed(seed)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, ENCODER_STEPS)
    models.fit_encoder(
        encoder,
        generator,
        model.discriminator,
        dataset.repeat().take(ENCODER_STEPS),
        hold=hold,
        optimizer=keras.optimizers.Adam(rate),
        verbose=2,
    )
    return encoder, generator


def measure(model, dataset, test, digit, seed, one_class):
    """AUROCs of a model, and the picture of `SHOWN` test images from normal to anomalous."""
    images, labels = test
    anomalous = (labels == digit) != one_class
    found = {}
    for name, hold in (("frozen", None), ("auroc", HOLD)):
        encoder, generator = fitted(model, dataset, seed, hold)
        anomalies = metrics.anomaly_scores(images, generator, model.discriminator, encoder=encoder)
        found[name] = area(anomalies.scores, anomalous)
        if hold is None:
            missed = np.mean((images - anomalies.reconstructions) ** 2, axis=(1, 2, 3))
            found["plain"] = area(missed, anomalous)
    found["residuals"] = area(anomalies.residuals, anomalous)
    return found, picture(images, anomalies, anomalous)


def area(scores, anomalous):
    return round(metrics.auroc(scores[~anomalous], scores[anomalous]), 4)


def picture(images, anomalies, anomalous):
    """Rows of image, reconstruction, difference: normal ones, then anomalies, each by its score."""
    chosen = [np.flatnonzero(kind)[: SHOWN // 2] for kind in (~anomalous, anomalous)]
    rows = np.concatenate([each[np.argsort(anomalies.scores[each])] for each in chosen])
    made = anomalies.reconstructions[rows]
    parts = np.stack([images[rows], made, np.abs(images[rows] - made) - 1], axis=1)
    labels = [
        f"{'anomaly' if anomalous[row] else 'normal'} {anomalies.scores[row]:.2f}" for row in rows
    ]
    return plotting.image_grid(
        parts.reshape(-1, *images.shape[1:]),
        columns=3,
        row_labels=labels,
        title="image, made, missed",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", default="0,1,2,3,4,5,6,7,8,9")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--one_class", action="store_true", help="the digit is the normal one")
    parser.add_argument("--data_dir", help="where tensorflow-datasets finds MNIST")
    parser.add_argument("--run_dir", type=pathlib.Path, help="keeps models and pictures here")
    parser.add_argument(
        "--output", type=pathlib.Path, default=OUTPUT, help="file of rows to add to"
    )
    arguments = parser.parse_args()
    rows = {key(row): row for row in report.read_rows(arguments.output)}
    options = {"split": "test", "labels": True, "shuffle": False, "batch_size": 10_000}
    (test,) = data.images.from_tfds(
        "mnist", data_dir=arguments.data_dir, **options
    ).as_numpy_iterator()
    asked = [
        {"digit": int(digit), "seed": int(seed), "one_class": arguments.one_class}
        for seed in arguments.seeds.split(",")
        for digit in arguments.digits.split(",")
    ]
    for run in asked:
        if key(run) in rows:
            continue
        start = time.perf_counter()
        name = f"{'one' if run['one_class'] else 'without'}_{run['digit']}_{run['seed']}"
        path = arguments.run_dir and arguments.run_dir / f"{name}.keras"
        model, dataset = trained(preset_of(**run), path, arguments.data_dir)
        found, figure = measure(model, dataset, test, **run)
        row = run | found | {"seconds": round(time.perf_counter() - start)}
        if path:
            plotting.save(figure, path.with_suffix(".png"))
        print(row, flush=True)
        report.append_row(row, arguments.output)
        rows[key(run)] = row
    for score in ("auroc", "residuals", "frozen", "plain"):
        print(f"{score}: {np.mean([rows[key(run)][score] for run in asked]):.4f}")


if __name__ == "__main__":
    main()
