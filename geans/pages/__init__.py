"""Self-contained HTML pages: one file each, which opens without a network connection."""

from geans.pages.explorer import explore

__all__ = ["explore"]
