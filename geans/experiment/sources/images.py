"""Sources of images: of the package, of tensorflow-datasets, and of a folder."""

from geans import data
from geans.data import image_files, npz_files, prepared
from geans.experiment.sources.base import BATCH_SIZE, SAMPLES, Source, first
from geans.files import path_of
from geans.metrics.features import digits28
from geans.metrics.measurement import Origin


class InMemory(Source):
    """Images of one array, of which a `limit` leaves some out."""

    def held_out(self, samples, *, labels=False):
        """Returns images beyond the `limit`."""
        if "limit" not in self.options:
            return None
        options = self.options | {"balanced": False, "mirror": False}
        trained = self.load(batch_size=BATCH_SIZE, shuffle=False, **options).as_numpy_iterator()
        known = {hash(image.tobytes()) for images in trained for image in images}
        del options["limit"]
        batches = self.load(batch_size=BATCH_SIZE, labels=labels, **options).as_numpy_iterator()
        images, classes = first(_unseen(batches, known), samples)
        return (images, classes) if len(images) else None


def _unseen(batches, known):
    for batch in batches:
        images, classes = batch if isinstance(batch, tuple) else (batch, None)
        new = [hash(image.tobytes()) not in known for image in images]
        yield images[new], None if classes is None else classes[new]


class Embedded(InMemory):
    """Images that come with the package."""

    usage = "embedded:fashion"

    def load(self, **options):
        """Calls `data.images.embedded`."""
        fields = {"image_size": self.image_size, "seed": self.seed}
        return data.images.embedded(self.path, **fields, **options)

    def class_names(self):
        """Returns the classes of Fashion-MNIST."""
        return list(data.images.FASHION_CLASSES)

    def digits28_classes(self):
        """Returns the indices of Fashion-MNIST's classes."""
        return list(digits28.CLASSES["fashion_mnist"])


class Tfds(Source):
    """Images of tensorflow-datasets."""

    usage = "tfds:NAME"

    def load(self, **options):
        """Calls `data.images.from_tfds`."""
        fields = {"image_size": self.image_size, "data_dir": self.data_dir, "seed": self.seed}
        return data.images.from_tfds(self.path, **fields, **options)

    def class_names(self):
        """Returns the names of the dataset's "label"."""
        return prepared.class_names(prepared.builder(self.path, self.data_dir))

    def digits28_classes(self):
        """Returns the indices of the classes of MNIST and Fashion-MNIST; otherwise `None`."""
        return list(digits28.CLASSES.get(self.path, ())) or None

    def reference(self, *, split=None, samples=SAMPLES, trained_on=False):
        """Overrides the base class to take any split."""
        options = self._options_to_compare(trained_on) | ({"split": split} if split else {})
        return Origin(name=self.spec, split=options.get("split", "train")), self._in_order(options)

    def held_out(self, samples, *, labels=False):
        """Returns images of the split "test", unless the run trains on it."""
        splits = prepared.builder(self.path, self.data_dir).info.splits
        if "test" not in splits or "test" in self.options.get("split", "train"):
            return None
        left_out = ("limit", "mirror")
        options = {key: each for key, each in self.options.items() if key not in left_out}
        whole = options.keys() & set(data.images.CHOOSING)  # They need images of every class.
        split = "test" if whole else f"test[:{min(samples, splits['test'].num_examples)}]"
        options |= {"split": split, "labels": labels}
        return first(self.load(batch_size=samples, **options).as_numpy_iterator(), samples)


class Arrays(InMemory):
    """Images of a NumPy file, looked up in `data_dir`."""

    usage = "arrays:PATH.npz"

    @property
    def file(self):
        """Returns the path of the file."""
        return path_of(self.data_dir or "") / path_of(self.path)

    def load(self, **options):
        """Calls `data.images.from_npz`, whose arguments `name` and `classes` are options."""
        fields = {"image_size": self.image_size, "seed": self.seed}
        return data.images.from_npz(self.file, **fields, **options)

    def held_out(self, samples, *, labels=False):
        """Returns images of the array `..._test` for a run on `..._train`, if there are both."""
        name, _, split = self.options.get("name", "images").rpartition("_")
        test = f"{name}_test"
        if labels or split != "train" or test not in npz_files.names(self.file):
            return super().held_out(samples, labels=labels)
        images = data.images.from_npz(
            self.file, test, image_size=self.image_size, batch_size=samples, shuffle=False
        )
        return first(images.as_numpy_iterator(), samples)

    def class_names(self):
        """Returns the names of the labels."""
        if "classes" not in self.options:
            return super().class_names()
        return npz_files.class_names(self.file, self.options["classes"])


class Folder(Source):
    """Images of a folder, whose subfolders may be classes."""

    usage = "folder:PATH"

    def load(self, **options):
        """Calls `data.images.from_folder`."""
        return data.images.from_folder(self.path, self.image_size, seed=self.seed, **options)

    def class_names(self):
        """Returns the names of the subfolders."""
        return image_files.classes(self.path, image_files.find(self.path))[0]

    def reference(self, *, split=None, samples=SAMPLES, trained_on=False):
        """Overrides the base class to read only some of the files, evenly spaced."""
        self._refuse(split)
        options = self._options_to_compare(trained_on) | {"samples": samples}
        return Origin(name=self.spec), self._in_order(options)
