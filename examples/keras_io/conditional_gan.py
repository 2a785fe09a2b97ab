"""Conditional GAN, as keras.io's "Conditional GAN".

python examples/keras_io/conditional_gan.py --data=photos
"""

import argparse

import keras
import numpy as np

import geans
from geans import data, networks, plotting

CLASSES = 10

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", help="folder with a subfolder of images for each of ten classes")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--output", default="conditional_gan.png")
arguments = parser.parse_args()

options = {"batch_size": 64, "labels": True, "seed": 0}
if arguments.data:
    dataset = data.images.from_folder(arguments.data, image_size=64, **options)
else:
    dataset = data.images.embedded("fashion", **options)
shape = tuple(dataset.element_spec[0].shape[1:])
model = geans.ConditionalGAN(
    networks.labelled(networks.dcgan.generator(64 + CLASSES, shape, seed=0), CLASSES),
    networks.with_projection(networks.dcgan.discriminator(shape, seed=0), CLASSES, seed=0),
    num_classes=CLASSES,
    seed=0,
)
model.compile(keras.optimizers.Adam(3e-4, beta_1=0.5), keras.optimizers.Adam(3e-4, beta_1=0.5))
model.fit(dataset, epochs=arguments.epochs)
# A row for each label.
rows = [model.sample(8, seed=0, labels=label) for label in range(CLASSES)]
plotting.save(plotting.image_grid(np.concatenate(rows), columns=8), arguments.output)
