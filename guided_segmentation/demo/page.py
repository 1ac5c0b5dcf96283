"""The page of the demo: gradio around the pipeline, and nothing else.

gradio comes with the extra [demo], and is imported when a page is built.
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
from guided_segmentation.report import legend
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import seeds

NUM_SCENES = 6
_WAITING = 32  # Longest queue.
_HOUR = 3600  # Seconds after which uploads are deleted.

_ONE_AT_A_TIME = {"concurrency_id": "networks", "concurrency_limit": 1}
_FONTS = ["system-ui", "sans-serif"]  # Those that are there: none is fetched.

_TITLE = "From tags and saliency to a segmenter"
_LEAD = f"""# {_TITLE}
Nobody drew a mask. Networks that learned from tags say **where** objects are,
a saliency net says **how far** they reach, a guide joins the two, and a
segmenter learns from such guides. Your photograph goes no further than here."""
_CSS = """
.gallery { display: grid; gap: 16px; grid-template-columns: repeat(3, 1fr); }
.gallery figure { margin: 0; }
.gallery img { width: 100%; border-radius: 6px; }
.gallery figcaption { font-size: 13px; line-height: 1.4; margin-top: 4px; }
.gallery figcaption span { opacity: .75; }
.gallery b { font-size: 14px; }
.gallery a { float: right; text-decoration: underline; }
.legend { list-style: none; margin: 0; padding: 0; font-size: 14px; }
.legend i { display: inline-block; width: 14px; height: 14px; border-radius:
  3px; margin-right: 8px; vertical-align: -2px; border: 1px solid #8888; }
.note, .problem { padding: 10px 14px; border-radius: 6px; margin: 0 0 14px;
  background: var(--background-fill-secondary); }
.problem { border-left: 4px solid #c0392b; }
#scenes .gallery-item { width: 76px; height: 62px; overflow: hidden; }
#scenes .gallery { display: flex; flex-wrap: wrap; gap: 8px; }
#shown { position: sticky; top: 16px; align-self: flex-start; }
@media (max-width: 700px) {
  .gallery { grid-template-columns: 1fr 1fr; gap: 12px; }
  #asked { display: contents; }
  #asked > * { order: 1; width: 100%; }
  #shown { order: 2; position: static; }
  #asked > #controls { order: 3; }
}
"""


def gradio() -> types.ModuleType:
    """Imports gradio, with its reports to its makers turned off.

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
      session: Answers what the page asks.
      scenes_dir: Folder that the drawn scenes to choose from are written to.
      seed_threshold: Where the slider of tau begins.

    Returns:
      gradio.Blocks, not yet served.

    Raises:
      ValueError: If gradio is not installed.
    """
    gr = gradio()
    scenes = _scenes(session.label_set, pathlib.Path(scenes_dir))
    page = gr.Blocks(
        title=_TITLE, analytics_enabled=False, delete_cache=(_HOUR, _HOUR)
    )
    with page:
        gr.Markdown(_LEAD)
        with gr.Row():
            with gr.Column(scale=1, min_width=280, elem_id="asked"):
                photo = gr.File(
                    label="Photograph, JPEG or PNG",
                    file_types=[".jpg", ".jpeg", ".png"],
                    height=150,
                )
                chooser = gr.Dataset(
                    label="or a drawn scene",
                    components=[gr.Image(visible=False)],
                    samples=[[path] for path, _ in scenes],
                    type="index",
                    visible=bool(scenes),
                    elem_id="scenes",
                )
                tags = gr.CheckboxGroup(
                    session.label_set.objects,
                    label="What it shows",
                    info="Ticked is what the seeder finds: correct it.",
                )
                with gr.Accordion("Settings", elem_id="controls"):
                    controls = _controls(gr, seed_threshold)
            with gr.Column(scale=3, min_width=320, elem_id="shown"):
                shown = gr.HTML(gallery.say(gallery.WELCOME))
        show = {
            "fn": session.show,
            "inputs": [photo, tags, *controls],
            "outputs": shown,
            "show_progress": "minimal",
            "trigger_mode": "always_last",
            **_ONE_AT_A_TIME,
        }
        moved = [photo.clear, tags.input, *(each.change for each in controls)]
        gr.on(moved, **show)
        suggested = photo.upload(session.suggest, photo, tags, **_ONE_AT_A_TIME)
        chosen = chooser.click(
            scenes.__getitem__, chooser, [photo, tags], api_visibility="private"
        )
        for filled in (suggested, chosen):
            filled.then(**show, api_visibility="private")
    return page.queue(max_size=_WAITING)


def serve(page, host: str, port: int, limits: upload.Limits) -> None:
    """Serves a page until Ctrl-C or SIGTERM.

    Args:
      page: What `build` returns.
      host: Address to listen on; 127.0.0.1 keeps to this machine.
      port: To listen on.
      limits: What is taken from strangers.

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
            css=_CSS,
        )
    except OSError as error:
        raise OSError(
            f"wanted to listen on {host}:{port}, found it taken or not of this "
            f"machine; choose another --port or --host"
        ) from error
    print(f"the demo is at {page.local_url}; Ctrl-C ends it", flush=True)
    while not stopped.wait(1):
        pass  # Wakes up to hear a signal that another thread was given.
    page.close(verbose=False)


def _controls(gr, seed_threshold: float) -> list:
    """What DemoSession.show takes beside photograph and tags, in its order."""
    guide = gr.Radio(
        [(legend.NAMES[name], name) for name in GUIDES],
        value=GUIDES[0],
        label="Guide",
    )
    share = {"minimum": 0, "maximum": 1, "step": 0.01}
    tau = gr.Slider(**share, value=seed_threshold, label="Seed threshold")
    salient = gr.Slider(
        **share, value=detector.THRESHOLD, label="Saliency threshold"
    )
    seed_px = gr.Slider(
        0,
        500,
        guides.PAPER.seed_min_area_px,
        step=1,
        label="Smallest seed (pixels)",
    )
    region = gr.Slider(
        0,
        20,
        100 * guides.PAPER.saliency_min_area,
        step=0.1,
        label="Smallest salient region (%)",
    )
    divide = gr.Checkbox(True, label="CRF where classes touch")
    refined = gr.Radio(CRFS, value=CRFS[0], label="CRF on the segmenter")
    return [guide, tau, salient, seed_px, region, divide, refined]


def _scenes(label_set: labels.LabelSet, folder: pathlib.Path) -> list:
    """Draws scenes, for networks that know them: paths and tags."""
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
