"""Pictures within a page."""

import base64
import html

PICTURES = 60
"""Most pictures of a run on a page."""

MOST_BYTES = 12e6
"""Most bytes of all pictures on a page, except that each run has at least two."""

CONTROLS = """<div class="controls">
<button id="play" type="button" aria-pressed="false">Play</button>
<label for="epoch">Epoch</label><input id="epoch" type="range" min="0" step="1">
<output for="epoch"></output></div>"""


def samples(groups, labels):
    """Returns the HTML of the pictures of runs, with a slider over the epochs.

    Args:
        groups: Lists of `runs.Run`s, of which the first are shown, and others on demand.
        labels: Dict from their paths to labels.
    """
    found = [run for group in groups for run in group]
    most = _most(found)
    first = [_card_of(group[0], labels, most) for group in groups]
    others = [_card_of(run, labels, most) for group in groups for run in group[1:]]
    if not any([*first, *others]):
        return ""
    parts = [CONTROLS, f'<div id="samples">{_cards(first)}']
    if any(others):
        seeds = f"<summary>Other seeds ({len(others)} runs)</summary>"
        parts.append(f"<details>{seeds}{_cards(others)}</details>")
    left_out = sum(max(0, len(run.pictures) - most) for run in found)
    if left_out:
        parts.append(f"<p>{left_out:,} more pictures are in the run directories.</p>")
    return "".join([*parts, "</div>"])


def _card_of(run, labels, most):
    label = labels[run.path]
    shown = _spread(run.pictures, most).items()
    images = [image(f"Samples of {label}, epoch {epoch}", path, epoch) for epoch, path in shown]
    return card(label if len(labels) > 1 else "", images) if images else ""


def _cards(cards):
    return f'<div class="cards">{"".join(cards)}</div>'


def _most(found):
    """Returns how many pictures of each run fit on the page, by the largest."""
    sizes = [path.stat().st_size for run in found for path in run.pictures.values()]
    fit = int(MOST_BYTES / max(sizes) / len(found)) if sizes else 0
    return max(2, min(PICTURES, fit))


def _spread(pictures, most):
    """Returns at most so many pictures, evenly over the epochs, with the first and the last."""
    epochs, last = list(pictures), len(pictures) - 1
    if len(epochs) > most:
        epochs = [epochs[round(i * last / (most - 1))] for i in range(most)]
    return {epoch: pictures[epoch] for epoch in epochs}


def card(label, images):
    """Returns the HTML of a figure of one or more images, with a caption if it is not empty."""
    caption = f"<figcaption>{html.escape(label)}</figcaption>" if label else ""
    return f"<figure>{caption}{''.join(images)}</figure>"


def image(text, content, epoch=None):
    """Returns the HTML of a PNG, bytes or a path, described by a text."""
    content = content if isinstance(content, bytes) else content.read_bytes()
    number = "" if epoch is None else f' data-epoch="{epoch}"'
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return f'<img alt="{html.escape(text)}"{number} src="{source}">'
