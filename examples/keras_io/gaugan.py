"""Images of label maps, as keras.io's "GauGAN for conditional image generation".

    python examples/keras_io/gaugan.py --data=earth_64.npz

The encoder is part of what is trained: the gradient of every loss reaches it through the latents.
"""

import argparse

import keras
import numpy as np

import geans
from geans import data, networks, plotting

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", required=True, help="arrays mask_train and satellite_train")
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--output", default="gaugan.png")
arguments = parser.parse_args()

dataset = data.translation.from_npz(
    arguments.data, source="mask", target="satellite", classes={"mask": 3}, batch_size=16, seed=0
)
maps, images = (tuple(each.shape[1:]) for each in dataset.element_spec)
players = [
    networks.spade.with_encoder(
        networks.spade.generator(maps, latent_dim=64, width=12, seed=0),
        networks.spade.encoder(images, 64, width=12, seed=0),
    ),
    networks.patchgan.discriminator(
        images, source_channels=maps[-1], features=True, width=16, layers=2, seed=0
    ),
]
model = geans.SPADE(*players, seed=0)
adam = [keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.999) for rate in (1e-4, 4e-4)]
model.compile(*adam, loss="hinge")
model.fit(dataset, epochs=arguments.epochs)
maps, images = next(dataset.as_numpy_iterator())
rows = [images[:8], *(model.translate(maps[:8], seed=seed) for seed in (0, 1))]
plotting.save(plotting.image_grid(np.concatenate(rows), columns=8), arguments.output)
