# SPDX-License-Identifier: MIT
"""A real Chromium without a window."""

import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service


def missing():
    """Gives the names of the programs that are needed and not there."""
    return [name for name in ("chromium", "chromedriver") if not shutil.which(name)]


class Browser:
    """One Chromium with a profile of its own; `driver` is Selenium's."""

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
        self.driver.set_script_timeout(20)
        self.show(1280, 800)

    def show(self, width, height, dark=False):
        """Gives the page another size, and the light or the dark scheme."""
        mobile = width < 720
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def complaints(self):
        """Gives what the browser has complained of since it was last asked.

        A test types faster than any person, so that the gateway may hold it to Channels' ten client
        events a second: that answer is right, and the page lives with it.
        """
        lines = [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]
        return [line for line in lines if not ("/events?user=" in line and "429" in line)]

    def close(self):
        self.driver.quit()
        self.profile.cleanup()
