"""What the site has beside docs/: pages from elsewhere in the repository, the API, and formulas."""

import pathlib
import posixpath
import re

from latex2mathml import converter
from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "notebooks/README.md": "notebooks.md",
    "examples/README.md": "examples.md",
    "examples/keras_io/README.md": "keras_io.md",
}
"""Pages by their path in the repository, and where the site has them."""

FILES = (
    "CITATION.cff",
    *(
        path.relative_to(ROOT).as_posix()
        for pattern in ("notebooks/*.ipynb", "examples/**/*.py")
        for path in ROOT.glob(pattern)
    ),
)
"""Further files that pages link to."""

API = {
    "models": "Models",
    "rules": "Update rules",
    "networks": "Networks",
    "losses": "Losses",
    "penalties": "Penalties",
    "optimizers": "Optimizers",
    "augment": "Augmentation",
    "data": "Data",
    "metrics": "Metrics",
    "callbacks": "Callbacks",
    "plotting": "Pictures",
    "presets": "Presets",
    "experiment": "Runs",
    "comparison": "Comparisons",
    "pretrained": "Pretrained models",
    "pages": "Pages",
    "export": "Export",
}
"""Modules of geans, and the titles of their pages."""

MATH = re.compile(
    r"^```math\n(?P<block>.*?)^```$|(?P<code>^```.*?^```$|`[^`\n]+`)|\$(?P<inline>[^$\n]+)\$",
    re.DOTALL | re.MULTILINE,
)
FORMULA = re.compile("<i (block|inline)>([0-9a-f]+)</i>")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files, config):
    """Adds the pages and files from elsewhere."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    for path in FILES:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    for name, title in API.items():
        text = f"# {title}\n\n::: geans.{name}\n"
        files.append(File.generated(config, f"api/{name}.md", content=text))
    return files


def on_config(config):
    """Lists the API's pages."""
    pages = [{title: f"api/{name}.md"} for name, title in API.items()]
    config.nav = [{"API": pages} if entry == {"API": "api/"} else entry for entry in config.nav]
    return config


def on_page_markdown(markdown, page, config, files):
    """Lets links that hold in the repository hold in the site, others be text; draws formulas."""
    here = {site: path for path, site in PAGES.items()}.get(
        page.file.src_uri, f"docs/{page.file.src_uri}"
    )

    def moved(match):
        picture, text, target, anchor = match.groups()
        if ":" in target:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        site = PAGES.get(path) or path.removeprefix("docs/")
        if files.get_file_from_path(site) is None:
            return f"{text} (`{path}`)"
        site = posixpath.relpath(site, posixpath.dirname(page.file.src_uri) or ".")
        return f"{picture}[{text}]({site}{anchor or ''})"

    return MATH.sub(_formula, LINK.sub(moved, markdown))


def _formula(match):
    """Hides a formula from Markdown, which would change it."""
    if match["code"]:
        return match["code"]
    kind = "block" if match["block"] else "inline"
    return f"<i {kind}>{match[kind].strip().encode().hex()}</i>"


def on_page_content(html, page, config, files):
    """Draws formulas as MathML, for which browsers need no script."""
    return FORMULA.sub(
        lambda match: converter.convert(bytes.fromhex(match[2]).decode(), display=match[1]), html
    )
