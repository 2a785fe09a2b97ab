import numpy as np
import pytest

import geans
from geans import networks, pages
from geans.models import latent_space
from tests import browser

pytestmark = pytest.mark.slow
READY = "document.getElementById('status').textContent.includes('weights')"
GENERATE = """
const [latents, label, done] = arguments;
geans.generate(Float32Array.from(latents), label).then((pixels) => done([...pixels]));
"""
PICTURE = """
const canvas = document.getElementById("picture");
const {width, height} = canvas;
return [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
"""
MOVE = """
const [id, value] = arguments;
const input = document.getElementById(id);
input.value = value;
input.dispatchEvent(new Event("input"));
"""


def style():
    return geans.GAN(
        networks.style.generator(4, (16, 24, 3), width=4, max_width=8, seed=0),
        networks.style.discriminator((16, 24, 3), width=4, max_width=8, seed=0),
        name="style",
    )


def infogan():
    options = {"num_categories": 3, "num_continuous": 2}
    shape = (8, 8, 1)
    heads = {"category_logits": 3, "continuous": 2}
    discriminator = networks.mlp.discriminator(shape, units=[4], seed=0)
    return geans.InfoGAN(
        networks.mlp.generator(9, shape, units=[8], seed=0),
        networks.with_heads(discriminator, heads, seed=0),
        **options,
    )


@pytest.fixture(scope="module")
def driver():
    with browser.opened() as driver:
        yield driver


@pytest.fixture(scope="module")
def digits():
    return geans.from_pretrained("digits")


def open_page(driver, model, path, **options):
    pages.explore(model, path, **options)
    driver.get(path.as_uri())
    browser.wait_for(driver, READY)


def pixels(samples):
    return (np.asarray(samples, "float64") + 1) * 127.5


def in_browser(driver, latents, label=0):
    return driver.execute_async_script(GENERATE, np.ravel(latents).tolist(), label)


def test_digits_are_those_of_keras_and_nothing_is_asked_for(driver, digits, tmp_path):
    open_page(driver, digits, tmp_path / "page.html", labels="abcdefghij", title="<b>")
    latents = np.random.default_rng(0).normal(size=(3, 64)).astype("float32")
    found = np.reshape(in_browser(driver, latents, 7), (3, 28, 28, 1))
    expected = pixels(digits.generate([latents, np.full(3, 7)]))
    assert np.abs(found - expected).max() < 2
    assert found.std() > 30
    assert driver.title == "<b>"
    names = driver.execute_script(
        "return [...document.querySelectorAll('option')].map(o => o.text)"
    )
    assert names == list("abcdefghij")
    assert browser.requests(driver) == browser.errors(driver) == []


def test_style_images_of_any_shape(driver, tmp_path):
    model = style()
    open_page(driver, model, tmp_path / "page.html")
    latents = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    found = np.reshape(in_browser(driver, latents), (2, 16, 24, 3))
    assert np.abs(found - pixels(model.generate(latents))).max() < 2
    shown = np.reshape(driver.execute_script(PICTURE), (16, 24, 4))
    assert (shown[..., 3] == 255).all() and shown[..., :3].std() > 0
    assert driver.execute_script("return document.getElementById('choice').hidden")


def test_directions_of_styles(driver, tmp_path):
    model, move = style(), np.random.default_rng(0).normal(size=128)
    options = {"directions": {"wild": move}, "space": "styles"}
    open_page(driver, model, tmp_path / "page.html", **options)
    driver.execute_script("document.getElementById('direction0').value = 2")
    inputs = model.sampling_inputs(2, 0)
    found = np.reshape(in_browser(driver, np.asarray(inputs)), (2, 16, 24, 3))
    expected = latent_space.traverse(model, inputs, move, steps=2, reach=2.0, space="styles")
    assert np.abs(found - pixels(expected[:, 1])).max() < 2
    assert np.abs(found - pixels(expected[:, 0])).max() > 10


