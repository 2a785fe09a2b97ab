import itertools
import json
import shutil

import pytest

from geans import experiment, pages, report
from tests import browser
from tests.experiment.small_presets import fashion, ring
from tests.pages.made_runs import made, with_pictures

pytestmark = pytest.mark.slow
READY = "document.querySelector('output[for=epoch]').value !== ''"
SHOWN = """
const images = [...document.querySelectorAll("#samples img")];
return images.filter((each) => each.checkVisibility()).map((each) => Number(each.dataset.epoch));
"""
SECTIONS = "return [...document.querySelectorAll('h2')].map((each) => each.textContent)"
LEGENDS = "return [...document.querySelectorAll('.legend')].map((each) => each.textContent)"


@pytest.fixture(scope="module")
def driver():
    with browser.opened() as driver:
        yield driver


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of images and of points, trained, and copies of the latter as of other seeds."""
    folder = tmp_path_factory.mktemp("runs")
    few = {"data_options": {"limit": 60}, "batch_size": 20, "latent_dim": 4}
    images = fashion(**few, epochs=3, picture_every=1, evaluate_every=3)
    experiment.run(images, folder / "images", evaluation_samples=60)
    experiment.run(ring(epochs=2, samples_per_epoch=256), folder / "gean" / "0")
    for name, seed in [
        ("gean", 1),
        ("gean", 2),
        ("gean", 3),
        *zip(["gan"] * 4, range(4), strict=True),
    ]:
        copied(folder / "gean" / "0", folder / name / str(seed), f"{name}_ring", seed)
    return folder


def copied(run_dir, path, name, seed):
    """Copies a run as if it were one of another preset and seed, with other numbers."""
    shutil.copytree(run_dir, path, ignore=shutil.ignore_patterns("saved_model", "checkpoints"))
    changes = {"preset": {"seed": seed, "name": name}, "metrics": {"reverse_kl": seed / 10}}
    for file, changed in changes.items():
        values = json.loads((path / f"{file}.json").read_text())
        report.write_json(values | changed, path / f"{file}.json")


def text_of(driver):
    return driver.find_element("tag name", "body").text


def open_page(driver, run_dirs, path, **options):
    pages.report(run_dirs, path, **options)
    browser.requests(driver)  # Those of pages before.
    driver.get(path.as_uri())
    browser.wait_for(driver, READY)


def test_a_run_of_images(driver, runs, tmp_path):
    open_page(driver, runs / "images", tmp_path / "page.html")
    assert driver.execute_script(SECTIONS) == [
        *("Samples", "Numbers", "Curves", "Diagnosis", "Nearest training images", "Runs"),
        *("How it was made", "Not on this page"),
    ]
    text = text_of(driver)
    evaluation = json.loads((runs / "images" / "evaluation.json").read_text())
    assert all(f"{row['value']:.4g}" in text for row in evaluation)
    assert "60 real of embedded:fashion; 60 samples of the EMA generator" in text
    assert "Seed 0, 3 of 3 epochs." in text and "Images need 2,000 updates or more" in text
    assert "geans train --preset=gean_fashion " in text and " --batch_size=20 " in text
    assert "there is no metrics.json" in text
    assert browser.requests(driver) == browser.errors(driver) == []


def test_the_slider_changes_the_picture_also_by_the_keyboard(driver, runs, tmp_path):
    from selenium.webdriver.common.keys import Keys

    open_page(driver, runs / "images", tmp_path / "page.html", neighbours=False)
    assert "Nearest" not in "".join(driver.execute_script(SECTIONS))
    slider = driver.find_element("id", "epoch")
    output = driver.find_element("css selector", "output[for=epoch]")
    assert driver.execute_script(SHOWN) == [3]
    for key, epoch in ((Keys.ARROW_LEFT, 2), (Keys.HOME, 1), (Keys.ARROW_RIGHT, 2)):
        slider.send_keys(key)
        assert driver.execute_script(SHOWN) == [epoch] and output.text == str(epoch)
    assert slider.get_attribute("aria-valuetext") == "epoch 2"
    # Printed is the last, and nothing that is there to be pressed.
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert driver.execute_script(SHOWN) == [3] and not slider.is_displayed()
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    driver.find_element("id", "play").click()
    browser.wait_for(driver, "document.getElementById('play').textContent === 'Play'")
    assert driver.execute_script(SHOWN) == [3]
    assert browser.errors(driver) == []


def test_legends_tell_the_numbers_under_the_pointer(driver, runs, tmp_path):
    from selenium.webdriver import ActionChains

    open_page(driver, runs / "images", tmp_path / "page.html", neighbours=False)
    history = report.read_history(runs / "images" / "history.csv")
    last = driver.execute_script(LEGENDS)[0]
    chart = driver.find_element("css selector", "#charts svg")
    ActionChains(driver).move_to_element_with_offset(chart, -100, 0).perform()
    first = driver.execute_script(LEGENDS)[0]
    for epoch, text in ((-1, last), (0, first)):
        told = float(text.replace("discriminator", "").split("generator")[0])
        assert told == pytest.approx(history["discriminator_loss"][epoch], rel=1e-3)
    assert "epoch 1" in driver.find_element("css selector", "#charts output").text


def test_seeds_of_two_presets_side_by_side(driver, runs, tmp_path):
    run_dirs = [runs / name / str(seed) for name in ("gan", "gean") for seed in range(4)]
    (runs / "gan" / "3" / "model.keras").unlink(missing_ok=True)
    open_page(driver, run_dirs, tmp_path / "page.html", title="GAN & GEAN")
    assert driver.title == "GAN & GEAN"
    text = text_of(driver)
    assert "gan_ring: 4 runs with different seeds; gean_ring: 4 runs with different seeds." in text
    assert "difference" in text and "p = " in text and "2 of 2, unfinished" in text
    assert driver.execute_script(SHOWN) == [2, 2]  # One run of each.
    driver.find_element("css selector", "#samples summary").click()
    assert driver.execute_script(SHOWN) == [2] * 8
    assert driver.execute_script(LEGENDS)[0].startswith("gan")
    lines = "return document.querySelectorAll('#charts figure:first-child polyline').length"
    assert driver.execute_script(lines) == 8
    assert browser.requests(driver) == browser.errors(driver) == []


def test_a_comparison_is_a_run_directory_of_several(runs, tmp_path):
    for name, seed in itertools.product(("gan", "gean"), (0, 1)):
        shutil.copytree(runs / name / str(seed), tmp_path / "cmp" / name / f"seed_{seed}")
    report.write_json({}, tmp_path / "cmp" / "compare.json")
    pages.report(tmp_path / "cmp", tmp_path / "page.html")
    assert "gan_ring: 2 runs with different seeds" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_everything_is_as_wide_as_the_screen(dark, runs, tmp_path):
    run_dirs = [runs / "images", runs / "gan" / "0", runs / "gean" / "0"]
    with browser.opened(dark=dark, phone=True) as driver:
        open_page(driver, run_dirs, tmp_path / "page.html", neighbours=False)
        script = "return [document.documentElement.scrollWidth, innerWidth]"
        assert driver.execute_script(script) == [390, 390]
        style = "return getComputedStyle(document.body).backgroundColor"
        red = int(driver.execute_script(style).split("(")[1].split(",")[0])
        assert (red < 100) == dark


def test_an_unfinished_run_and_data_that_are_gone(driver, tmp_path):
    data = f"folder:{tmp_path / 'gone'}"
    run_dir = made(tmp_path / "run", "gan_fashion", cost=None, data=data, data_options={})
    open_page(driver, with_pictures(run_dir, [1]), tmp_path / "page.html")
    text = text_of(driver)
    assert "Nearest training images of gan_fashion: " in text and "gone" in text
    assert "0 of 2 epochs, unfinished" in text and "there is no history.csv" in text
    assert browser.errors(driver) == []


def test_words_of_files_are_text(driver, tmp_path):
    evil = '</script><script>document.title = "evil"</script><img src=x onerror="alert(1)">'
    run_dir = made(tmp_path / "run", data="embedded:" + evil, generator_options={evil: evil})
    report.write_json({evil: evil}, run_dir / "versions.json")
    finding = {"value": 1, "threshold": 1, "conspicuous": True, "text": evil, "advice": evil}
    report.write_json([{"name": evil} | finding], run_dir / "advice.json")
    report.write_epoch({"epoch": 1, evil: 1.0}, run_dir / "history.csv")
    pictured = shutil.copytree(with_pictures(run_dir, [1]), tmp_path / "<img src=y onerror=f()>")
    open_page(driver, pictured, tmp_path / "page.html", title=evil, neighbours=False)
    assert driver.title == evil
    assert text_of(driver).count(evil) >= 5
    count = "return document.querySelectorAll('img[onerror], script:not([id])').length"
    assert driver.execute_script(count) == 1
    assert browser.requests(driver) == browser.errors(driver) == []


def test_mistakes_are_said_before_anything_is_written(tmp_path):
    run_dir, page = made(tmp_path / "run"), tmp_path / "new" / "page.html"
    for run_dirs, path, message in (
        (run_dir, tmp_path / "new" / "page", "must end in .html. Received: .*page"),
        ([], page, "needs the directory of a run. Received: none"),
        (tmp_path / "nowhere", page, "There is no directory '.*nowhere'"),
        ([run_dir, tmp_path], page, "is not a run directory"),
        ([run_dir, f"{tmp_path}/./run"], page, "A run is there twice"),
        (3, page, "Pass the path of a file or a folder. Received: path=3"),
    ):
        with pytest.raises(ValueError, match=message):
            pages.report(run_dirs, path)
    assert [each.name for each in tmp_path.iterdir()] == ["run"]
