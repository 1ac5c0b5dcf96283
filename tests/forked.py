"""Stages of experiments as forks of a process that has imported TensorFlow.

A fresh Python imports TensorFlow for seconds before each stage, which often
works for less. `Popen` takes the place of subprocess.Popen where
experiments/attempt.py starts a stage of a binary that programs.Launcher runs.
Tests of experiments/ and tests/bin/run_experiment_test.py start true processes.
"""

import os
import resource
import runpy
import signal
import stat
import subprocess
import sys
import time
import traceback

from absl import flags

DEVNULL, STDOUT = subprocess.DEVNULL, subprocess.STDOUT
TimeoutExpired = subprocess.TimeoutExpired


class Popen:
    """A fork that becomes a binary; what attempt.py uses of subprocess.Popen.

    Attributes:
      args: The command: Python, the path of a binary, its flags.
      pid: Of the fork.
      returncode: The exit code, minus the number of a signal, or None.
    """

    def __init__(self, command, stdin, stdout, stderr, pass_fds, env):
        """Starts a binary whose output goes to a file."""
        assert (command[0], stdin, stderr) == (sys.executable, DEVNULL, STDOUT)
        self.args, self.returncode = command, None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _stage(command[1:], stdout.fileno(), pass_fds, env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wait()

    def poll(self):
        """Returns the exit code, or None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=None):
        """Returns the exit code, or raises TimeoutExpired."""
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise TimeoutExpired(self.args, timeout)
            time.sleep(0.01)
        return self.returncode

    def terminate(self):
        """Sends SIGTERM, unless it has ended."""
        self._send(signal.SIGTERM)

    def kill(self):
        """Sends SIGKILL, unless it has ended."""
        self._send(signal.SIGKILL)

    def _send(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)


def become(binary, arguments, file_limit=None):
    """Turns this fork into the binary of that path, and ends it."""
    code = 1
    try:
        if file_limit is not None:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, hard))
        _read_settings_of_stores()
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


def _stage(command, output, pass_fds, env):
    """Turns a fork of a binary into another one, as if it were a new process.

    Modules stay imported, but those that define flags.
    """
    try:
        os.environ.clear()
        os.environ.update(env)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        _close_pipes(pass_fds)
        _forget_flags()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    become(*command[:1], command[1:])


def _read_settings_of_stores():
    """Reads fsspec's files again, which it reads when it is imported."""
    config = sys.modules.get("fsspec.config")
    folder = os.environ.get("FSSPEC_CONFIG_DIR")
    if config is not None and folder is not None:
        config.set_conf_files(folder, config.conf)


def _forget_flags():
    """Removes all flags but absl's, and the modules that define them."""
    for name in list(flags.FLAGS):
        module = flags.FLAGS.find_module_defining_flag(name, "")
        if not module.startswith("absl."):
            delattr(flags.FLAGS, name)
    flags.FLAGS.unparse_flags()
    for name in list(sys.modules):
        if name.startswith("guided_segmentation.command_line"):
            del sys.modules[name]


def _close_pipes(kept):
    """Closes pipes, whose readers wait for the last writer."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        except OSError:  # That of the listing itself.
            continue
        if is_pipe and descriptor > 2 and descriptor not in kept:
            os.close(descriptor)
