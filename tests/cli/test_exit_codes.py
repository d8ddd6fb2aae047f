"""How commands end: 0 done, 2 bad input with one message and no traceback, 130 interrupted, 141 reader gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from welfare.cli import main

PROGRAM = [sys.executable, "-c", "import sys; from welfare.cli import main; sys.exit(main())"]


@pytest.mark.parametrize("words", [(), ("--help",), ("study", "--help"), ("--version",)])
def test_help_and_version_are_no_errors(type_in, words):
    said = type_in(*words)
    assert said.code == 0
    assert said.out
    assert said.err == ""


def test_help_states_the_exit_codes_and_every_command(type_in):
    shown = type_in("--help").out
    assert "Exit codes: 0 done, or met; 1 the answer is adverse; 3 cannot tell; 2 bad input." in " ".join(shown.split())
    for command in ("sources", "fetch", "read", "map", "changes", "study", "parameters", "account"):
        assert f"  {command}: " in shown
        assert type_in(command, "--help").out.startswith(f"Usage: welfare {command}")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("stdy",), "stdy"),
        (("sources", "--jsn"), "--jsn"),
        (("sources", "surplus"), "surplus"),
        (("read",), "FILE"),
        (("study",), "NAME"),
        (("study", "us-slaughter", "--simulated", "--seed", "seven"), "seven"),
        (("read", "no_such_file.csv"), "no_such_file.csv"),
        (("fetch", "no.such.source"), "no.such.source"),
        (("fetch", "us.osha.severe_injury", "--url", "ftp://example.org/f.csv"), "ftp://example.org/f.csv"),
        (("changes", "no_such_file.csv", "nor_this.csv"), "no_such_file.csv"),
        (("study", "no-such-study", "--simulated"), "no-such-study"),
        (("study", "us-slaughter", "--simulated", "--seed", "-1"), "-1"),
        (("study", "us-slaughter", "--data", "no_such_folder"), "no_such_folder"),
    ],
)
def test_bad_input_is_one_message_on_stderr(type_in, tmp_path, monkeypatch, words, named):
    monkeypatch.chdir(tmp_path)
    said = type_in(*words)
    assert said.code == 2
    assert said.out == ""
    message = said.err.splitlines()[-1]
    assert message.startswith("welfare: ")
    assert named in message
    assert "Traceback" not in said.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [(), ("--simulated", "--data", ".")])
def test_a_study_needs_either_data_or_the_word_simulated(type_in, tmp_path, words):
    said = type_in("study", "us-slaughter", *words, "--out", tmp_path / "out")
    assert said.code == 2
    assert said.err == "welfare: a study needs either --data DIR or --simulated, and not both.\n"
    assert not (tmp_path / "out").exists()


def test_a_folder_that_may_not_be_opened_is_bad_input(type_in, monkeypatch):
    def refuse(_path, **_how):
        raise PermissionError(13, "Permission denied", "locked.csv")

    monkeypatch.setattr("welfare.sources.read.read", refuse)
    said = type_in("read", "locked.csv")
    assert said.code == 2
    assert said.err == "welfare: locked.csv: Permission denied.\n"


def test_a_fault_of_the_library_itself_is_not_passed_off_as_bad_input(monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr("welfare.sources.registry.registry", fail)
    with pytest.raises(ZeroDivisionError):
        main(["sources"])


def test_an_interrupt_ends_with_130(type_in, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("welfare.sources.registry.registry", interrupt)
    said = type_in("sources")
    assert said.code == 130
    assert said.err == "stopped\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes and signals")
@pytest.mark.parametrize("words", [("sources",), ("sources", "--json"), ("--help",)])
def test_a_closed_pipe_is_no_traceback(words):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PROGRAM, *words], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes and signals")
def test_a_study_that_is_interrupted_leaves_nothing_behind(tmp_path):
    words = ["study", "us-slaughter", "--simulated", "--out", str(tmp_path / "out")]
    with subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr.readline() == "SIMULATED make up an industry\n"
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert err.endswith("stopped\n")
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_records_that_a_result_left_out_are_said_in_a_line():
    script = (
        "import warnings, sys, welfare.cli as cli; from welfare.errors import RecordsLeftOut\n"
        "import welfare.sources.registry as room; whole = room.registry\n"
        "def some():\n"
        "    warnings.warn('3 records have no date', RecordsLeftOut, stacklevel=2)\n"
        "    return whole()\n"
        "room.registry = some; sys.exit(cli.main(['sources']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == "left out: 3 records have no date\n"


def test_on_a_terminal_each_step_has_a_clock_and_keeps_its_words_whole(on_terminal):
    step = "account for conventional broilers against the Better Chicken Commitment, [per] 1,000 birds"
    script = (
        f"from welfare.cli.progress import steps\nwith steps('SIMULATED ') as begin: begin('read'); begin({step!r})"
    )
    shown = on_terminal(script, TERM="dumb", COLUMNS="60")
    assert " ".join(shown.split()) == f"0:00:00 SIMULATED read 0:00:00 SIMULATED {step}"
