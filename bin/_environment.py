"""What every binary imports first.

It ends a binary with one line where the package is not installed, keeps
TensorFlow's log to errors, and lets TensorFlow, which takes seconds, load when
it is first used: after the flags are checked, and only if something needs it.
"""

import importlib.util
import os
import sys
import threading
import types
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

NEEDED = ("absl", "tensorflow", "guided_segmentation")
AT_FIRST_USE = (
    "tensorflow",
    "keras",
    "guided_segmentation.report.figures",  # Matplotlib is slow, too.
    # Use TensorFlow or Keras when they are loaded, such as for a base class.
    "guided_segmentation.datasets.example_specs",
    "guided_segmentation.networks.dense_predictor",
    "guided_segmentation.networks.layers",
    "guided_segmentation.seeders.excitation_convolution",
    "guided_segmentation.seeders.smoothing",
    "guided_segmentation.seeders.view_batches",
    "guided_segmentation.serving.input_specs",
    "guided_segmentation.training.loops",
    "guided_segmentation.training.loss_scale",
    "guided_segmentation.training.summed_optimizers",
    "guided_segmentation.training.train_step",
)

_waiting: set[str] = set()
_lock = threading.RLock()


class _LazyModule(types.ModuleType):
    """A module that runs when an attribute is first asked for.

    importlib.util.LazyLoader is not safe with threads before Python 3.12.3.
    """

    def __getattribute__(self, name: str) -> Any:
        if name != "__spec__":  # The statement `import` asks for it.
            with _lock:  # Other threads wait for the whole module.
                _run(self)
        return types.ModuleType.__getattribute__(self, name)


def _run(module: _LazyModule) -> None:
    """Runs a module, unless it has begun, and makes it a plain one."""
    spec = module.__spec__
    if spec is not None and spec.loader is not None and spec.name in _waiting:
        _waiting.remove(spec.name)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            _waiting.add(spec.name)  # The next use fails likewise.
            raise
        object.__setattr__(module, "__class__", types.ModuleType)


def load_at_first_use(name: str) -> None:
    """Has `import` give a module that runs when it is first used.

    Args:
      name: Of the module. One that is imported already stays as it is.
    """
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None:
        return
    module = importlib.util.module_from_spec(spec)
    object.__setattr__(module, "__class__", _LazyModule)
    _waiting.add(name)
    sys.modules[name] = module


for _name in NEEDED:
    if importlib.util.find_spec(_name) is None:
        sys.exit(
            f"error: wanted an environment with {_name}, found none in "
            f"{sys.executable}; run `make install` and `source "
            f".venv/{sys.version_info[0]}.{sys.version_info[1]}/bin/activate`, "
            f"or `pip install -e .`"
        )
for _name in AT_FIRST_USE:
    load_at_first_use(_name)
