"""Why does pulling the discriminator back help? Eigenvalues, controls and a look inside windows.

    python benchmarks/why_pullback.py

Appends a row per run to `why_pullback.jsonl`; what is there already is not repeated. Every control
trains on the grid of the preset `gean_grid_hard`, at its rates and samples, with one change.
"""

import argparse
import itertools
import json
import pathlib

import numpy as np
from mode_coverage import add_flags, rows_of

from geans import report

OUTPUT = pathlib.Path(__file__).with_suffix(".jsonl")
PRESET = "gean_grid_hard"
WINDOW, SHARE = 5, 0.5
CONTROLS = (
    "pullback",
    "no pullback",
    "discriminator's rate halved",
    "jitter instead of the pullback",
    "generator pulled back",
    "both pulled back",
    "generator sees the anchor",
    "generator sees the anchor, no pullback",
    "share .1",
    "share .8",
    "window 2",
    "window 20",
)
SHARES = (
    {},
    {"discriminator": SHARE},
    {"generator": SHARE},
    dict.fromkeys(("discriminator", "generator"), SHARE),
)


def eigenvalues():
    """Spectral radii per step on the bilinear game, by window, rates and who is pulled back.

    Of alternating steps phi <- phi - d theta, theta <- theta + g phi. Below 1 they converge.
    """
    for window, (generator, discriminator) in itertools.product(
        (1, 5, 20), ((0.1, 0.1), (0.1, 0.025))
    ):
        step = np.array([[1, -discriminator], [generator, 1 - generator * discriminator]])
        moved = np.linalg.matrix_power(step, window)
        for shares in SHARES:
            kept = np.diag([shares.get("discriminator", 1), shares.get("generator", 1)])
            jacobian = np.eye(2) - kept + kept @ moved
            yield {
                "suite": "eigenvalues",
                "window": window,
                "rates": [generator, discriminator],
                "pulled_back": " and ".join(shares) or "neither player",
                "radius_per_step": float(abs(np.linalg.eigvals(jacobian)).max() ** (1 / window)),
            }


def rule_of(control):
    """Returns the update rule of a control."""
    import tensorflow as tf

    from geans import distribution, rules

    class Jitter(rules.Pullback):
        """Moves the discriminator at random instead, as far as it would be pulled back."""

        def pull_back(self, game, window):
            variables = game.discriminator_player.trained_variables
            for anchor, variable in zip(
                self.anchors[f"discriminator {window}"], variables, strict=True
            ):
                noise = tf.random.stateless_normal(
                    variable.shape, [game.seed, tf.convert_to_tensor(game.steps)]
                )
                length = (1 - SHARE) * tf.norm(variable - anchor)
                variable.assign_add(tf.math.divide_no_nan(length * noise, tf.norm(noise)))

    class SeesAnchor(rules.Pullback):
        """Trains the generator against the anchor instead of the discriminator ahead of it."""

        keeps = SHARE

        def step(self, game, batch):
            begins = tf.convert_to_tensor(self.window_steps) % WINDOW == 0
            anchors = self.anchors[f"discriminator {WINDOW}"]
            variables = game.discriminator_player.trained_variables
            distribution.cond(
                begins, lambda _: distribution.assign(anchors, variables), lambda _: None, None
            )
            game.apply(game.gradients(("discriminator",), batch))
            ahead = list(map(tf.identity, variables))
            distribution.assign(variables, anchors)
            gradients = game.gradients(("generator",), batch)
            distribution.assign(variables, ahead)
            game.apply(gradients)

        def pull_back(self, game, window):
            if self.keeps < 1:
                super().pull_back(game, window)

    class SeesAnchorAlone(SeesAnchor):
        keeps = 1

    return {
        "pullback": lambda: rules.Pullback(WINDOW, {"discriminator": SHARE}),
        "no pullback": rules.EveryStep,
        "discriminator's rate halved": rules.EveryStep,
        "jitter instead of the pullback": lambda: Jitter(WINDOW),
        "generator pulled back": lambda: rules.Pullback(WINDOW, {"generator": SHARE}),
        "both pulled back": lambda: rules.Pullback(WINDOW, SHARE),
        "share .1": lambda: rules.Pullback(WINDOW, {"discriminator": 0.1}),
        "share .8": lambda: rules.Pullback(WINDOW, {"discriminator": 0.8}),
        "window 2": lambda: rules.Pullback(2, {"discriminator": SHARE}),
        "window 20": lambda: rules.Pullback(20, {"discriminator": SHARE}),
        "generator sees the anchor": lambda: SeesAnchor(WINDOW),
        "generator sees the anchor, no pullback": lambda: SeesAnchorAlone(WINDOW),
    }[control]()


