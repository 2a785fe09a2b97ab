import math

from geans import experiment, presets


def test_the_sources_networks():
    """128-128-784 against 128-128-1, one update per pass over MNIST."""
    preset = presets.get("gean_mlp_mnist")
    assert preset.data == "tfds:mnist"
    assert preset.update_every == "epoch"
    dataset = experiment.make_data(presets.get("gean_fashion"))
    model = experiment.make_model(preset, dataset)
    for network, widths in (
        (model.generator, [128, 128, 784]),
        (model.discriminator, [128, 128, 1]),
    ):
        assert [layer.units for layer in network.layers if hasattr(layer, "units")] == widths


def test_the_default_sees_enough_updates():
    preset = presets.get("gean_fashion")
    steps = math.ceil(10_000 / preset.batch_size)
    assert experiment.count_updates(preset, steps)["generator"] > 1_000
