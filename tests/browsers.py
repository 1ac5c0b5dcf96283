"""A Chromium for tests that look at a page, if there is one."""

import contextlib
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def chromium():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="wants playwright: pip install .[test]"
    )
    if CHROMIUM is None:
        pytest.skip("wants Chromium (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        yield driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
