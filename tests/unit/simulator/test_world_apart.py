"""A world in a process of its own: what it answers, what its errors become, and that it never outlives who asks."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ml.errors import ContractError, NightmarketError
from pipelines.settings import load_settings
from pipelines.simulator.apart import WorldApart
from pipelines.simulator.loop import live_on, take_up, write_truth_of_people
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from pipelines.simulator.simulate import Recorder, simulate_history

DAYS = 4


def silent(done, total):
    pass


@pytest.fixture
def home(tmp_path):
    """A small home with a history."""
    scenario = load_scenario("tiny", days=DAYS)
    write_settings(scenario, tmp_path / "home")
    simulate_history(scenario, tmp_path / "home", silent)
    return tmp_path / "home"


def files_of(home):
    paths = [path for room in ("landing", "truth") for path in (home / room).rglob("*") if path.is_file()]
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in paths}


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid):
    """Whether a process ends within some seconds."""
    for _ in range(100):
        if not is_alive(pid):
            return True
        time.sleep(0.1)
    return False


def test_days_lived_apart_leave_the_files_of_days_lived_here(home, tmp_path):
    other = tmp_path / "other"
    subprocess.run(["cp", "-r", home, other], check=True)
    here, settings = take_up(home, silent), load_settings(home)
    day = here.world.next_day
    lived = [live_on(here, settings) for _ in range(2)]
    here.finish()
    with WorldApart() as world:
        assert world.begin(take_up, other, print).result() == day
        asked = [world.ask(live_on, load_settings(other)) for _ in range(2)]
        world.ask(Recorder.finish).result()
        assert [one.result() for one in asked] == lived
    assert files_of(other) == files_of(home)


def test_what_is_asked_is_done_in_the_order_of_asking(home):
    settings = load_settings(home)
    with WorldApart() as world:
        day = world.begin(take_up, home, print).result()
        for path in (settings.folder("truth") / "values").iterdir():
            path.unlink()
        world.ask(write_truth_of_people)  # of the day that is lived only after it
        world.ask(live_on, settings)
    assert [path.stem for path in (settings.folder("truth") / "values").iterdir()] == [str(day)]


def test_an_error_over_there_is_the_error_here_and_says_where_it_was_raised(tmp_path):
    with WorldApart() as world:
        begun = world.begin(take_up, tmp_path, print)
        with pytest.raises(ContractError, match="nightmarket simulate") as refused:
            begun.result()
        assert "in take_up" in "".join(refused.value.__notes__)
        with pytest.raises(FileNotFoundError) as missing:
            world.begin(open, str(tmp_path / "no such file")).result()
        assert missing.value.filename == str(tmp_path / "no such file")


def test_a_world_that_was_killed_is_said_to_be(home):
    with WorldApart() as world:
        world.begin(take_up, home, print).result()
        os.kill(world.pid, signal.SIGKILL)
        with pytest.raises(NightmarketError, match=r"exit code -9.*Run the same command again"):
            world.ask(live_on, load_settings(home)).result()
        with pytest.raises(NightmarketError, match="exit code -9"):
            world.ask(live_on, load_settings(home)).result()


def interrupted(world):
    """Ctrl-C while the world is at something long."""
    world.begin(time.sleep, 600)
    raise KeyboardInterrupt


def test_a_block_that_fails_does_not_wait():
    started, world = time.monotonic(), WorldApart()
    with pytest.raises(KeyboardInterrupt), world:
        interrupted(world)
    assert gone(world.pid)
    assert time.monotonic() - started < 300


def test_the_process_is_gone_when_the_block_is_over():
    with WorldApart() as world:
        assert is_alive(world.pid)
    assert gone(world.pid)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_the_process_does_not_outlive_whoever_asked_it(tmp_path, sign):
    code = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever runs the tests may ignore it\n"
        "import time; from pathlib import Path; from pipelines.simulator.apart import WorldApart\n"
        "world = WorldApart(); world.begin(time.sleep, 600); world.begin(time.sleep, 600); time.sleep(2)\n"
        f"Path({str(tmp_path / 'pid')!r}).write_text(str(world.pid)); time.sleep(600)"
    )
    asking = subprocess.Popen([sys.executable, "-c", code])
    try:
        for _ in range(300):
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                break
            time.sleep(0.1)
        pid = int((tmp_path / "pid").read_text())
        assert is_alive(pid)
    finally:
        asking.send_signal(sign)
        asking.wait()
    assert gone(pid)


def test_ctrl_c_of_a_terminal_reaches_whoever_asks_and_not_the_world(home):
    with WorldApart() as world:
        world.begin(take_up, home, print).result()
        assert os.getpgid(world.pid) != os.getpgid(0)  # a terminal interrupts the whole foreground group
