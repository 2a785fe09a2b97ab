"""Serves samples of an exported model over HTTP; needs TensorFlow and Pillow, not geans.

    geans export --pretrained=fashion --output=clothing
    python examples/serving.py --model=clothing --port=8000
    curl "http://127.0.0.1:8000/?seed=3&label=8" --output=bag.png

Expect a PNG of one sample for a seed, the same for the same seed; a label if the model has them. It
starts in seconds, not minutes. Listens on this machine alone; put a real server in front of it.
"""

import argparse
import http.server
import io
import urllib.parse

import numpy as np
import tensorflow as tf
from PIL import Image


def png(model, query):
    """Returns the bytes of a picture for the parameters of an address."""
    asked = {name: int(values[0]) for name, values in urllib.parse.parse_qs(query).items()}
    labels = [asked["label"]] if "label" in asked else []
    image = model.sample(1, asked.get("seed", 0), *labels)[0].numpy()
    pixels = np.uint8(np.rint((image + 1) * 127.5))
    stream = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(stream, "PNG")
    return stream.getvalue()


def handler_of(model):
    """Returns a class that answers requests with samples of a loaded model."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                answer, code, kind = png(model, urllib.parse.urlsplit(self.path).query), 200, "png"
            except (ValueError, TypeError, tf.errors.OpError):
                answer, code, kind = b"?seed=INTEGER, and &label=INTEGER if it has labels", 400, ""
            self.send_response(code)
            self.send_header("Content-Type", f"image/{kind}" if kind else "text/plain")
            self.end_headers()
            self.wfile.write(answer)

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder that geans export has written")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    arguments = parser.parse_args()
    model = tf.saved_model.load(arguments.model)
    with http.server.HTTPServer(("127.0.0.1", arguments.port), handler_of(model)) as server:
        print(f"http://127.0.0.1:{server.server_port}/?seed=0", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
