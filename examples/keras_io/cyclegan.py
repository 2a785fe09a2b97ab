"""CycleGAN, as keras.io's "CycleGAN".

    python examples/keras_io/cyclegan.py --data=cycle_gan/horse2zebra

The trained model is saved beside the picture, and loads with its optimizers.
"""

import argparse

import keras
import numpy as np

import geans
from geans import data, networks, plotting

TROUSERS, SHIRT = 1, 0

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", help="two domains of tensorflow-datasets; clothing by default")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--output", default="cyclegan.png")
arguments = parser.parse_args()

options = {"batch_size": 4, "seed": 0}
if arguments.data:
    dataset = data.translation.from_tfds(arguments.data, image_size=256, **options)
else:
    images, labels = next(
        data.images.embedded("fashion", batch_size=10_000, labels=True).as_numpy_iterator()
    )
    domains = [images[labels == label] for label in (SHIRT, TROUSERS)]
    dataset = data.translation.unpaired(*domains, **options)
shape = tuple(dataset.element_spec[0].shape[1:])
large = shape[0] == 256
width, blocks, layers = (64, 9, 3) if large else (16, 3, 2)
generators = [
    networks.cyclegan.generator(shape, shape[-1], width=width, blocks=blocks, seed=seed)
    for seed in (0, 1)
]
discriminators = [
    networks.patchgan.discriminator(shape, width=width, layers=layers, seed=seed) for seed in (0, 1)
]
players = [networks.cyclegan.side_by_side(*pair) for pair in (generators, discriminators)]
model = geans.CycleGAN(*players, identity_weight=5.0, seed=0)
adam = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]
model.compile(*adam, loss="least_squares")
model.fit(dataset, epochs=arguments.epochs)
first, second = next(dataset.as_numpy_iterator())
rows = [first, model.translate(first, "second"), second, model.translate(second, "first")]
plotting.save(plotting.image_grid(np.concatenate(rows), columns=len(first)), arguments.output)
model.save(arguments.output.replace(".png", ".keras"))
