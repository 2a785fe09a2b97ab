"""A style-based GAN, as keras.io's "Face image generation with StyleGAN".

    python examples/keras_io/stylegan.py --data=photos

A small StyleGAN2 that makes whole images from the start, by compiled steps.
"""

import argparse

import keras

import geans
from geans import data, networks, penalties, plotting
from geans.models import latent_space

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", help="folder of images; Fashion-MNIST by default")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--output", default="stylegan.png")
arguments = parser.parse_args()

options = {"batch_size": 16, "seed": 0}
if arguments.data:
    dataset = data.images.from_folder(arguments.data, image_size=64, **options)
else:
    dataset = data.images.embedded("fashion", **options)
shape = tuple(dataset.element_spec.shape[1:])
model = geans.GAN(
    networks.style.generator(64, shape, width=24, seed=0),
    networks.style.discriminator(shape, width=16, seed=0),
    ema_half_life=5_000.0,
    seed=0,
)
adam = [keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.99) for _ in range(2)]
model.compile(*adam, penalty=penalties.R1(10.0, interval=8))
model.fit(dataset, epochs=arguments.epochs)
# From left to right the styles of one sample give way to those of another, fine ones first.
mixed = latent_space.mix_styles(model, 0, 1, count=8)
grid = plotting.image_grid(mixed.reshape(-1, *shape), columns=mixed.shape[1])
plotting.save(grid, arguments.output)
