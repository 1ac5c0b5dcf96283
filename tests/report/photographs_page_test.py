"""The page of photographs: what it says, and what it does in a browser."""

import dataclasses
import json
import re

import browsers
import numpy as np
import pytest

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.report import photographs_page

LABEL_SET = labels.LabelSet(("snowy owl", "<b>fox", "heron"))
IDS = ("sure", "deep/#1 & co", "doubtful", "unmasked", "noted")
MARGINS = {"sure": 0.99, "deep/#1 & co": 0.95, "doubtful": 0.25, "noted": 0.92}
HEIGHT, WIDTH = 60, 80


def source(folder, count=len(IDS)):
    """Photographs with tags; more than five are copies of the first."""
    names = [*IDS, *(f"more {index:03}" for index in range(count - len(IDS)))]

    def image(image_id):
        if image_id == "broken":
            raise InputError("broken.jpg: unreadable image")
        return np.full((HEIGHT, WIDTH, 3), 120, np.uint8)

    return schema.Source(
        name="my photos",
        image_ids=tuple(names),
        image=image,
        image_labels=lambda image_id: np.array(
            [image_id != "noted", image_id == "noted", image_id == "noted"]
        ),
        label_set=LABEL_SET,
    )


def write_layers(folder, image_ids):
    for image_id in image_ids:
        label_map = np.zeros((HEIGHT, WIDTH), np.uint8)
        label_map[:30, :40] = 2 if image_id == "noted" else 1
        for name in ("mask", "guide", "seeds"):
            if name != "mask" or image_id != "unmasked":
                artifacts.write_label_map(
                    folder / name / f"{image_id}.png", label_map
                )
        artifacts.write_saliency_map(
            folder / "saliency" / f"{image_id}.png", label_map / 2
        )
    return {name: folder / name for name in photographs_page.LAYERS}


def write(folder, count=len(IDS), **changes):
    photographs = source(folder, count)
    arguments = {
        "layers": write_layers(folder, photographs.image_ids),
        "margins": MARGINS,
        "notes": {"noted": "from saliency <alone>"},
        "settings": {"network": {"input_size": 321}, "crf": None},
        "command": "make_masks --data_dir='<photos>'",
    }
    path = folder / "out" / "index.html"
    photographs_page.write(path, photographs, **{**arguments, **changes})
    return path


def data_of(path):
    text = path.read_text()
    found = re.search(
        r'<script type="application/json".*?>(.*?)</script>', text
    )
    return json.loads(found[1])


def test_the_most_doubtful_photographs_come_first(tmp_path):
    found = data_of(write(tmp_path))["photographs"]
    order = [each["id"] for each in found]
    assert order == ["unmasked", "doubtful", "noted", "deep/#1 & co", "sure"]


def test_a_photograph_is_marked_for_a_reason(tmp_path):
    found = data_of(write(tmp_path))["photographs"]
    reasons = {each["id"]: each["reasons"] for each in found}
    assert reasons == {
        "sure": [],
        "deep/#1 & co": [],
        "unmasked": ["no mask"],
        "doubtful": [
            "mean margin 25.0\N{THIN SPACE}%, below 90.0\N{THIN SPACE}%"
        ],
        "noted": [
            "tagged heron, but the mask has none of it",
            "from saliency <alone>",
        ],
    }


def test_areas_are_fractions_of_the_pixels(tmp_path):
    path = write(tmp_path)
    found = {each["id"]: each for each in data_of(path)["photographs"]}
    assert found["sure"]["areas"] == [[0, 0.75], [1, 0.25]]
    assert found["unmasked"]["areas"] == []
    text = path.read_text()
    # A quarter of each of three masks out of four, and of one.
    assert "<td>3</td><td>18.8\N{THIN SPACE}%</td>" in text
    assert "<td>1</td><td>6.2\N{THIN SPACE}%</td>" in text
    assert "background\n75.0\N{THIN SPACE}%" in text


def test_pictures_are_files_beside_the_page(tmp_path):
    path = write(tmp_path)
    for each in data_of(path)["photographs"]:
        assert each["pictures"].keys() >= {"photograph", "saliency", "guide"}
        assert ("mask" in each["pictures"]) == (each["id"] != "unmasked")
    name = "page/mask/deep/%231%20%26%20co.png"
    assert name in path.read_text()
    assert (path.parent / "page" / "mask" / "deep" / "#1 & co.png").exists()
    assert "data:" not in path.read_text()


