"""DCGAN, as keras.io's "DCGAN to generate face images".

python examples/keras_io/dcgan.py --data=photos
"""

import argparse

import keras

import geans
from geans import data, networks, plotting

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", help="folder of images; Fashion-MNIST by default")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--output", default="dcgan.png")
arguments = parser.parse_args()

options = {"batch_size": 32, "seed": 0}
if arguments.data:
    dataset = data.images.from_folder(arguments.data, image_size=64, **options)
else:
    dataset = data.images.embedded("fashion", **options)
shape = tuple(dataset.element_spec.shape[1:])
model = geans.GAN(
    networks.dcgan.generator(128, shape, width=32, seed=0),
    networks.dcgan.discriminator(shape, width=32, seed=0),
    ema_half_life=1_000.0,
    seed=0,
)
model.compile(keras.optimizers.Adam(1e-4, beta_1=0.5), keras.optimizers.Adam(1e-4, beta_1=0.5))
model.fit(dataset, epochs=arguments.epochs)
plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