def model_of(control, seed):
    """Returns preset, data and compiled model of a control."""
    import geans
    from geans import experiment, presets

    preset = presets.changed(presets.get(PRESET), seed=seed)
    if control == "discriminator's rate halved":
        rate = preset.discriminator_learning_rate * SHARE
        preset = presets.changed(preset, discriminator_learning_rate=rate)
    dataset = experiment.make_data(preset)
    made = experiment.make_model(preset, dataset)
    options = {"ema_half_life": preset.ema_half_life, "seed": seed}
    model = geans.GAN(made.generator, made.discriminator, rule=rule_of(control), **options)
    model.compile(made.generator_optimizer, made.discriminator_optimizer, preset.loss)
    return preset, dataset, model


def train(run):
    """Trains one control; returns its row."""
    import dataclasses

    import keras

    from geans import experiment, metrics

    keras.backend.clear_session()
    preset, dataset, model = model_of(run["control"], run["seed"])
    model.fit(dataset, epochs=preset.epochs, verbose=0)
    found = metrics.mode_coverage(model.sample(2_500, seed=0), experiment.make_mixture(preset))
    return run | dataclasses.asdict(found)


def look_inside(seed):
    """Returns how far the discriminator is ahead of its anchor at each step of a window.

    In means over windows of the second half of the training, each on 2,048 real samples and new
    ones of the generator: what the discriminator's loss at the anchor is above that at its weights,
    with the generator that it has just been trained against, which is the one that learns from it
    next, and with the generator after that; and the distance from the anchor relative to its norm.
    """
    import keras
    import tensorflow as tf

    keras.backend.clear_session()
    preset, dataset, model = model_of("no pullback", seed)  # That is done by hand here.
    generator, discriminator = model.generator, model.discriminator
    real = tf.concat(list(dataset.take(16)), 0)
    latents = tf.random.stateless_normal((len(real), model.latent_dim), [seed, 1])

    def loss(of_generator, of_discriminator):
        generator.set_weights(of_generator)
        discriminator.set_weights(of_discriminator)
        logits = (discriminator(points) for points in (real, generator(latents)))
        return float(model.loss.discriminator(*logits))

    def look(before, after, anchor, ahead):
        # The networks end as they were, with the weights of the last loss.
        leads = [loss(each, anchor) - loss(each, ahead) for each in (before, after)]
        moved = sum(np.sum((a - b) ** 2) for a, b in zip(ahead, anchor, strict=True))
        return [*leads, (moved / sum(np.sum(b**2) for b in anchor)) ** 0.5]

    windows = preset.epochs * len(dataset) // WINDOW
    batches, found = iter(dataset.repeat()), []
    for window in range(windows):
        anchor, steps = discriminator.get_weights(), []
        for _ in range(WINDOW):
            before = generator.get_weights()
            model.train_on_batch(next(batches))
            if window >= windows // 2 and window % 10 == 0:
                after, ahead = generator.get_weights(), discriminator.get_weights()
                steps.append(look(before, after, anchor, ahead))
        if steps:
            found.append(steps)
        pairs = zip(anchor, discriminator.get_weights(), strict=True)
        discriminator.set_weights([a + SHARE * (b - a) for a, b in pairs])
    names = ("lead", "lead_over_the_next_generator", "relative_distance")
    means = np.mean(found, axis=0).T.tolist()
    return {"suite": "inside", "seed": seed, **dict(zip(names, means, strict=True))}


def perform(run):
    return look_inside(run["seed"]) if run["suite"] == "inside" else train(run)


def key(row):
    return json.dumps([row["suite"], row.get("control"), row["seed"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default=",".join(map(str, range(10))))
    add_flags(parser, OUTPUT)
    arguments = parser.parse_args()
    rows = report.read_rows(arguments.output)
    if not any(row["suite"] == "eigenvalues" for row in rows):
        for row in eigenvalues():
            report.append_row(row, arguments.output)
    seeds = list(map(int, arguments.seeds.split(",")))
    todo = [
        {"suite": "controls", "control": control, "seed": seed}
        for seed, control in itertools.product(seeds, CONTROLS)
    ] + [{"suite": "inside", "seed": seed} for seed in seeds[:3]]
    done = {key(row) for row in rows if row["suite"] != "eigenvalues"}
    todo = [run for run in todo if key(run) not in done]
    for row in rows_of(perform, todo, arguments):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
