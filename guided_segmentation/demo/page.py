"""The demo's web page: the gradio layout and events around a DemoSession.

gradio belongs to the extra [demo] and is imported when a page is built.
"""

import os
import pathlib
import signal
import threading
import types

import numpy as np

from guided_segmentation import artifacts, extras, guides, labels
from guided_segmentation.datasets import synthetic
from guided_segmentation.demo import gallery, upload
from guided_segmentation.demo.session import CRFS, GUIDES, DemoSession
from guided_segmentation.report import legend, templates
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import seeds

NUM_SCENES = 6
_MAX_QUEUE = 32
_UPLOADS_KEPT_SECONDS = 3600

_ONE_AT_A_TIME = {"concurrency_id": "networks", "concurrency_limit": 1}
_FONTS = ["system-ui", "sans-serif"]  # System fonts; none is downloaded.
_TITLE = "From tags and saliency to a segmenter"


def gradio() -> types.ModuleType:
    """Imports gradio, with its usage statistics turned off.

    Raises:
      ValueError: If it is not installed.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    return extras.imported("gradio", "demo", "the demo's page")


def build(
    session: DemoSession,
    scenes_dir: artifacts.Path,
    seed_threshold: float = seeds.THRESHOLD,
):
    """Builds the page.

    Args:
      session: Computes what the page shows.
      scenes_dir: Folder to write the synthetic example scenes to.
      seed_threshold: Initial value of the slider for tau.

    Returns:
      gradio.Blocks, not yet served.

    Raises:
      ValueError: If gradio is not installed.
    """
    gr = gradio()
    scenes = _write_scenes(session.label_set, pathlib.Path(scenes_dir))
    page = gr.Blocks(
        title=_TITLE,
        analytics_enabled=False,
        delete_cache=(_UPLOADS_KEPT_SECONDS, _UPLOADS_KEPT_SECONDS),
    )
    with page:
        gr.Markdown(str(templates.render("demo/templates/lead.md")))
        with gr.Row():
            with gr.Column(scale=1, min_width=280, elem_id="asked"):
                photo, chooser, tags = _inputs(gr, session.label_set, scenes)
                with gr.Accordion("Settings", elem_id="controls"):
                    controls = _controls(gr, seed_threshold)
            with gr.Column(scale=3, min_width=320, elem_id="shown"):
                shown = gr.HTML(str(gallery.message_html(gallery.WELCOME)))
        inputs = [photo, tags, *controls]
        _connect(gr, session, inputs, shown, chooser, scenes)
    return page.queue(max_size=_MAX_QUEUE)


def serve(page, host: str, port: int, limits: upload.Limits) -> None:
    """Serves a page until Ctrl-C or SIGTERM.

    Args:
      page: What `build` returns.
      host: Address to listen on; 127.0.0.1 admits this machine only.
      port: Port to listen on.
      limits: Limits on uploaded photographs.

    Raises:
      OSError: If the port is taken, or the host is not this machine.
      ValueError: If gradio is not installed.
    """
    gr = gradio()
    theme = gr.themes.Default(primary_hue="blue", font=_FONTS, font_mono=_FONTS)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        page.launch(
            server_name=host,
            server_port=port,
            max_file_size=int(limits.max_megabytes * upload.MEGABYTE),
            prevent_thread_lock=True,
            share=False,
            ssr_mode=False,
            quiet=True,
            footer_links=[],
            theme=theme.set(body_text_color_subdued="*neutral_600"),
            css=str(templates.render("demo/templates/page.css")),
        )
    except OSError as error:
        raise OSError(
            f"wanted to listen on {host}:{port}, found it taken or not of this "
            f"machine; choose another --port or --host"
        ) from error
    print(f"the demo is at {page.local_url}; Ctrl-C ends it", flush=True)
    while not stopped.wait(1):
        pass  # Signal handlers run only while this thread executes Python.
    page.close(verbose=False)


def _inputs(gr, label_set: labels.LabelSet, scenes: list) -> tuple:
    """Adds the upload, the choice of example scenes, and the tags."""
    photo = gr.File(
        label="Photograph, JPEG or PNG",
        file_types=[".jpg", ".jpeg", ".png"],
        height=150,
    )
    chooser = gr.Dataset(
        label="or an example scene",
        components=[gr.Image(visible=False)],
        samples=[[path] for path, _ in scenes],
        type="index",
        visible=bool(scenes),
        elem_id="scenes",
    )
    tags = gr.CheckboxGroup(
        label_set.objects,
        label="What it shows",
        info="The seeder's suggestions are ticked; correct them.",
    )
    return photo, chooser, tags


def _controls(gr, seed_threshold: float) -> list:
    """Adds the settings that DemoSession.show takes, in its order."""
    guide = gr.Radio(
        [(legend.NAMES[name], name) for name in GUIDES],
        value=GUIDES[0],
        label="Guide",
    )
    fraction = {"minimum": 0, "maximum": 1, "step": 0.01}
    tau = gr.Slider(**fraction, value=seed_threshold, label="Seed threshold")
    saliency_threshold = gr.Slider(
        **fraction, value=detector.THRESHOLD, label="Saliency threshold"
    )
    seed = gr.Slider(
        0,
        20,
        100 * float(guides.PAPER.seed_min_area),
        step=0.1,
        label="Smallest seed (%)",
    )
    region = gr.Slider(
        0,
        20,
        100 * float(guides.PAPER.saliency_min_area),
        step=0.1,
        label="Smallest salient region (%)",
    )
    use_crf = gr.Checkbox(True, label="CRF where classes touch")
    refined = gr.Radio(CRFS, value=CRFS[0], label="CRF on the segmenter")
    return [
        guide,
        tau,
        saliency_threshold,
        seed,
        region,
        use_crf,
        refined,
    ]


def _connect(
    gr, session: DemoSession, inputs: list, shown, chooser, scenes: list
) -> None:
    """Updates tags and pictures when an input changes."""
    photo, tags, *controls = inputs
    show = {
        "fn": session.show,
        "inputs": inputs,
        "outputs": shown,
        "show_progress": "minimal",
        "trigger_mode": "always_last",
        **_ONE_AT_A_TIME,
    }
    gr.on(
        [photo.clear, tags.input, *(each.change for each in controls)], **show
    )
    suggested = photo.upload(session.suggest, photo, tags, **_ONE_AT_A_TIME)
    chosen = chooser.click(
        scenes.__getitem__, chooser, [photo, tags], api_visibility="private"
    )
    for filled in (suggested, chosen):
        filled.then(**show, api_visibility="private")


def _write_scenes(
    label_set: labels.LabelSet, folder: pathlib.Path
) -> list[tuple[str, list[str]]]:
    """Writes example scenes; returns their paths and tags.

    There are none unless the networks were trained on the synthetic data set.
    """
    if label_set != synthetic.LABEL_SET:
        return []
    source = synthetic.source("val", num_images=NUM_SCENES)
    scenes = []
    for image_id in source.image_ids:
        path = folder / f"{image_id}.png"
        artifacts.write_image(path, source.image(image_id))
        present = np.flatnonzero(source.image_labels(image_id))
        scenes.append((str(path), [label_set.objects[i] for i in present]))
    return scenes
