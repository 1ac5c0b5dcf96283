"""Outside the environment one line says what to do; slow modules load late."""

import importlib
import os
import re
import subprocess
import sys
import textwrap
from concurrent import futures

import _environment
import programs
import pytest

WITHOUT_PACKAGES = [sys.executable, "-S"]


def run(name, **environment):
    path = programs.ROOT / "bin" / name
    return subprocess.run(
        [*WITHOUT_PACKAGES, path],
        env={**os.environ, "PYTHONPATH": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def told(missing):
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return (
        rf"error: wanted an environment with {missing}, found none in "
        rf"{re.escape(sys.executable)}; run `make install` and "
        rf"`source \.venv/{version}/bin/activate`, or `pip install -e \.`\n"
    )


@pytest.mark.parametrize("name", programs.NAMES)
def test_without_packages_one_line_says_what_to_do(name):
    done = run(name)
    assert done.returncode == 1
    assert re.fullmatch(told("absl"), done.stderr)


@pytest.mark.parametrize(
    "installed", [("absl",), ("absl", "tensorflow")], ids=len
)
def test_the_line_names_what_is_missing(tmp_path, installed):
    for package in installed:
        (tmp_path / package).mkdir()
    done = run("make_seeds", PYTHONPATH=str(tmp_path))
    missing = "tensorflow" if len(installed) == 1 else "guided_segmentation"
    assert re.fullmatch(told(missing), done.stderr)


@pytest.fixture
def lazy(tmp_path, monkeypatch):
    """Writes a module of that content; it loads at first use."""
    monkeypatch.syspath_prepend(tmp_path)
    name = f"lazy_{tmp_path.name}"
    monkeypatch.delitem(sys.modules, name, raising=False)

    def write(content):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(content))
        _environment.load_at_first_use(name)
        return importlib.import_module(name)

    yield write
    sys.modules.pop(name, None)


def test_a_module_loads_when_it_is_first_used(lazy, capsys):
    module = lazy("""
        print("loads")
        VALUE = 3
    """)
    assert capsys.readouterr().out == ""
    assert module.VALUE + module.VALUE == 6
    assert capsys.readouterr().out == "loads\n"
    assert sys.modules[module.__name__] is module
    assert type(module) is type(sys)


def test_threads_wait_for_the_whole_module(lazy):
    module = lazy("""
        import time
        FIRST = 1
        time.sleep(0.2)
        LAST = 2
    """)
    with futures.ThreadPoolExecutor(8) as pool:
        sums = pool.map(lambda _: module.FIRST + module.LAST, range(8))
        assert list(sums) == [3] * 8


def test_a_module_that_cannot_load_says_so_at_every_use(lazy):
    module = lazy("raise ImportError('no library')")
    for _ in range(2):
        with pytest.raises(ImportError, match="no library"):
            _ = module.VALUE


def test_a_module_that_is_loaded_or_missing_stays_as_it_is():
    _environment.load_at_first_use("re")
    assert sys.modules["re"] is re
    _environment.load_at_first_use("no_such_module")
    assert "no_such_module" not in sys.modules
