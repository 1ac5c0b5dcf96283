"""The plan as text: what was found, what will be done, with which settings."""

from guided_segmentation.own_photographs import estimate, plan_warnings
from guided_segmentation.own_photographs.job import Job
from guided_segmentation.report.numbers import rounded

_DOES = {
    "train_seeder": "a classifier learns the tags",
    "make_seeds": "pixels where it is sure become seeds",
    "make_saliency": "a detector marks what stands out",
    "make_guides": "seeds and saliency become label maps",
    "train_segmenter": "a segmenter learns from them",
    "segment_images": "it segments each photograph, within its tags",
    "export_model": "it is written as a SavedModel",
}


def text(job: Job) -> str:
    """Returns the plan.

    Args:
      job: What is to be done.
    """
    lines = [*_found(job), "", *_todo(job)]
    if job.state != "trained":
        lines += ["", *_settings(job)]
    return "\n".join([*lines, *_warnings(job)])


def _warnings(job):
    found = [
        plan_warnings.memory_warning(job.settings, job.photographs, job.machine)
    ]
    if job.state == "new":
        found.append(
            plan_warnings.budget_warning(
                sum(job.seconds.values()),
                job.request.minutes,
                len(job.photographs),
            )
        )
    return [each for each in found if each is not None]


def forecast(job: Job) -> estimate.Forecast:
    """Returns the estimated seconds of the stages that are to run.

    Args:
      job: What is to be done.
    """
    return estimate.Forecast(
        {name: s for name, s in job.seconds.items() if name not in job.done}
    )


def _found(job):
    found = job.photographs
    counts = [f"{name} {count}" for name, count in found.counts.items()]
    none = sum(not each.tags for each in found.by_id.values())
    counts += [f"{none} without object"] if none else []
    yield (
        f"found: {len(found)} photographs in {job.request.data_dir}, "
        f"{len(found.counts)} classes: {', '.join(counts)}"
    )
    for each in found.passed_over:
        yield f"passed over: {each}"
    yield f"machine: {job.machine}"


def _todo(job):
    if job.state == "trained":
        yield (
            f"to do: the segmenter of {job.num_learned} photographs is there; "
            f"masks of {len(job.missing)} photographs are to be made"
            + (f", {len(job.changed)} of them anew" if job.changed else "")
        )
    else:
        yield f"to do: results go to {job.request.output_dir}"
        if job.num_learned < len(job.photographs):
            yield (
                f"  {job.num_learned} photographs with one tag or none are "
                f"learned from"
            )
    seconds = job.seconds
    for stage in job.stages:
        name = stage.name
        about = "done" if name in job.done else rounded(seconds.get(name, 0.0))
        does = _DOES[name]
        if name == "make_guides" and not job.settings.has_seeder:
            does = "saliency with the tag becomes label maps"
        yield f"  {name:16} {does:45} {about:>10}"
    total = sum(s for name, s in seconds.items() if name not in job.done)
    disk = estimate.disk_gb(job.settings, job.num_learned, len(job.photographs))
    memory = estimate.memory_gb(job.settings, job.photographs)
    yield (
        f"  about {rounded(total)} in all, {disk:.1f} GB of disk, "
        f"{memory:.1f} GB of memory"
    )


def _settings(job):
    yield "settings, each a flag of its name:"
    for name, (value, why) in job.choices.items():
        shown = value
        if isinstance(value, tuple):
            shown = ",".join(f"{each:g}" for each in value)
        yield f"  {f'{name}={shown}':40} {why}"
