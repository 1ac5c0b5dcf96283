"""The process of programs.Launcher: forks, and each fork becomes a binary."""

import concurrent.futures
import importlib
import json
import os
import pathlib
import pkgutil
import sys

import forked


def _serve():
    bin_dir = pathlib.Path(sys.argv[1], "bin")
    sys.path.insert(0, str(bin_dir))  # As Python does for a script in it.
    _import_library()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        call, *request = json.loads(line)
        answer = _CALLS[call](bin_dir, *request)
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
    if not without_tensorflow:
        from guided_segmentation.experiments import attempt

        attempt.subprocess = forked


def _run(bin_dir, name, arguments, file_limit):
    out, err = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(out[1], 1)
        os.dup2(err[1], 2)
        forked.become(bin_dir / name, arguments, file_limit)
    os.close(out[1])
    os.close(err[1])
    with concurrent.futures.ThreadPoolExecutor() as pool:
        texts = list(pool.map(_read, (out[0], err[0])))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), *texts


def _begin(bin_dir, name, arguments, output):
    child = os.fork()
    if child == 0:
        os.setsid()
        file = os.open(output, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, 1)
        os.dup2(file, 2)
        forked.become(bin_dir / name, arguments)
    return child


def _poll(bin_dir, child):
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _read(descriptor):
    with os.fdopen(descriptor) as pipe:
        return pipe.read()


_CALLS = {"run": _run, "begin": _begin, "poll": _poll}

if __name__ == "__main__":
    _serve()
