"""Shows the examples of docstrings as code: Keras says "Example", the site's reader "Examples"."""

import re

import griffe


class Examples(griffe.Extension):
    """Renames the section before it is read."""

    def on_instance(self, *, obj, **kwargs):
        """Is called with every documented module, class and function."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"(?m)^Example:$", "Examples:", obj.docstring.value)
