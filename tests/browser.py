"""A headless Chromium that opens pages from the disk, without a network."""

import contextlib
import json
import shutil

import pytest

SWITCHES = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-quic --hide-scrollbars"
).split()
PROGRAMS = ("chromium", "chromedriver")


@contextlib.contextmanager
def opened(dark=False, phone=False):
    """Yields a Selenium driver; skips the test if there is no browser."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    if not all(map(shutil.which, PROGRAMS)):
        pytest.skip(f"needs {' and '.join(PROGRAMS)}: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which(PROGRAMS[0])
    window = "390,844" if phone else "1100,900"
    for switch in (*SWITCHES, f"--window-size={window}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    service = webdriver.ChromeService(shutil.which(PROGRAMS[1]))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(60)
    try:
        media = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
        if phone:  # Headless windows are at least 500 pixels wide.
            size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield driver
    finally:
        driver.quit()


def wait_for(driver, condition):
    """Waits until a JavaScript expression is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 60).until(lambda each: each.execute_script(f"return {condition}"))


def requests(driver):
    """Addresses that a page asked for, but for itself and what it has within itself."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    urls = [each["request"]["url"] for each in sent]
    return [url for url in urls if url != driver.current_url and url[:5] not in ("blob:", "data:")]


def errors(driver):
    """Errors in a page's console; reading a canvas often, as tests do, only warns."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
