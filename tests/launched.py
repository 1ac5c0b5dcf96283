"""The process of programs.Launcher: forks, and each fork becomes a binary."""

import concurrent.futures
import importlib
import json
import os
import pathlib
import pkgutil
import resource
import runpy
import sys
import traceback


def _serve():
    bin_dir = pathlib.Path(sys.argv[1], "bin")
    sys.path.insert(0, str(bin_dir))  # As Python does for a script in it.
    _import_library()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        name, *request = json.loads(line)
        answer = _answer(bin_dir / name, *request)
        print(json.dumps(answer), file=answers, flush=True)


def _import_library():
    without_tensorflow = any(
        path.endswith("without_tensorflow") for path in sys.path
    )
    if without_tensorflow:
        importlib.import_module("_environment")
    import guided_segmentation

    for module in pkgutil.walk_packages(
        guided_segmentation.__path__, "guided_segmentation."
    ):
        if "command_line" not in module.name and not (
            # An extra, which loads TensorFlow, needs it.
            without_tensorflow and module.name.endswith(".grpc_api")
        ):
            importlib.import_module(module.name)


def _answer(binary, arguments, file_limit):
    out, err = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(out[1], 1)
        os.dup2(err[1], 2)
        _be(binary, arguments, file_limit)
    os.close(out[1])
    os.close(err[1])
    with concurrent.futures.ThreadPoolExecutor() as pool:
        texts = list(pool.map(_read, (out[0], err[0])))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), *texts


def _read(descriptor):
    with os.fdopen(descriptor) as pipe:
        return pipe.read()


def _be(binary, arguments, file_limit):
    """Turns this fork into the binary of that path, and ends it."""
    code = 1
    try:
        if file_limit is not None:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, hard))
        sys.argv = [str(binary), *arguments]
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
