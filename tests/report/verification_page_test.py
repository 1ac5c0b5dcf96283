import pytest
from browsers import chromium
from PIL import Image

from guided_segmentation.datasets.verification import (
    findings,
    layouts,
    verify,
)
from guided_segmentation.labels import LabelSet
from guided_segmentation.report import verification_page

NAMES = ("\u4ea4\u901a \u706f", "<b>dog</b>")


@pytest.fixture
def verification(tmp_path):
    """One readable photograph, and findings of each severity."""
    Image.new("RGB", (60, 40), "teal").save(tmp_path / "a.png")
    layout = layouts.Layout(
        name="folder",
        photographs={i: tmp_path / f"{i}.png" for i in ("a", "b")},
        splits={"train": ("a",), "val": ("b",)},
        label_set=LabelSet(NAMES),
        has_listed_classes=True,
    )
    found = [
        findings.Finding("unreadable", "b.png: wanted <an image>", ("b",)),
        findings.Finding("duplicate", "a and b: identical files", ("a", "b")),
        *(findings.Finding("turned", f"{n}.jpg", ("a",)) for n in range(60)),
    ]
    counts = {NAMES[0]: 7, NAMES[1]: 0}
    return verify.Verification(
        layout=layout,
        findings=found,
        class_counts={"train": counts, "val": counts},
    )


def text_of(path, verification):
    verification_page.write(path, verification, "verify_dataset --x")
    return path.read_text()


def test_the_page_shows_findings_pictures_and_classes(tmp_path, verification):
    page = text_of(tmp_path / "page.html", verification)
    assert "b.png: wanted &lt;an image&gt;" in page
    assert "1 error to correct first" in page
    assert page.count("data:image/jpeg") == 2  # Not of b, which is none.
    assert page.count("<li>") == 2 + verification_page.MAX_SHOWN
    assert "and 10 more" in page
    assert NAMES[0] in page
    assert "&lt;b&gt;dog" in page
    assert "verify_dataset --x" in page


def test_a_faultless_data_set_is_said_to_be_one(tmp_path, verification):
    verification.findings.clear()
    page = text_of(tmp_path / "page.html", verification)
    assert "Nothing wrong was found." in page


def test_a_browser_shows_the_page_without_requests(tmp_path, verification):
    path = tmp_path / "page.html"
    text_of(path, verification)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 400, "height": 800})
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        titles = page.locator("h2").all_inner_texts()
        browser.close()
    assert [url for url in requests if not url.startswith("data:")] == [
        path.as_uri()
    ]
    assert wide <= 400
    assert titles[0].lower().startswith("error photographs that cannot be read")
