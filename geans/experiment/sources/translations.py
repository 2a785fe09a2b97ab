"""Pairs of images, for models that translate: aligned ones, or two domains by themselves."""

import functools
import pathlib

from geans import data
from geans.experiment import translating
from geans.experiment.options import call
from geans.experiment.sources.base import Measured, Source

OF_TRAINING = ("jitter", "flip")


class Pairs(Source):
    """Aligned images: a `.npz` file, or a folder.

    Both are looked up in `data_dir`. A folder holds pictures of source and target side by side, or
    two folders of equally named files, `source` and `target`.
    """

    usage = "pairs:PATH.npz or pairs:FOLDER"
    translates = True
    aligned = True

    @property
    def file(self):
        """The file or folder."""
        return pathlib.Path(self.data_dir or "", self.path)

    def load(self, *, split="train", **options):
        """As `data.translation` loads a file or a folder."""
        options |= {"seed": self.seed}
        if self.file.suffix == ".npz":
            options |= {"image_size": self.image_size, "aligned": self.aligned}
            return data.translation.from_npz(self.file, split, **options)
        return self.load_others(split, **options)

    def load_others(self, split, **options):
        """Loads what is not a file of arrays."""
        if split != "train":
            raise ValueError(f"A folder has no splits. Received: {split=} for {self.spec!r}.")
        folders = [self.file / name for name in data.translation.SUBFOLDERS]
        if all(folder.is_dir() for folder in folders):
            return data.translation.from_folders(*folders, self.image_size, **options)
        return data.translation.from_side_by_side(self.file, self.image_size, **options)

    def splits(self):
        """Returns the names of the splits that `load` takes, sorted."""
        is_file = self.file.suffix == ".npz"
        return data.translation.splits_of(self.file) if is_file else self.splits_of_others()

    def splits_of_others(self):
        """Returns the splits of what is not a file of arrays."""
        return ["train"]

    @functools.cached_property
    def examples(self):
        """Up to 1,000 pairs in their own order, of the test split if there is one."""
        split = "test" if "test" in self.splits() else "train"
        options = {key: each for key, each in self.options.items() if key not in OF_TRAINING}
        options |= {"batch_size": translating.MOST, "shuffle": False, "split": split}
        dataset = call(self.load, (), options, "data_options")
        return translating.Examples(*next(dataset.as_numpy_iterator()), split)

    def reference(self, **options):
        """Raises an error: a translation draws no samples."""
        raise ValueError(
            "Features are compared of samples, but a translation draws none. Leave evaluate_every "
            "at 0, and compare folders of its images."
        )

    def shown(self, model):
        """The examples and what becomes of them."""
        return {"columns": translating.COLUMNS, "draw": self.examples.draw}

    def sample(self, model):
        """The images of the picture."""
        return self.examples.draw(model)

    def measure(self, model, samples=None, *, seed=0, ema=True):
        """How near translations of the examples come."""
        first, second, split = self.examples.first, self.examples.second, self.examples.split
        numbers = self.examples.measure(model, ema)
        return Measured(numbers, "pixels", len(second), len(first), split)


class Unpaired(Pairs):
    """Two domains by themselves: a `.npz` file, or one or two names of tensorflow-datasets."""

    usage = "unpaired:PATH.npz, unpaired:NAME or unpaired:NAME,NAME"
    aligned = False

    def load_others(self, split, **options):
        """As `data.translation.from_tfds`."""
        options |= {"image_size": self.image_size, "data_dir": self.data_dir}
        return data.translation.from_tfds(*self.path.split(",", 1), split=split, **options)

    def splits_of_others(self):
        """Those of tensorflow-datasets."""
        return ["test", "train"]