def test_an_unreadable_photograph_is_marked(tmp_path):
    some = dataclasses.replace(source(tmp_path), image_ids=("sure", "broken"))
    write_layers(tmp_path, ["sure"])
    photographs_page.write(
        tmp_path / "index.html", some, layers={"mask": tmp_path / "mask"}
    )
    first = data_of(tmp_path / "index.html")["photographs"][0]
    assert first["id"] == "broken"
    assert first["reasons"] == ["broken.jpg: unreadable image", "no mask"]


def test_the_page_needs_no_network(tmp_path):
    text = write(tmp_path).read_text()
    assert not re.search(r"https?:|[\"'(]//|@import|url\(", text)
    assert not re.search(r"<(link|iframe|object)\b", text)


def test_text_of_users_is_escaped(tmp_path):
    text = write(tmp_path).read_text()
    for given in ("<b>fox", "<alone>", "<photos>"):
        assert given not in text


def test_settings_and_command_are_told(tmp_path):
    text = write(tmp_path).read_text()
    assert '<th scope="row">network.input_size</th><td>321</td>' in text
    assert "make_masks --data_dir=&#39;&lt;photos&gt;&#39;" in text


@pytest.mark.parametrize("label_set", [None, LABEL_SET])
def test_other_layers_or_no_classes_are_a_mistake(tmp_path, label_set):
    some = dataclasses.replace(source(tmp_path), label_set=label_set)
    name = "masks" if label_set else "mask"
    with pytest.raises(
        ValueError,
        match=r"^wanted layers among saliency, guide, seeds, mask and a "
        rf"source with classes, got {name} and ",
    ):
        photographs_page.write(
            tmp_path / "index.html", some, layers={name: tmp_path}
        )


@pytest.fixture(scope="module")
def browser():
    with browsers.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return write(tmp_path_factory.mktemp("page"), count=70).as_uri()


