"""Pairs for super-resolution: images of another source, and smaller ones made of them."""

import functools

from geans import data, presets
from geans.experiment import translating
from geans.experiment.options import call
from geans.experiment.sources.base import Source
from geans.experiment.sources.translations import OF_TRAINING, Translated

FACTOR = 4


class Downscaled(Translated):
    """Images of any source of images, as targets of their means over squares of pixels."""

    usage = "downscaled:SOURCE, such as downscaled:folder:PATH"

    @functools.cached_property
    def images(self):
        """Returns the source of the images."""
        kind, _, path = self.path.partition(":")
        if kind not in presets.IMAGES or not path:
            raise ValueError(
                "downscaled: takes a source of images, one of "
                f"{', '.join(f'{each}:...' for each in presets.IMAGES)}. Received: {self.spec!r}."
            )
        options = {key: each for key, each in self.options.items() if key != "factor"}
        fields = {"image_size": self.image_size, "seed": self.seed, "data_dir": self.data_dir}
        return Source.parse(self.path, options=options, **fields)

    def load(self, *, factor=FACTOR, **options):
        """Loads the images, with the options of their source, and shrinks them."""
        return data.pairs.downscaled(call(self.images.load, (), options, "data_options"), factor)

    @functools.cached_property
    def examples(self):
        """Returns up to 1,000 pairs: of images that are held out, if the source has such."""
        factor = self.options.get("factor", FACTOR)
        held_out = self.images.held_out(translating.MOST)
        if held_out is not None:
            targets, _ = held_out
            return translating.Examples(data.pairs.downscale(targets, factor), targets, "held out")
        options = {key: each for key, each in self.options.items() if key not in OF_TRAINING}
        options |= {"batch_size": translating.MOST, "shuffle": False}
        return translating.Examples(*next(self.load(**options).as_numpy_iterator()), "train")
