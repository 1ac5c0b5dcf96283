"""The flags of each stage, and where they come from."""

import dataclasses
from collections.abc import Mapping, Sequence

from guided_segmentation.experiments import flagfiles
from guided_segmentation.experiments.ledger import WORK_DIR, Stage

LOAD_NETWORKS = frozenset(
    {
        "train_seeder",
        "make_seeds",
        "evaluate_seeds",
        "train_saliency",
        "make_saliency",
        "make_guides",
        "train_segmenter",
        "segment_images",
    }
)
# Inputs that a stage may lack; a flagfile that names one does not count.
_INPUTS = (
    "classifier_dir",
    "crf_dir",
    "saliency_dir",
    "seeder_dir",
    "seeds_dir",
)
_REPLACED = ("guide", "seeder")  # In further flags.


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageFlags:
    """Flags of the stages by origin, those that lose first.

    The flags that connect the stages (inputs, outputs, --split, --guide,
    --seeder of a named seeder) come from the plan and replace those of files.

    Attributes:
      files: Flags of the stages' flagfiles, as `flagfiles.read` returns them.
        Empty if there are no files.
      data: Flags of the images that have image-level labels.
      saliency_data: Flags of the images that have boxes.
      networks: Flags of the binaries that load networks.
      train_split: Split to learn from.
      val_split: Split to evaluate on.
      more: Further flags by the keys of `experiments.MORE`. They come last, so
        that they win. `{work_dir}` is filled in; so are `{guide}` in stages of
        a guide, and `{guide}` and `{seeder}` in those of a row of Table 5.
    """

    files: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    data: tuple[str, ...] = ()
    saliency_data: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    train_split: str = "train"
    val_split: str = "val"
    more: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )

    def images(self, split: str) -> tuple[str, ...]:
        """Returns the flags that name the images of a stage.

        Args:
          split: "train", "val", or "saliency" for the images with boxes.
        """
        if split == "saliency":
            return self.saliency_data
        name = {"train": self.train_split, "val": self.val_split}[split]
        return (*self.data, *self.more.get("data", ()), f"--split={name}")

    def more_of(
        self, keys: Sequence[str], words: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Returns the further flags of some keys.

        Args:
          keys: Of `more`.
          words: What replaces `{name}` in the flags, by name.
        """
        found = [flag for key in keys for flag in self.more.get(key, ())]
        for name, word in words.items():
            found = [flag.replace(f"{{{name}}}", word) for flag in found]
        return tuple(found)

    def command(
        self,
        binary: str,
        split: str,
        own: Sequence[str],
        more: Sequence[str],
        file: Sequence[str] | None,
    ) -> tuple[str, ...]:
        """Returns the command of a stage: the binary, then its flags.

        Args:
          binary: Its name.
          split: As `images` takes it.
          own: Flags that connect the stage to others.
          more: Further flags, which win.
          file: Flags of its flagfile, which lose; None if it has none.
        """
        networks = self.networks if binary in LOAD_NETWORKS else ()
        given = (*self.images(split), *networks, *own, *more)
        names = {*_INPUTS, *map(flagfiles.flag_name, given)}
        return (binary, *flagfiles.without(file or (), names), *given)

    def lacks(self, names: Sequence[str]) -> str:
        """Returns the flagfile that a stage should have, "" if it is there.

        Args:
          names: Of files that would do, as `flagfiles.first` takes them.
        """
        if not self.files or flagfiles.first(self.files, names) is not None:
            return ""
        return f"{names[-1]}.flags"


@dataclasses.dataclass(frozen=True, kw_only=True)
class StageTemplate:
    """How to call the binary of a stage; `fill` replaces words in braces.

    Attributes:
      name: Of the stage.
      binary: Name of the binary.
      split: The images that it reads, as `StageFlags.images` takes it.
      output: What it makes, relative to the experiment's folder.
      flags: Flags that connect it to other stages, separated by spaces.
      more: Keys of the further flags that reach it.
      files: Names of its flagfile, in order of preference.
    """

    name: str
    binary: str
    split: str
    output: str
    flags: str
    more: tuple[str, ...]
    files: tuple[str, ...]

    def fill(self, stage_flags: StageFlags, **words: str) -> Stage:
        """Returns the stage.

        Args:
          stage_flags: Flags of all stages.
          **words: What replaces `{name}`; `{work_dir}` and `{output}` are
            known.
        """
        output = self.output.format(**words)
        own = self.flags.format(
            **words, work_dir=WORK_DIR, output=f"{WORK_DIR}/{output}"
        )
        command = stage_flags.command(
            self.binary,
            self.split,
            own.split(),
            stage_flags.more_of(
                self.more, {key: words.get(key, "") for key in _REPLACED}
            ),
            flagfiles.first(stage_flags.files, self.files),
        )
        return Stage(
            self.name.format(**words),
            command,
            output,
            lacks=stage_flags.lacks(self.files),
        )
