"""Self-contained HTML pages: one file each, which opens without a network connection."""

from geans.pages.explorer import explore
from geans.pages.reporter import report

__all__ = ["explore", "report"]
