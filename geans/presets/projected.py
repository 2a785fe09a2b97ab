"""Presets for colour images of 32 and 64 pixels: StyleGAN2's generator, Projected GAN's judge.

Their data are arrays that are looked up in `--data_dir`:

- `peeps_64.npz`: 10,000 cartoon faces of 64x64 pixels (Open Peeps by Pablo Stanley, CC0 1.0);
- `dcss_dolls_32.npz`: 20,000 figures of 27 species, 32x32 pixels (Dungeon Crawl Stone Soup);
- `emoji_styles_64.npz`: emoji of 64x64 pixels, of which `twemoji` (CC BY 4.0) is used.
"""

from geans.presets.preset import Preset, decaying

STYLE = {
    "batch_size": 16,
    "network": "style",
    "generator_options": {"width": 24},
    "discriminator_options": {"width": 16},
    "ema_half_life": 5_000.0,
    "r1": 40.0,
    "penalty_interval": 8,
    **decaying(1e-3),
    "beta_1": 0.0,
    "beta_2": 0.99,
    "precision": "auto",
    "reuse_fakes": True,
}
"""Fields for images of 64x64 pixels, without trained features."""

PROJECTED = STYLE | {
    "network": "projected",
    "discriminator_options": {"width": 32},
    "r1": 50.0,
    "penalty_interval": 2,
}
"""The same with features of ImageNet; `benchmarks/network_search.py` compares them with others."""


def faces():
    """Projected GAN on 10,000 cartoon faces."""
    return Preset(name="faces", data="arrays:peeps_64.npz", epochs=75, picture_every=3, **PROJECTED)


def figures():
    """Class-conditional projected GAN on 20,000 figures of 27 species."""
    fields = {"model": "conditional", "generator_options": {"width": 48}}
    options = {"classes": "label"}
    return Preset(
        name="figures",
        data="arrays:dcss_dolls_32.npz",
        data_options=options,
        epochs=14,
        **PROJECTED | fields,
    )


def emoji():
    """Projected GAN on 990 emoji, with augmentation."""
    options = {"name": "twemoji", "limit": 990}
    return Preset(
        name="emoji",
        data="arrays:emoji_styles_64.npz",
        data_options=options,
        augmentation="diff_augment",
        epochs=150,
        picture_every=10,
        **PROJECTED,
    )
