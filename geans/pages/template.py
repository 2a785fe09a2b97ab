"""Pages from templates: HTML, style and script become one file."""

import importlib.resources
import json
import string

from geans import files


def checked(path):
    """Returns the path of a page to write; raises a `ValueError` if it does not end in `.html`."""
    path = files.path_of(path)
    if path.suffix != ".html" or path.is_dir():
        raise ValueError(f"The file must end in .html. Received: {path}.")
    return path


def part(name):
    """Returns the bytes of a file of this room."""
    return importlib.resources.files("geans.pages").joinpath(name).read_bytes()


def as_json(value):
    """Returns JSON for a `script` element, which no text in it can end.

    Example:
        >>> as_json("</script>")
        '"\\\\u003c/script>"'
    """
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def write(path, name, **parts):
    """Fills the template `name.html` with `parts`, `name.js` and the common style; atomically."""
    text = string.Template(part(f"{name}.html").decode())
    own = {"base": part("base.css").decode(), "script": part(f"{name}.js").decode()}
    page = text.substitute(own | parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
