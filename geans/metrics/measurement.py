"""A number and the protocol by which it was found."""

import dataclasses

ENOUGH_FOR_FRECHET = 10_000
"""Samples below which a Fréchet distance is printed with a warning of its bias."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Where images come from.

    Args:
        name: Of a dataset, such as "tfds:mnist", of a folder, or of a model.
        split: Of a dataset, such as "test"; empty if it has none.
        generator: "EMA" or "raw" for a model's samples; empty for files and datasets.
        seed: Of a model's samples.

    Example:
        >>> print(Origin(name="gan_mnist", generator="EMA", seed=3))
        gan_mnist (EMA generator, seed 3)
    """

    name: str
    split: str = ""
    generator: str = ""
    seed: int | None = None

    def __str__(self):
        seed = "" if self.seed is None else f"seed {self.seed}"
        generator = self.generator and f"{self.generator} generator"
        details = ", ".join(filter(None, (self.split, generator, seed)))
        return f"{self.name} ({details})" if details else self.name


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measurement:
    """One number with all that another one must share to be compared with it.

    `str` gives it in one line, `dataclasses.asdict` as plain values for JSON.

    Args:
        metric: Name, such as "frechet_distance".
        value: The number.
        stddev: Standard deviation over subsets or splits; `None` where there are none.
        options: Of the metric, such as `{"k": 5}`.
        features: Name of the feature network.
        checksum: Of its weights.
        resize: What it did with images of another size.
        real: Where the real images come from; `None` where the metric needs none.
        real_count: Their number.
        fake: Where the generated images come from.
        fake_count: Their number.
        version: Of this library.

    Example:
        >>> print(
        ...     Measurement(
        ...         metric="precision",
        ...         value=0.97,
        ...         options={"k": 5},
        ...         features="digits28",
        ...         checksum="0123456789ab",
        ...         resize="none",
        ...         real=Origin(name="tfds:mnist", split="test"),
        ...         real_count=10_000,
        ...         fake=Origin(name="gan_mnist", generator="EMA", seed=0),
        ...         fake_count=10_000,
        ...         version="0.1.0",
        ...     )
        ... )
        precision 0.97 | k=5 | digits28 0123456789ab, resize none | real 10,000 of tfds:mnist \
(test) | fake 10,000 of gan_mnist (EMA generator, seed 0) | geans 0.1.0
    """

    metric: str
    value: float
    stddev: float | None = None
    options: dict = dataclasses.field(default_factory=dict)
    features: str
    checksum: str
    resize: str
    real: Origin | None
    real_count: int
    fake: Origin
    fake_count: int
    version: str

    def __str__(self):
        spread = "" if self.stddev is None else f" +- {self.stddev:.2g}"
        parts = [
            f"{self.metric} {self.value:.4g}{spread}",
            ", ".join(f"{name}={value}" for name, value in self.options.items()),
            f"{self.features} {self.checksum}, resize {self.resize}",
            f"real {self._real_images}" if self.real else "",
            f"fake {self.fake_count:,} of {self.fake}",
            f"geans {self.version}",
            f"WARNING: {self.warning}" if self.warning else "",
        ]
        return " | ".join(filter(None, parts))

    @property
    def _real_images(self):
        # Of known modes there are as many as one likes.
        return f"{self.real_count:,} of {self.real}" if self.real_count else str(self.real)

    @property
    def warning(self):
        """What a reader of the number must know; `None` if nothing."""
        if self.features.startswith("keras:"):
            return "numbers of these features compare with nothing published"
        fewest = min(self.real_count, self.fake_count)
        if not self.metric.startswith("frechet") or fewest >= ENOUGH_FOR_FRECHET:
            return None
        return (
            f"only {fewest:,} samples; this distance falls with their number, so compare it only "
            f"with one of the same number, better of {ENOUGH_FOR_FRECHET:,} or more"
        )
