"""Photographs and tags in; masks, a segmenter and a page out."""

import dataclasses
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from guided_segmentation import artifacts, exports, provenance
from guided_segmentation.errors import InputError
from guided_segmentation.experiments import runner
from guided_segmentation.experiments.ledger import Ledger
from guided_segmentation.own_photographs import (
    binaries,
    decide,
    earlier,
    job,
    page,
    photographs,
    plan_text,
    probe_call,
    sets,
    settings,
    stages,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Made:
    """Where the results are.

    Attributes:
      page: To look at every photograph.
      masks: Folder of <image_id>.png, palette PNGs.
      model: Folder of the SavedModel.
      segmenter: Folder of the training run, for bin/segment_images.
      count: Number of masks.
      exports: Files or folders for other tools.
    """

    page: pathlib.Path
    masks: pathlib.Path
    model: pathlib.Path
    segmenter: pathlib.Path
    count: int
    exports: tuple[pathlib.Path, ...] = ()


def make_masks(
    data_dir: artifacts.Path,
    image_labels: str,
    output_dir: artifacts.Path,
    *,
    dry_run: bool = False,
    retrain: bool = False,
    minutes: float | None = None,
    untagged: str = "skip",
    max_pixels: int = artifacts.MAX_PIXELS,
    export: Sequence[str] = (),
    more: Mapping[str, Sequence[str]] | None = None,
    command: str = "guided_segmentation.make_masks",
    bin_dir: artifacts.Path | None = None,
    probe: decide.Probe | None = None,
    **given: Any,
) -> Made | None:
    """Makes masks of tagged photographs, and a segmenter on the way.

    The same call goes on after a stop, and adds masks of new photographs with
    the segmenter that is there. The plan is printed first.

    Args:
      data_dir: Folder of photographs.
      image_labels: Their tags: csv:PATH, or as --image_labels takes it.
      output_dir: Folder of the results, outside of `data_dir`.
      dry_run: Whether to stop after the plan.
      retrain: Whether to train anew on all photographs that are there now.
      minutes: Budget, which the automatic settings fit. By default 20 for
        up to 150 photographs, more in proportion.
      untagged: What becomes of photographs without tags: skip, background or
        error.
      max_pixels: Larger photographs are passed over.
      export: Formats for other tools, keys of exports.KINDS.
      more: Further flags of stages, by the keys of own_photographs.MORE.
      command: What the records and the page call this call.
      bin_dir: Folder of the binaries; by default those of this package.
      probe: Times single steps; by default a process that runs a few.
      **given: Fields of own_photographs.Settings, which win over the automatic
        ones.

    Returns:
      Where the results are; None after a dry run.

    Raises:
      InputError: If photographs, tags or settings do not fit.
      ChildProcessError: If a stage fails; names its log.
      InterruptedError: If a signal stops it; the same call goes on.
    """
    out = pathlib.Path(output_dir)
    _require_formats(export)
    _require_apart(pathlib.Path(data_dir), out)
    request = job.Request(
        data_dir=pathlib.Path(data_dir),
        image_labels=image_labels,
        output_dir=out,
        given=_with_absolute_paths(settings.checked(given)),
        more=_known_stages(more or {}),
        minutes=minutes,
        retrain=retrain,
    )
    found = photographs.survey(
        data_dir, image_labels, untagged=untagged, max_pixels=max_pixels
    )
    todo = decide.decide(request, found, probe or probe_call.run)
    print(plan_text.text(todo), flush=True)
    if dry_run:
        return None
    _run(todo, pathlib.Path(bin_dir or binaries.folder()), command)
    _remove_features(out)
    return Made(
        page=page.write(todo, command),
        masks=out / "masks",
        model=out / "model" / "segmenter" / "1",
        segmenter=out / "segmenter",
        count=len(todo.photographs),
        exports=tuple(_export(todo, kind) for kind in export),
    )


def _run(todo, bin_dir, command):
    """Runs the stages that are not done."""

    def prepare(ledger: Ledger) -> None:
        _write_sets(todo)
        if todo.state != "resumed":
            path = todo.request.output_dir / provenance.SETTINGS_FILE
            artifacts.write_json(path, todo.record(command))
        if todo.without_saliency:
            ledger.reopen(job.SALIENCY)
        if todo.missing:
            ledger.reopen(job.MASKS)
        if not ledger.records.get("export_model", {}).get("done"):
            model = todo.request.output_dir / "model"
            shutil.rmtree(model, ignore_errors=True)

    runner.run(
        todo.stages,
        todo.request.output_dir,
        bin_dir,
        prepare=prepare,
        forecast=plan_text.forecast(todo),
    )


def _write_sets(todo: job.Job) -> None:
    """Writes what the stages read, and removes masks that are out of date."""
    out = todo.request.output_dir
    if todo.learned is not None:
        folder = out / stages.TRAINING.format(digest=todo.digest)
        sets.write(folder, todo.learned, todo.saliency_dir)
    for image_id in todo.changed:
        for folder in ("saliency_maps", "masks"):
            (out / folder / f"{image_id}.png").unlink(missing_ok=True)
    sets.write(out / stages.ALL, todo.photographs, todo.saliency_dir)
    content = earlier.content(todo.photographs)
    artifacts.write_json(out / earlier.CONTENT_FILE, content)


def _export(todo: job.Job, kind: str) -> pathlib.Path:
    """Writes the masks for another tool; returns where."""
    out = todo.request.output_dir
    path = out / "exports" / exports.KINDS[kind]
    label_set = todo.photographs.label_set
    exports.write(kind, page.source(todo), out / "masks", label_set, path)
    return path


def _require_formats(export: Sequence[str]) -> None:
    unknown = [kind for kind in export if kind not in exports.KINDS]
    if unknown:
        raise InputError(
            f"--export: wanted some of {', '.join(exports.KINDS)}, found "
            f"{', '.join(unknown)}"
        )


def _remove_features(out: pathlib.Path) -> None:
    """Features of frozen layers are gigabytes, and serve one training."""
    shutil.rmtree(out / stages.FEATURES, ignore_errors=True)


def _require_apart(data_dir: pathlib.Path, out: pathlib.Path) -> None:
    inside = out.resolve().is_relative_to(data_dir.resolve())
    if data_dir.exists() and inside:
        raise InputError(
            f"--output_dir: wanted a folder outside of {data_dir}, whose files "
            f"are taken for photographs, found {out}; choose another"
        )


def _with_absolute_paths(given: dict[str, Any]) -> dict[str, Any]:
    """Paths as seen from everywhere, so that the same call goes on."""
    found = dict(given)
    trunk = given.get("trunk_weights")
    if trunk not in (None, "imagenet", "none"):
        path = pathlib.Path(trunk).expanduser()
        if not path.exists():
            raise FileNotFoundError(
                f"no file {path}; --trunk_weights wants imagenet, none or the "
                f"path of weights"
            )
        found["trunk_weights"] = str(path.resolve())
    kind, colon, path = given.get("saliency", "").partition(":")
    if colon:
        place = pathlib.Path(path).expanduser()
        if not place.exists():
            raise FileNotFoundError(f"--saliency={kind}:{path}: no {place}")
        found["saliency"] = f"{kind}:{place.resolve()}"
    return found


def _known_stages(
    more: Mapping[str, Sequence[str]],
) -> dict[str, tuple[str, ...]]:
    unknown = sorted(more.keys() - stages.MORE.keys())
    if unknown:
        raise InputError(
            f"wanted further flags of {', '.join(stages.MORE)}; found "
            f"{', '.join(unknown)}"
        )
    return {key: tuple(flags) for key, flags in more.items() if flags}
