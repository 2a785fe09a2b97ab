"""A number and the protocol of its measurement."""

import dataclasses
from typing import Any

ENOUGH_FOR_FRECHET = 10_000
"""Number of samples below which a Fréchet distance is printed with a warning of its bias."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Origin of images.

    Args:
        name: Of a dataset, such as "tfds:mnist", of a folder, or of a model.
        split: Of a dataset, such as "test"; empty if it has none.
        generator: "EMA" or "raw" for samples of a model; empty for files and datasets.
        seed: Seed of a model's samples.

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
    """A number with everything that another one must share to be comparable.

    `str` gives it in one line, `dataclasses.asdict` as plain values for JSON.

    Args:
        metric: Name, such as "frechet_distance".
        value: The number.
        stddev: Standard deviation over subsets or splits, or `None`.
        options: Options of the metric, such as `{"k": 5}`.
        features, checksum, resize: Of the `FeatureNetwork`: its name, checksum and resize rule.
        real, real_count: `Origin` (`None` if the metric needs none) and number of the real images.
        fake, fake_count: `Origin` and number of the generated images.
        version: Version of this library.
    """

    metric: str
    value: float
    stddev: float | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
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
        # Known modes have no real images, so their count is 0.
        return f"{self.real_count:,} of {self.real}" if self.real_count else str(self.real)

    @property
    def warning(self) -> str | None:
        """Returns a caveat about the number, or `None`."""
        if self.features.startswith("keras:"):
            return "numbers of these features compare with nothing published"
        fewest = min(self.real_count, self.fake_count)
        if not self.metric.startswith("frechet") or fewest >= ENOUGH_FOR_FRECHET:
            return None
        return (
            f"only {fewest:,} samples; this distance falls with their number, so compare it only "
            f"with one of the same number, better of {ENOUGH_FOR_FRECHET:,} or more"
        )
