"""Does the anomaly score find digits that a GAN has never seen?

    python benchmarks/anomaly.py --data_dir=DIR --run_dir=anomaly --seeds=0

For each digit of MNIST: trains the preset `anomaly_mnist` on the training images of the nine others
and an encoder beside it, scores all 10,000 test images, and appends the area under the receiver
operating characteristic (AUROC) of that digit against the nine to `anomaly.jsonl`; the last lines
printed are the means over digits. With --one_class the digit is the normal one, and the nine others
are anomalies. A row that is there already is not repeated.

Every row has the AUROC of five scores: `auroc`, of `metrics.anomaly_scores` as it is; `residuals`,
its part from pixels alone; `encoder`, the same score of an encoder's reconstructions (f-AnoGAN);
`plain`, squared errors of these that are not divided by the image's own square, as in the paper;
and, of no GAN at all, `nearest_image`, the pixel distance to the nearest training image, divided by
the image's own square. Takes some 6 minutes of one core per digit.

The settings of `auroc` were chosen by training images of the digits 1, 9, 4 and 0, which the GANs
without these had not seen either: how many candidates are accepted, and how many are neighbours.
"""

import argparse
import dataclasses
import pathlib
import time

import anomaly_encoder
import keras
import numpy as np

from geans import data, experiment, metrics, networks, plotting, presets, report

OUTPUT = pathlib.Path(__file__).with_suffix(".jsonl")
SCORES = ("auroc", "residuals", "encoder", "plain", "nearest_image")
ENCODER_STEPS = 2_000
SHOWN = 12


def preset_of(digit, seed, one_class):
    """The preset without the digit, or without all others."""
    left_out = [each for each in range(10) if (each == digit) != one_class]
    preset = presets.get("anomaly_mnist")
    return dataclasses.replace(preset, seed=seed, data_options={"without": left_out})


def key(row):
    return row["digit"], row["seed"], row["one_class"]


def trained(preset, path, data_dir):
    """The GAN of a preset, from its file if it is there, and its dataset."""
    dataset = experiment.make_data(preset, data_dir)
    if path and path.is_file():
        return keras.saving.load_model(path), dataset
    model = experiment.make_model(preset, dataset)
    model.fit(dataset, epochs=preset.epochs, verbose=2)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        model.save(path)
    return model, dataset


def fitted(model, dataset, seed):
    """An encoder for the model's generator."""
    body = networks.dcgan.discriminator(width=16, normalization="batch", seed=seed + 1)
    encoder = anomaly_encoder.encoder(body, model.latent_dim, seed=seed)
    keras.utils.set_random_seed(seed)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, ENCODER_STEPS)
    anomaly_encoder.fit(
        encoder,
        model.ema_generator,
        model.discriminator,
        dataset.repeat().take(ENCODER_STEPS),
        optimizer=keras.optimizers.Adam(rate),
        verbose=2,
    )
    return encoder


def measure(model, dataset, test, digit, seed, one_class):
    """AUROCs of a model, and the picture of `SHOWN` test images from normal to anomalous."""
    images, labels = test
    anomalous = (labels == digit) != one_class
    players = model.ema_generator, model.discriminator
    searched = metrics.anomaly_scores(images, *players, seed=seed)
    encoder = fitted(model, dataset, seed)
    reconstructions, encoded = anomaly_encoder.reconstruct(images, encoder, *players)
    known = np.concatenate(list(dataset.as_numpy_iterator()))
    scores = {
        "auroc": searched.scores,
        "residuals": searched.residuals,
        "encoder": encoded,
        "plain": np.mean((images - reconstructions) ** 2, axis=(1, 2, 3)),
        "nearest_image": share_of_nearest(images, known),
    }
    found = {name: area(each, anomalous) for name, each in scores.items()}
    return found, picture(images, searched, anomalous)


def share_of_nearest(images, known):
    """Squared distances to the nearest of all known images, divided by those to a blank one."""
    given, known = (each.reshape(len(each), -1) + 1 for each in (images, known))
    nearest = metrics.nearest_neighbours(given, known).distances[:, 0]
    return nearest**2 / np.sum(given**2, axis=1)


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


def row_of(run, test, run_dir, data_dir):
    """Trains, measures and draws; the numbers."""
    start = time.perf_counter()
    name = f"{'one' if run['one_class'] else 'without'}_{run['digit']}_{run['seed']}"
    path = run_dir and run_dir / f"{name}.keras"
    model, dataset = trained(preset_of(**run), path, data_dir)
    found, figure = measure(model, dataset, test, **run)
    if path:
        plotting.save(figure, path.with_suffix(".png"))
    return run | found | {"seconds": round(time.perf_counter() - start)}


def test_images(data_dir):
    options = {"split": "test", "labels": True, "shuffle": False, "batch_size": 10_000}
    (test,) = data.images.from_tfds("mnist", data_dir=data_dir, **options).as_numpy_iterator()
    return test


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
    test = test_images(arguments.data_dir)
    asked = [
        {"digit": int(digit), "seed": int(seed), "one_class": arguments.one_class}
        for seed in arguments.seeds.split(",")
        for digit in arguments.digits.split(",")
    ]
    for run in asked:
        if key(run) not in rows:
            rows[key(run)] = row_of(run, test, arguments.run_dir, arguments.data_dir)
            print(rows[key(run)], flush=True)
            report.append_row(rows[key(run)], arguments.output)
    for score in SCORES:
        print(f"{score}: {np.mean([rows[key(run)][score] for run in asked]):.4f}")


if __name__ == "__main__":
    main()
