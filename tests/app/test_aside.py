"""Work in threads beside the page, and a program that ends."""

import subprocess
import sys


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import time\nfrom demo.aside import aside\n{code}"],
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_end_waits_for_what_is_under_way():
    ran = run("aside(lambda: (time.sleep(0.5), print('done')), 'x')\ntime.sleep(0.1)")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "done\n", "")


def test_what_is_imported_while_the_program_ends_is_let_go_as_ever():
    ran = run(
        "import weakref\n"
        "class Library: pass\n"
        "kept, _say = Library(), print\n"
        "def gone(): _say('let go')\n"  # a module's names are gone before what it keeps
        "def work():\n"
        "    time.sleep(0.5)\n"
        "    weakref.finalize(kept, gone)\n"
        "aside(work, 'x')\n"
        "time.sleep(0.1)"
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "let go\n", "")


def test_what_has_not_begun_does_not_begin_any_more():
    ran = run("aside(lambda: print('done'), 'x', after=3600)")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_what_goes_wrong_is_in_the_log():
    ran = run("aside(lambda: 1 / 0, 'the sheet')")
    assert ran.returncode == 0 and "the sheet failed" in ran.stderr
    assert "ZeroDivisionError" in ran.stderr


def test_a_long_computation_is_asked_to_end():
    ran = run(
        "from demo.background import Computations\n"
        "def work(progress):\n"
        "    while True:\n"
        "        progress(0, 1, 'x')\n"
        "        time.sleep(0.01)\n"
        "Computations().start(('key',), work)\n"
    )
    assert (ran.returncode, ran.stderr) == (0, "")
