"""The page in a process of its own, asked over HTTP and by a browser."""

import os
import signal
import socket
import subprocess
import sys
from unittest import mock

import browsers
import demo_samples
import numpy as np
import programs
import pytest

from guided_segmentation import artifacts
from guided_segmentation.demo import gallery, page, session, upload

LIMITS = upload.Limits()
PATIENCE = 120  # Seconds until a server that hangs is given up.
CHOICES = ("g2", 0.5, 0.5, 1.0, 1.0, True, "none")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    pytest.importorskip("gradio", reason="wants gradio: pip install .[demo]")
    folder = tmp_path_factory.mktemp("demo")
    demo_samples.write_run(folder)
    process = subprocess.Popen(
        [
            sys.executable,
            str(programs.ROOT / "bin" / "demo_server"),
            f"--work_dir={folder}",
            f"--port={free_port()}",
            "--max_upload_mb=0.5",
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "GRADIO_TEMP_DIR": str(folder / "uploads")},
    )
    with process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def url(server):
    said = server.stdout.readline()
    assert said.startswith("the demo is at http://127.0.0.1:")
    return said.split()[4].rstrip(";")


@pytest.fixture(scope="module")
def client(url):
    gradio_client = pytest.importorskip("gradio_client")
    return gradio_client.Client(url, verbose=False, analytics_enabled=False)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "val_000000.png"
    artifacts.write_image(path, demo_samples.SOURCE.image("val_000000"))
    return path


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def ask(client, path, tags=("wasp", "medic")):
    from gradio_client import handle_file

    photo = handle_file(str(path))
    return client.predict(photo, list(tags), *CHOICES, api_name="/show")


def test_a_photograph_goes_in_and_pictures_come_out(client, photo):
    shown = ask(client, photo)
    assert shown.count("<img ") == 5
    found = demo_samples.downloads(shown)
    assert found.keys() == {"seeds.png", "guide_g2.png", "segmenter.png"}
    size = demo_samples.SOURCE.image("val_000000").shape[:2]
    for content in found.values():
        assert artifacts.decode_label_map(content).shape == size


def test_the_page_shows_what_a_session_returns(client, photo):
    """From the same weights: the run in its folder."""
    shown = demo_samples.downloads(ask(client, photo))
    answers = session.DemoSession(demo_samples.networks(), LIMITS)
    wanted = answers.show(str(photo), ["wasp", "medic"], *CHOICES)
    seeds = demo_samples.downloads(wanted)["seeds.png"]
    assert len(np.unique(artifacts.decode_label_map(seeds))) > 1
    assert shown["seeds.png"] == seeds


def test_a_file_of_another_type_gets_one_line(client, tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("not a photograph")
    assert ask(client, path) == gallery.message_html(
        "notes.png: wanted a photograph as JPEG or PNG, found a file of "
        "another type; choose another",
        "problem",
    )


def test_a_file_too_large_is_not_even_taken(client, tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(bytes(2**20))
    with pytest.raises(Exception, match=r"413|exceed"):
        ask(client, path)


def test_other_machines_are_not_let_in(url):
    port = int(url.rstrip("/").rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port), 5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), 5).close()


@pytest.fixture(scope="module")
def browser():
    with browsers.chromium() as opened:
        yield opened


def test_a_person_uploads_a_photograph_and_moves_a_slider(url, browser, photo):
    screen = browser.new_page()
    asked = []
    screen.on("request", lambda request: asked.append(request.url))
    screen.goto(url)
    screen.set_input_files("input[type=file]", str(photo))
    guide = screen.locator("img[alt='Guide: G2']")
    guide.wait_for()
    # The seeder finds the first four of six objects wherever it looks.
    ticked = screen.locator("input[type=checkbox][name=wasp]:checked")
    assert ticked.count() == 1
    before = guide.get_attribute("src")

    screen.get_by_label("archer").uncheck()
    screen.wait_for_function(changed(before))
    fewer = guide.get_attribute("src")

    slider = screen.get_by_role("slider", name="Seed threshold").first
    slider.focus()
    slider.press("End")
    screen.wait_for_function(changed(fewer))
    assert all(each.startswith((url, "data:", "blob:")) for each in asked)
    screen.close()


def changed(source):
    return f"document.querySelector(\"img[alt='Guide: G2']\").src != '{source}'"


def test_sigterm_ends_the_server_without_a_fault(url, server):
    server.send_signal(signal.SIGTERM)
    assert server.wait(PATIENCE) == 0


@pytest.fixture
def signals():
    """Leaves the handlers of this process as they were."""
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_page(signals, number):
    served = mock.Mock()
    served.launch.side_effect = lambda **_: os.kill(os.getpid(), number)
    with mock.patch.object(page, "gradio"):
        page.serve(served, "127.0.0.1", 7860, LIMITS)
    assert served.close.call_count == 1


def test_a_port_that_is_taken_is_told_in_one_line(signals):
    served = mock.Mock()
    served.launch.side_effect = OSError("gradio's own words")
    with (
        mock.patch.object(page, "gradio"),
        pytest.raises(OSError) as caught,
    ):
        page.serve(served, "127.0.0.1", 7860, LIMITS)
    assert str(caught.value) == (
        "wanted to listen on 127.0.0.1:7860, found it taken or not of this "
        "machine; choose another --port or --host"
    )


def test_without_gradio_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(ValueError) as caught:
        page.gradio()
    assert str(caught.value) == (
        "the demo's page: wanted the package gradio, found none; "
        "pip install 'guided_segmentation[demo]'"
    )
