import functools
import http.server
import pathlib
import subprocess
import sys
import threading

import pytest

from tests import browser

pytestmark = pytest.mark.slow
ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where the site is served, built strictly."""
    pytest.importorskip("mkdocs", reason="needs the extra [docs]")
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict"]
    command += [f"--config-file={ROOT / 'website/mkdocs.yml'}", f"--site-dir={site}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
def test_the_start_page(dark, phone, address):
    with browser.opened(dark=dark, phone=phone) as driver:
        driver.get(address)
        browser.wait_for(driver, "document.querySelector('h1') !== null")
        width, seen = driver.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth]"
        )
        assert width <= seen
        broken = driver.execute_script(
            "return [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        )
        assert broken == browser.errors(driver) == []
        assert all(url.startswith(address) for url in browser.requests(driver))
        style = "return getComputedStyle(document.body).backgroundColor"
        red = int(driver.execute_script(style).split("(")[1].split(",")[0])
        assert (red < 100) == dark


def test_formulas_docstrings_and_links(address):
    with browser.opened() as driver:
        driver.get(f"{address}method/")
        assert driver.execute_script("return document.querySelectorAll('math').length") > 50
        driver.get(f"{address}api/losses/")
        names = driver.execute_script("return [...document.querySelectorAll('h2')].map(h => h.id)")
        assert "geans.losses.NonSaturating" in names
        driver.get(address)  # A folder of the repository, which the site does not have.
        assert "geans/data/licences" in driver.find_element("tag name", "main").text
        assert not driver.find_elements("css selector", "a[href*='geans/data']")
