"""The notebooks of colab/: stored without outputs, consistent, and executed.

They are executed with fewer scenes and steps than their defaults, which would
take most of the time of all tests. Later notebooks find the results of earlier
ones, as they do for a reader.
"""

import ast
import base64
import contextlib
import io
import json
import os
import pathlib
import re
import shlex
import sys
import tempfile

import numpy as np
import programs
import pytest
import shims
from PIL import Image

from guided_segmentation import artifacts

FOLDER = programs.ROOT / "guided_segmentation" / "colab"
MODEL = programs.ROOT / "saved_models" / "guided_segmentation_small" / "1"
NAMES = (
    "0_quickstart",
    "1_seeds",
    "2_saliency_and_guides",
    "3_train_g2",
    "4_own_photos",
)
REPOSITORY = "https://github.com/guided-segmentation/guided_segmentation"
SECONDS = 600  # Time limit of a cell, on a machine under load.
on_colabs_stack = pytest.mark.skipif(
    sys.version_info < (3, 12),
    reason="notebooks run on Colab's stack, Python 3.12 and Keras 3",
)
every_notebook = pytest.mark.parametrize("name", NAMES)


def read(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text())


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


# Stored form.


def test_no_notebook_is_missing():
    assert tuple(sorted(path.stem for path in FOLDER.iterdir())) == NAMES


@every_notebook
def test_a_notebook_has_neither_outputs_nor_counts(name):
    for cell in code_cells(read(name)):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@every_notebook
def test_a_notebook_has_no_metadata_of_a_run(name):
    notebook = read(name)
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    for cell in notebook["cells"]:
        assert cell["metadata"].keys() <= {"tags"}


@on_colabs_stack
@every_notebook
def test_a_notebook_is_valid(name):
    import nbformat

    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)


@every_notebook
def test_the_badge_opens_this_notebook_in_colab(name):
    first = "".join(read(name)["cells"][0]["source"])
    address = REPOSITORY.replace(
        "https://", "https://colab.research.google.com/"
    ).replace("github.com", "github")
    path = (FOLDER / f"{name}.ipynb").relative_to(programs.ROOT)
    assert f"]({address}/blob/main/{path})" in first


@every_notebook
def test_parameters_come_first_and_start_with_the_repository(name):
    first = code_cells(read(name))[0]
    assert first["metadata"] == {"tags": ["parameters"]}
    assert first["source"][0] == f'REPOSITORY = "{REPOSITORY}"\n'


# Commands.


def commands(name, **parameters):
    """Yields the command lines of a notebook, its constants filled in."""
    names = {}
    for cell in code_cells(read(name)):
        lines = "".join(cell["source"]).replace("\\\n", " ").splitlines()
        python = [line for line in lines if not line.startswith("!")]
        if not any(line.strip().startswith("%") for line in python):
            exec(_constants("\n".join(python)), names)
            names.update(parameters)
        for line in lines:
            if line.startswith("!"):
                yield shlex.split(line[1:].format(**names))


def _constants(source):
    """Compiles assignments to constants, and branches on constants."""
    kept = [
        node
        for node in ast.parse(source).body
        if (
            isinstance(node, ast.Assign)
            and getattr(node.targets[0], "id", "").isupper()
        )
        or (isinstance(node, ast.If) and getattr(node.test, "id", "").isupper())
    ]
    return compile(ast.Module(kept, []), "constants", "exec")


@pytest.fixture(scope="module")
def launcher():
    found = programs.Launcher()
    yield found
    found.close()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *((name, {}) for name in NAMES[1:]),
        (NAMES[4], {"PHOTOS": "photos", "TAGS": "tags.csv", "MSRA": "msra"}),
    ],
)
def test_the_binaries_accept_the_commands_of_a_notebook(
    launcher, name, parameters
):
    called = [
        command
        for command in commands(name, **parameters)
        if command[0] in programs.NAMES
    ]
    assert len(called) >= 3
    for command in called:
        done = launcher.run(*command, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, ""), command


# Execution.

FEW = {
    "NUM_SCENES": 16,
    "NUM_STEPS": 10,
    "NUM_SALIENCY_STEPS": 5,
    "NUM_SEGMENTER_STEPS": 5,
}
ERRORS = re.compile(r"^(error: |FATAL |Traceback )", re.MULTILINE)


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    """A folder that all notebooks share."""
    return tmp_path_factory.mktemp("colab")


@pytest.fixture(scope="module")
def binaries(shared_folder):
    """A folder of programs that run the binaries in the shared folder."""
    launcher = programs.Launcher(cwd=shared_folder)
    with (
        contextlib.closing(launcher),
        tempfile.TemporaryDirectory() as folder,
        shims.folder_of(launcher, pathlib.Path(folder)),
    ):
        yield folder


@pytest.fixture
def environment(monkeypatch, binaries):
    """Lets kernels find the binaries and the package of this checkout."""
    folders = [binaries, pathlib.Path(sys.executable).parent]
    paths = map(str, [*folders, os.environ["PATH"]])
    monkeypatch.setenv("PATH", os.pathsep.join(paths))
    monkeypatch.setenv("PYTHONPATH", str(programs.ROOT))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")


def run(name, folder):
    """Executes a notebook with the parameters of FEW.

    Returns:
      Its code cells with their outputs.
    """
    import nbclient
    import nbformat

    class Client(nbclient.NotebookClient):
        def handle_comm_msg(self, *message):
            """Ignores widgets: nbclient may hang when it answers them."""

    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    first = code_cells(notebook)[0]
    given = {"REPOSITORY": str(programs.ROOT), **FEW}
    first["source"] += "".join(
        f"\n{key} = {value!r}"
        for key, value in given.items()
        if f"{key} = " in first["source"]
    )
    resources = {"metadata": {"path": str(folder)}}
    Client(notebook, timeout=SECONDS, resources=resources).execute()
    return code_cells(notebook)


def texts(cell):
    return "".join(
        output["text"]
        for output in cell["outputs"]
        if output["output_type"] == "stream"
    )


def pictures(cell):
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
        for output in cell["outputs"]
        if (content := output.get("data", {}).get("image/png"))
    ]


@on_colabs_stack
@every_notebook
@pytest.mark.usefixtures("environment")
def test_a_notebook_runs_and_shows_its_figures(name, shared_folder):
    if name == NAMES[0] and not MODEL.exists():
        pytest.skip(f"{MODEL} is not in this checkout")
    figures = 0
    for cell in run(name, shared_folder):
        assert not ERRORS.search(texts(cell)), texts(cell)
        if "pyplot.show()" in cell["source"]:
            shown = pictures(cell)
            assert shown, cell["source"]
            assert all(picture.std() > 10 for picture in shown)
            figures += len(shown)
    assert figures >= 2
    FACTS.get(name, lambda folder: None)(shared_folder)


def both_guides_are_scored(folder):
    for guide in ("seeds_only", "g2"):
        scores = artifacts.read_json(folder / "runs" / f"{guide}.json")
        assert 0 < scores["miou"] < 1
    assert (folder / "runs/saved_models/mine/1/saved_model.pb").is_file()


def every_photograph_has_its_mask(folder):
    own = folder / "runs" / "own"
    photos, masks = (
        {path.stem for path in (own / part).glob(f"*{ending}")}
        for part, ending in (("photos", ""), ("masks", ".png"))
    )
    assert photos == masks
    assert (own / "saved_models" / "own" / "1" / "saved_model.pb").is_file()


FACTS = {
    "3_train_g2": both_guides_are_scored,
    "4_own_photos": every_photograph_has_its_mask,
}