def test_sliders_labels_and_buttons_change_the_picture(driver, digits, tmp_path):
    vector = np.eye(64)[3]
    open_page(driver, digits, tmp_path / "page.html", directions={"wide": vector})
    seen = [driver.execute_script(PICTURE)]

    def changed():
        return driver.execute_script(PICTURE) != seen[-1]

    def settled():
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(driver, 30).until(lambda _: changed())
        seen.append(driver.execute_script(PICTURE))

    for control, value in (("label", 3), ("direction0", 4), ("share", 0.5), ("truncation", 0.4)):
        driver.execute_script(MOVE, control, value)
        settled()
    shown = driver.execute_script(
        "return [...document.querySelectorAll('output')].map(o => o.value)"
    )
    assert shown == ["0.4", "0.5", "4"]
    for button in ("reset", "new", "play"):
        driver.find_element("id", button).click()
        settled()
    driver.find_element("id", "play").click()
    driver.find_element("css selector", "#others button").click()
    settled()
    assert browser.errors(driver) == []


def test_truncation_is_that_of_sample(driver, digits, tmp_path):
    open_page(driver, digits, tmp_path / "page.html")
    inputs = digits.sampling_inputs(4, 0)
    latents = np.asarray(latent_space.latents_of(inputs))
    script = "return [...geans.truncated(Float64Array.from(arguments[0]), arguments[1])]"
    for threshold in (0.1, 1.0, 2.95):
        found = driver.execute_script(script, latents.ravel().tolist(), threshold)
        expected = latent_space.truncate(digits, inputs, threshold)
        np.testing.assert_allclose(
            found, np.ravel(latent_space.latents_of(expected)), rtol=1e-5, atol=1e-6
        )


def test_codes_of_an_infogan_are_a_choice_and_sliders(driver, tmp_path):
    open_page(driver, infogan(), tmp_path / "page.html")
    script = """
    document.getElementById("label").value = 2;
    document.getElementById("direction1").value = 0.5;
    return [...latentsOf(new Float64Array(4), 2)];
    """
    found = driver.execute_script(script)
    np.testing.assert_allclose(found, [0, 0, 0, 0, 0, 0, 1, 0, 0.5])


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_everything_is_as_wide_as_the_screen(dark, digits, tmp_path):
    with browser.opened(dark=dark, phone=True) as driver:
        open_page(driver, digits, tmp_path / "page.html")
        script = "return [document.documentElement.scrollWidth, innerWidth]"
        assert driver.execute_script(script) == [390, 390]
        style = "return getComputedStyle(document.body).backgroundColor"
        red = int(driver.execute_script(style).split("(")[1].split(",")[0])
        assert (red < 100) == dark


def test_what_cannot_be_explored_is_said(digits, tmp_path, make_model):
    with pytest.raises(ValueError, match="must end in .html. Received"):
        pages.explore(digits, tmp_path / "page")
    with pytest.raises(ValueError, match=r"array \(64,\) of finite numbers. Received: 'a'"):
        pages.explore(digits, tmp_path / "page.html", directions={"a": np.zeros(3)})
    with pytest.raises(ValueError, match="10 labels. Received: 2 names"):
        pages.explore(digits, tmp_path / "page.html", labels=["a", "b"])
    with pytest.raises(
        ValueError, match=r"images from latents. Received: one that makes \(None, 2\)"
    ):
        pages.explore(make_model(geans.GAN), tmp_path / "page.html")
    with pytest.raises(ValueError, match="Received: one that is a Functional"):
        pages.explore(digits.generator, tmp_path / "page.html")
    with pytest.raises(ValueError, match="Pass the directions in the space of styles"):
        pages.explore(style(), tmp_path / "page.html", space="styles")
    with pytest.raises(ValueError, match="space"):
        pages.explore(style(), tmp_path / "page.html", space="w")
    assert not list(tmp_path.iterdir())
