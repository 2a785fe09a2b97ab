"""WGAN-GP, as keras.io's "WGAN-GP overriding Model.train_step".

    python examples/keras_io/wgan_gp.py --data=photos

Points between real and generated images are drawn uniformly, as in the paper, and the length of a
gradient of zero has a finite derivative.
"""

import argparse

import keras

import geans
from geans import data, networks, penalties, plotting

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", help="folder of images; Fashion-MNIST by default")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--output", default="wgan_gp.png")
arguments = parser.parse_args()

options = {"batch_size": 64, "seed": 0}
if arguments.data:
    dataset = data.images.from_folder(arguments.data, image_size=64, **options)
else:
    dataset = data.images.embedded("fashion", **options)
shape = tuple(dataset.element_spec.shape[1:])
model = geans.GAN(
    networks.dcgan.generator(128, shape, width=32, seed=0),
    networks.dcgan.discriminator(shape, width=32, seed=0),
    discriminator_steps=3,
    seed=0,
)
adam = [keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.9) for _ in range(2)]
model.compile(*adam, loss="wasserstein", penalty=penalties.GradientPenalty(10.0))
model.fit(dataset, epochs=arguments.epochs)
plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
