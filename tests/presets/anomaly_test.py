import dataclasses

import numpy as np

from geans import experiment, presets


def test_a_class_is_held_out_of_the_data_and_of_what_a_run_is_compared_with():
    preset = presets.get("anomaly_mnist")
    assert preset.data_options == {"without": [0]}
    # Fashion-MNIST comes with the package: 1,000 images of each class.
    preset = dataclasses.replace(preset, data="embedded:fashion", batch_size=1_000)
    dataset = experiment.make_data(preset)
    assert len(dataset) == 9 and dataset.element_spec.shape == (None, 28, 28, 1)
    for trained_on in (True, False):
        _, batches = experiment.Source.of(preset).reference(trained_on=trained_on)
        assert sum(len(np.asarray(batch)) for batch in batches) == 9_000


def test_but_for_the_class_it_is_the_preset_of_dcgan():
    one = dataclasses.replace(presets.get("anomaly_mnist"), name="dcgan", data_options={})
    assert one == presets.get("dcgan")
