# SPDX-License-Identifier: MIT
"""A real, headless Chromium."""

import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from waiting import HANG_LIMIT


def missing():
    """Returns the names of required programs that are missing."""
    return [name for name in ("chromium", "chromedriver") if not shutil.which(name)]


class Browser:
    """A Chromium with a temporary profile; `driver` is Selenium's."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(
            prefix="passerelle-chromium-", ignore_cleanup_errors=True
        )
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--lang=en-GB",
            f"--user-data-dir={self.profile.name}",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"))
        )
        self.driver.set_script_timeout(HANG_LIMIT)
        self.show(1280, 800)

    def show(self, width, height, dark=False):
        """Sets the size of the page, and the light or the dark scheme."""
        mobile = width < 720
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def emulate(self, **settings):
        """Sets features of the user's system, such as `forced-colors`, until `show` is called."""
        features = [{"name": name, "value": value} for name, value in settings.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def complaints(self):
        """Returns the errors that the browser has logged since the last call.

        A test types faster than any person. The gateway may then refuse an event because of
        Channels' ten client events a second: this answer is expected, and the page handles it.
        """
        lines = [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]
        return [line for line in lines if not ("/events?user=" in line and "429" in line)]

    def close(self):
        self.driver.quit()
        self.profile.cleanup()
