"""Few images, as keras.io's "Data-efficient GANs with ADA".

    python examples/keras_io/gan_ada.py --data=photos

The strength of the augmentation follows how well the discriminator knows its images.
"""

import argparse

import keras

import geans
from geans import augment, data, networks, plotting

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", help="folder of images; Fashion-MNIST by default")
parser.add_argument("--epochs", type=int, default=100)
parser.add_argument("--output", default="gan_ada.png")
arguments = parser.parse_args()

options = {"batch_size": 64, "limit": 1_000, "seed": 0}
if arguments.data:
    dataset = data.images.from_folder(arguments.data, image_size=64, **options)
else:
    dataset = data.images.embedded("fashion", **options)
shape = tuple(dataset.element_spec.shape[1:])
model = geans.GAN(
    networks.dcgan.generator(64, shape, width=32, seed=0),
    networks.dcgan.discriminator(shape, width=32, seed=0),
    ema_half_life=3_000.0,
    seed=0,
)
adam = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]
model.compile(*adam, augmentation=augment.Adaptive(augment.ADA(), target=0.6))
evaluate = geans.callbacks.Evaluate(
    metrics=["kernel_distance"], every=arguments.epochs, samples=1_000
)
model.fit(dataset, epochs=arguments.epochs, callbacks=[evaluate])
plotting.save(plotting.image_grid(model.sample(64, seed=0)), arguments.output)
