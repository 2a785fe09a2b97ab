"""The contenders of benchmarks/speed.py train the same networks, and by the same amount."""

import io
import json
import sys

import contenders
import numpy as np
import pytest
import speed

SMALL = {
    "ring": contenders.WORKLOADS["ring"] | {"units": (4, 4), "batch_size": 4},
    "dcgan28": contenders.WORKLOADS["dcgan28"] | {"width": 2, "batch_size": 4},
    "pix2pix64": contenders.WORKLOADS["pix2pix64"] | {"width": 2, "batch_size": 2},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["geans GAN", "Keras example's way", "plain tf.function loop"])
def test_a_contender_trains_the_steps_that_it_is_asked_for(name, monkeypatch):
    made, adam = [], contenders.adam

    def noted(*kind):
        made.append(adam(*kind))
        return made[-1]

    monkeypatch.setattr(contenders, "adam", noted)
    train = contenders.CONTENDERS[name](SMALL["ring"])
    train(3)
    train(2)
    assert [int(optimizer.iterations.numpy()) for optimizer in made] == [5, 5]


@pytest.mark.parametrize("name", SMALL)
def test_networks_of_pytorch_have_as_many_weights(name):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    workload = SMALL[name]
    ours = [sum(map(np.size, net.trainable_variables)) for net in contenders.networks_of(workload)]
    theirs = [
        sum(each.numel() for each in net.parameters())
        for net in contenders.torch_networks(workload)
    ]
    assert ours == theirs


def test_operations_of_a_multilayer_perceptron():
    """By hand: products of 64 x 4, 4 x 4, 4 x 2 numbers, and of 2 x 4, 4 x 4, 4 x 1."""
    generator, discriminator = 2 * (256 + 16 + 8), 2 * (8 + 16 + 4)
    assert speed.operations(SMALL["ring"]) == 4 * (3 * generator + 8 * discriminator)


def test_a_row_is_of_medians_and_of_ratios_within_a_round():
    answers = [{"wall": wall, "processor": 2 * wall, "megabytes": 7} for wall in (1.0, 2.0, 9.0)]
    base = [{"wall": 2.0, "processor": 2.0, "megabytes": 7}] * 3
    row = speed._row("ring", "PyTorch eager", answers, base, {"wall": 0.5}, steps=10)
    assert (row["wall_milliseconds"], row["wall_ratio"], row["processor_ratio"]) == (200, 1, 2)


def test_a_process_answers_every_line(monkeypatch, capsys):
    asked = []
    monkeypatch.setitem(contenders.CONTENDERS, "noted", lambda workload: asked.append)
    monkeypatch.setattr(sys, "argv", ["contenders.py", "ring", "noted"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("5\n7\n"))
    contenders.main()
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert asked == [1, 5, 7]
    assert all(set(each) == {"wall", "processor", "megabytes"} for each in answers)
