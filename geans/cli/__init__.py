"""The `geans` command. Each command imports TensorFlow, which takes seconds, only when it runs."""

import importlib
import sys

from absl import flags

import geans
from geans import startup
from geans.values import check_name

COMMANDS = {
    "train": "train a preset, or your own images, into a run directory",
    "compare": "train presets with several seeds; a table, and a picture of mode coverage",
    "evaluate": "distances between real and generated images, of a run or of two folders",
    "doctor": "look for what went wrong in a run, and say what to try",
    "report": "write a page about runs: samples, curves, and numbers side by side",
    "sample": "draw pictures or arrays from a trained model",
    "explore": "write a page that draws samples of a model, with sliders",
    "export": "write a trained generator for use elsewhere",
    "presets": "list the presets",
}

FAILED = 1
INTERRUPTED = 130  # What a shell reports for a process that Ctrl-C ended.


def main(argv=None):
    """Runs the command in `argv`; returns its exit code, 2 after an error message for bad input."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if argv[0] == "--version":
        print(f"geans {geans.__version__}")
        return 0
    try:
        check_name("command", argv[0], COMMANDS)
    except ValueError as error:
        return _fail(error)
    return _run(argv[0], argv[1:])


def usage():
    """Returns the text of `geans --help`."""
    commands = "\n".join(f"  geans {name:<8} {text}" for name, text in COMMANDS.items())
    return (
        f"Train, evaluate, sample and export GANs and GEANs.\n\n{commands}\n\n"
        "`geans train` alone trains on 10,000 images that come with the package.\n"
        "`geans COMMAND --help` lists a command's flags."
    )


def _run(name, arguments):
    startup.share_cores()
    command = importlib.import_module(f"geans.cli.{name}")
    values = flags.FlagValues()
    values.set_gnu_getopt(True)  # Flags may follow other arguments.
    command.define_flags(values)
    positional = getattr(command, "POSITIONAL", None)
    if any(argument in ("-h", "--help") for argument in arguments):
        if hasattr(command, "complete_help"):
            command.complete_help(values)
        print(f"{command.__doc__.strip()}\n{values.get_help()}")
        if positional:
            print(f"\nInstead of --{positional}=PATH, PATH alone will do.")
        return 0
    try:
        left = values([f"geans {name}", *arguments])[1:]
        if positional and left and values[positional].value is None:
            several = isinstance(values[positional].parser, flags.ListParser)
            values[positional].value, left = (left, []) if several else (left[0], left[1:])
        if left:
            allowed = f"one {positional.upper()} and flags" if positional else "flags only"
            return _fail(f"geans {name} takes {allowed}. Received: {' '.join(left)}")
        return command.run(values) or 0
    except (flags.Error, ValueError, FloatingPointError) as error:  # The last: it has diverged.
        return _fail(error)
    except OSError as error:  # A full disk, a missing file: the path and the cause are in it.
        return _fail(error) and FAILED
    except KeyboardInterrupt as interrupt:
        print(f"\nInterrupted. {interrupt}", file=sys.stderr)
        return INTERRUPTED


def _fail(message):
    print(f"geans: {message}", file=sys.stderr)
    return 2
