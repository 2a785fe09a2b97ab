"""Sources of image pairs for translation: aligned pairs, or two unpaired domains."""

import functools

from geans import data
from geans.experiment import translating
from geans.experiment.options import call
from geans.experiment.sources.base import Measured, Source
from geans.files import path_of

OF_TRAINING = ("jitter", "flip", "mirror")


class Translated(Source):
    """Base class of sources of image pairs.

    Subclasses must override `load` and `examples`, the `translating.Examples` of a run.
    """

    translates = True

    def reference(self, **options):
        """Raises a `ValueError`, as a translation draws no samples."""
        raise ValueError(
            "Features are compared of samples, but a translation draws none. Leave evaluate_every "
            "at 0, and compare folders of its images."
        )

    def shown(self, model):
        """Returns the keywords of `SampleGrid` for the translated examples."""
        return {"columns": translating.COLUMNS, "draw": self.examples.draw}

    def sample(self, model):
        """Returns the images of the picture."""
        return self.examples.draw(model)

    def measure(self, model, samples=None, *, seed=0, ema=True):
        """Computes the errors of translated examples."""
        first, second, split = self.examples.first, self.examples.second, self.examples.split
        numbers = self.examples.measure(model, ema)
        return Measured(numbers, "pixels", len(second), len(first), split)


class Pairs(Translated):
    """Aligned images: a `.npz` file or a folder, looked up in `data_dir`.

    A folder holds pictures of source and target side by side, or two folders of equally named
    files, `source` and `target`.
    """

    usage = "pairs:PATH.npz or pairs:FOLDER"
    aligned = True

    @property
    def file(self):
        """Returns the path of the file or folder."""
        return path_of(self.data_dir or "") / self.path

    def load(self, *, split="train", **options):
        """Loads a file or folder with `data.translation`."""
        options |= {"seed": self.seed}
        if self.file.suffix == ".npz":
            options |= {"image_size": self.image_size, "aligned": self.aligned}
            return data.translation.from_npz(self.file, split, **options)
        return self.load_others(split, **options)

    def load_others(self, split, **options):
        """Loads data other than a `.npz` file."""
        if split != "train":
            raise ValueError(f"A folder has no splits. Received: {split=} for {self.spec!r}.")
        folders = [self.file / name for name in data.translation.SUBFOLDERS]
        if all(folder.is_dir() for folder in folders):
            return data.translation.from_folders(*folders, self.image_size, **options)
        return data.translation.from_side_by_side(self.file, self.image_size, **options)

    def splits(self):
        """Returns the names of the splits that `load` takes, sorted."""
        is_file = self.file.suffix == ".npz"
        if not is_file:
            return self.splits_of_others()
        return data.translation.splits_of(self.file, self.options.get("target"))

    def splits_of_others(self):
        """Returns the splits of data other than a `.npz` file."""
        return ["train"]

    @functools.cached_property
    def examples(self):
        """Returns up to 1,000 pairs in their own order, of the test split if there is one."""
        split = "test" if "test" in self.splits() else "train"
        options = {key: each for key, each in self.options.items() if key not in OF_TRAINING}
        options |= {"batch_size": translating.MOST, "shuffle": False, "split": split}
        dataset = call(self.load, (), options, "data_options")
        return translating.Examples(*next(dataset.as_numpy_iterator()), split)


class Unpaired(Pairs):
    """Two unpaired domains: a `.npz` file, or one or two names of tensorflow-datasets."""

    usage = "unpaired:PATH.npz, unpaired:NAME or unpaired:NAME,NAME"
    aligned = False

    def load_others(self, split, **options):
        """Calls `data.translation.from_tfds`."""
        options |= {"image_size": self.image_size, "data_dir": self.data_dir}
        return data.translation.from_tfds(*self.path.split(",", 1), split=split, **options)

    def splits_of_others(self):
        """Returns the splits of tensorflow-datasets."""
        return ["test", "train"]