@pytest.fixture
def screen(browser, address):
    """The page at 1,200 pixels; nothing is fetched, nothing goes wrong."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    problems, asked = [], []
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("requestfailed", lambda request: problems.append(request.url))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(address)
    yield opened
    assert problems == []
    assert all(each.startswith("file:") for each in asked)
    context.close()


def shown(screen):
    """Ids of the photographs on the screen, in order."""
    return screen.locator("#grid code").all_inner_texts()


def is_visible(screen, name):
    return screen.locator(f"#grid .layer.{name}").last.is_visible()


@pytest.mark.parametrize(
    ("name", "key"),
    [("seeds", "s"), ("saliency", "a"), ("guide", "g"), ("mask", "m")],
)
def test_layers_are_toggled_by_key_and_by_button(screen, name, key):
    button = screen.locator(f"#controls [data-layer={name}]")
    before = is_visible(screen, name)
    assert before == (name == "mask")
    assert button.get_attribute("aria-pressed") == str(before).lower()
    screen.keyboard.press(key)
    assert is_visible(screen, name) != before
    assert button.get_attribute("aria-pressed") == str(not before).lower()
    button.click()
    assert is_visible(screen, name) == before


def test_every_picture_is_there(screen):
    for key in "sag":
        screen.keyboard.press(key)
    screen.locator("#grid").scroll_into_view_if_needed()
    screen.wait_for_function(
        """() => [...document.querySelectorAll("#grid .card")].slice(0, 4)
          .flatMap(card => [...card.querySelectorAll("img")])
          .every(image => image.complete && image.naturalWidth > 0)"""
    )


def test_opacity_is_that_of_the_slider(screen):
    screen.locator("#opacity").fill("25")
    layer = screen.locator("#grid .layer.mask").first
    opacity = layer.evaluate("node => getComputedStyle(node).opacity")
    assert opacity == "0.25"


def test_a_slash_starts_a_search_and_letters_then_toggle_nothing(screen):
    screen.keyboard.press("/")
    screen.keyboard.type("doubt gams"[:5])
    assert shown(screen) == ["doubtful"]
    assert screen.locator("#find").input_value() == "doubt"
    screen.locator("#find").fill("gams")
    assert shown(screen) == []
    assert "No photograph fits." in screen.locator("#grid").inner_text()
    assert is_visible_button(screen, "mask") == "true"
    screen.locator("#find").fill("SALIENCY <")  # Notes are searched too.
    assert shown(screen) == ["noted"]
    screen.keyboard.press("Escape")
    assert screen.evaluate("document.activeElement === document.body")


def is_visible_button(screen, name):
    return screen.locator(f"#controls [data-layer={name}]").get_attribute(
        "aria-pressed"
    )


def test_photographs_are_filtered_by_class_and_mark(screen):
    screen.locator("#class").select_option("<b>fox")
    assert shown(screen) == ["noted"]
    screen.locator("#class").select_option("all")
    screen.locator(".class-name", has_text="fox").click()
    assert shown(screen) == ["noted"]
    screen.locator("#class").select_option("all")
    screen.locator("#marked").check()
    assert shown(screen) == ["unmasked", "doubtful", "noted"]


def test_photographs_are_put_in_order_of_name(screen):
    screen.locator("#order").select_option("name")
    assert shown(screen)[:3] == ["deep/#1 & co", "doubtful", "more 000"]
    screen.locator("#order").select_option("doubt")
    assert shown(screen)[:3] == ["unmasked", "doubtful", "noted"]


def test_many_photographs_come_on_several_pages(screen):
    assert len(shown(screen)) == 60
    assert screen.locator("#count").inner_text() == "1 to 60 of 70 photographs"
    assert screen.locator("#previous").is_disabled()
    screen.locator("#next").click()
    assert screen.locator("#count").inner_text() == (
        "61 to 70 of 70 photographs"
    )
    assert len(shown(screen)) == 10
    assert screen.locator("#next").is_disabled()


FOCUSED = "document.activeElement.getAttribute('aria-label')"


def focused(screen):
    return screen.evaluate(FOCUSED)


def test_arrows_move_between_photographs(screen):
    screen.keyboard.press("ArrowRight")
    assert focused(screen) == "Enlarge unmasked"
    screen.keyboard.press("ArrowRight")
    assert focused(screen) == "Enlarge doubtful"
    screen.keyboard.press("ArrowLeft")
    screen.keyboard.press("ArrowDown")
    ids = shown(screen)
    assert focused(screen) == f"Enlarge {ids[4]}"  # Four columns.
    screen.keyboard.press("ArrowUp")
    assert focused(screen) == "Enlarge unmasked"
    screen.keyboard.press("ArrowLeft")
    assert focused(screen) == "Enlarge unmasked"
    screen.locator("#grid button.picture").last.focus()
    screen.keyboard.press("ArrowRight")
    assert screen.locator("#count").inner_text().startswith("61 to 70")
    screen.keyboard.press("ArrowLeft")
    assert focused(screen) == f"Enlarge {ids[59]}"


def test_enter_enlarges_arrows_turn_and_escape_closes(screen):
    screen.keyboard.press("ArrowRight")
    screen.keyboard.press("Enter")
    viewer = screen.locator("dialog")
    viewer.wait_for(state="visible")
    assert viewer.locator("code").inner_text() == "unmasked"
    assert viewer.locator("#before").is_disabled()
    for _ in range(2):
        screen.keyboard.press("ArrowRight")
    assert viewer.locator("code").inner_text() == "noted"
    assert viewer.locator(".layer.mask").is_visible()
    screen.keyboard.press("m")
    assert not viewer.locator(".layer.mask").is_visible()
    viewer.locator("[data-layer=mask]").click()
    assert viewer.locator(".layer.mask").is_visible()
    screen.keyboard.press("Escape")
    viewer.wait_for(state="hidden")
    # The dialog hands the focus back after it has closed.
    screen.wait_for_function(f"({FOCUSED}) === 'Enlarge noted'")


def test_the_focus_is_visible(screen):
    screen.keyboard.press("ArrowRight")
    outline = screen.evaluate(
        "getComputedStyle(document.activeElement).outlineWidth"
    )
    assert outline == "3px"


CONTRASTS = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map(
    (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  ).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = channels(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const node of document.querySelectorAll("body *")) {
    const text = [...node.childNodes].filter(
      (each) => each.nodeType === 3 && each.data.trim());
    if (!text.length || !node.checkVisibility()) continue;
    const pair = [getComputedStyle(node).color].map(channels).concat(
      [ground(node)]).map(light).sort((a, b) => b - a);
    found[text[0].data.trim().slice(0, 30)] =
      (pair[0] + 0.05) / (pair[1] + 0.05);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(screen, scheme):
    screen.emulate_media(color_scheme=scheme)
    ground = screen.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor"
    )
    # Until buttons have changed their colour.
    screen.wait_for_function("document.getAnimations().length === 0")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    contrasts = screen.evaluate(CONTRASTS)
    assert len(contrasts) > 30
    assert {k: v for k, v in contrasts.items() if v < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_need_not_scroll_sideways(screen, scheme):
    screen.set_viewport_size({"width": 400, "height": 800})
    screen.emulate_media(color_scheme=scheme)
    widths = "[document.documentElement.scrollWidth, innerWidth]"
    assert screen.evaluate(widths) == [400, 400]
    screen.locator("#grid button.picture").first.click()
    assert screen.evaluate(widths) == [400, 400]
    box = screen.locator("dialog").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 400
