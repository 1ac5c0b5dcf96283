"""A wheel carries what its binaries need, and they run from any folder."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import programs
import pytest

SOURCES = (
    "LICENSE",
    "README.md",
    "bin",
    "flags",
    "guided_segmentation",
    "pyproject.toml",
    "saved_models",
    "setup.cfg",
    "setup.py",
)


def pip(*arguments):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            *arguments,
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy, since setuptools writes beside it."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "copy").mkdir()
    ignore = shutil.ignore_patterns("__pycache__")
    for name in SOURCES:
        source = programs.ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "copy" / name, ignore=ignore)
        else:
            shutil.copy(source, folder / "copy")
    build = ("--no-deps", "--no-build-isolation", "--wheel-dir")
    pip("wheel", "--quiet", *build, str(folder), str(folder / "copy"))
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel):
    """A folder that the wheel is installed in."""
    folder = wheel.parent / "installed"
    pip("install", "--quiet", "--no-deps", "--target", str(folder), str(wheel))
    return folder


@pytest.fixture(scope="module")
def elsewhere(installed, tmp_path_factory):
    """Runs the installed binaries from a folder that has nothing else."""
    cwd = tmp_path_factory.mktemp("elsewhere")
    found = programs.Launcher(installed, cwd)
    yield found
    found.close()


def test_a_wheel_has_modules_templates_recipes_and_models(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    version = wheel.name.split("-")[1]
    share = f"guided_segmentation-{version}.data/data/share/guided_segmentation"
    for folder, place in (
        ("guided_segmentation", ""),
        ("flags", f"{share}/"),
        ("saved_models", f"{share}/"),
    ):
        wanted = {
            place + path.relative_to(programs.ROOT).as_posix()
            for path in (programs.ROOT / folder).rglob("*")
            if path.is_file()
            and path.suffix not in (".pyc", ".ipynb")
            and path.parent.name != "pictures"
        }
        assert wanted - set(names) == set()


def test_the_installed_package_is_not_the_checkout(installed, tmp_path):
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import guided_segmentation as g; print(g.__file__)",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    package = installed / "guided_segmentation"
    assert found.stdout == f"{package / '__init__.py'}\n"


def test_the_installed_saliency_net_is_found(installed, tmp_path):
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "from guided_segmentation.saliency import named\n"
            "print(named.open_named('builtin').made['saliency'])",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout == "builtin\n"


@pytest.mark.parametrize("name", programs.NAMES)
def test_an_installed_binary_explains_itself(elsewhere, name):
    shown = elsewhere.run(name, "--help")
    assert shown.returncode == 1  # absl's way.
    assert f"bin/{name} --" in shown.stdout
    assert shown.stderr == ""


def test_an_installed_recipe_is_found(elsewhere):
    makefile = (programs.ROOT / "Makefile").read_text()
    (flag,) = re.findall(r"run_experiment (--flagfile=\S+)", makefile)
    done = elsewhere.run("run_experiment", flag, "--only_check_args")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_experiment_finds_the_flagfiles_of_its_stages(elsewhere, tmp_path):
    done = elsewhere.run(
        "run_experiment",
        "--flagfile=flags/demo/experiment.flags",
        f"--work_dir={tmp_path}",
        "--guides=g9",  # Read after the flagfiles, and told before any stage.
    )
    assert done.returncode == 1
    assert "wanted guides out of" in done.stderr
