"""The table of options: the command line, the environment, and what is said where one is wrong."""

import pytest

from demo.command_line import parse
from demo.options import OPTIONS


def test_every_option_has_a_variable_and_says_so_in_the_help(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"], {})
    text = " ".join(capsys.readouterr().out.split())
    for option in OPTIONS:
        assert option.variable.startswith("VQVAE_") and option.variable in text
        assert option.secret or option.flag in text
    assert len({option.variable for option in OPTIONS}) == len(OPTIONS)


def test_an_option_beats_its_variable_and_lists_are_joined(tmp_path):
    environment = {
        "VQVAE_PORT": "7000",
        "VQVAE_RUNS": "elsewhere",
        "VQVAE_ALLOW_HOSTS": "b.example, c.example",
        "VQVAE_OPEN": "yes",
        "VQVAE_PASSWORD": "secret",
        "GRADIO_SERVER_NAME": "0.0.0.0",
    }
    chosen = parse([], environment)
    assert (chosen.port, chosen.runs.name, chosen.open, chosen.password) == (
        7000,
        "elsewhere",
        True,
        "secret",
    )
    assert (chosen.host, chosen.keep_days, chosen.train_seconds) == ("0.0.0.0", 30.0, 900.0)
    chosen = parse(
        ["--port", "0", "--allow-host", "a.example", "--no-open", "--host", "::1"], environment
    )
    assert (chosen.port, chosen.open, chosen.host, chosen.keep_days) == (0, False, "::1", None)
    assert chosen.train_seconds == 86_400.0
    assert chosen.allow_host == ["a.example", "b.example", "c.example"]


def test_a_token_is_made_where_others_reach_the_app_and_nothing_else_asks():
    made = parse(["--host", "0.0.0.0"], {}).token
    assert len(made) >= 20 and made != parse(["--host", "0.0.0.0"], {}).token
    assert parse(["--host", "192.0.2.1"], {}).token
    assert parse([], {}).token == ""
    assert parse(["--host", "0.0.0.0"], {"VQVAE_PASSWORD": "secret"}).token == ""
    assert parse(["--host", "0.0.0.0"], {"VQVAE_TOKEN": "None"}).token == ""
    assert parse(["--host", "0.0.0.0"], {"SPACE_HOST": "a.hf.space"}).token == ""
    given = {"VQVAE_TOKEN": "a token of ours", "VQVAE_PASSWORD": "secret"}
    assert parse([], given).token == "a token of ours"


@pytest.mark.parametrize(
    "argv, environment, sentence",
    [
        (["--port", "99999"], {}, "--port 99999: a port is a number from 1 to 65535"),
        ([], {"VQVAE_PORT": "x"}, "$VQVAE_PORT x: a port is a number"),
        (["--keep-days", "-1"], {}, "--keep-days -1: it must be a number of days above 0"),
        ([], {"VQVAE_KEEP_DAYS": "nan"}, "$VQVAE_KEEP_DAYS nan: it must be"),
        (["--train-seconds", "1e9"], {}, "--train-seconds 1e9: it must be a number of seconds"),
        (["--images", "nowhere"], {}, "--images nowhere: that is no folder"),
        (["--checkpoints", "nowhere"], {}, "--checkpoints nowhere: that is no folder"),
        ([], {"VQVAE_CHECKPOINTS": __file__}, "that is no folder; give one that holds models"),
        (["--data-dir", __file__], {}, "there is a file where this folder should be"),
        (["--data-dir", f"{__file__}/below"], {}, "there is a file where this folder should be"),
        (["--allow-host", "http://class.example"], {}, "give the name alone"),
        ([], {"VQVAE_ALLOW_HOSTS": "a.example b.example:80"}, "b.example:80: give the name alone"),
        (
            ["--trusted-proxy", "nginx"],
            {},
            "--trusted-proxy nginx: that is no address of a proxy; give one such as",
        ),
        (
            [],
            {"VQVAE_FRAME_ANCESTORS": "https://a.example *"},
            "$VQVAE_FRAME_ANCESTORS *: that cannot frame the page",
        ),
        ([], {"VQVAE_TOKEN": "short"}, "$VQVAE_TOKEN: a token has at least 8 characters"),
        ([], {"VQVAE_MCP": "maybe"}, "$VQVAE_MCP maybe: give 1 or 0"),
        (["--root-path", "/a b"], {}, "--root-path /a b: that is no path on a site; give one such"),
        ([], {"GRADIO_ROOT_PATH": "/a?"}, "$GRADIO_ROOT_PATH: that is no path on a site"),
        (
            ["--public-origin", "a.example"],
            {},
            "--public-origin a.example: that is no public origin",
        ),
        (["--max-upload", "0"], {}, "it must be a whole number of MB from 1 to 4096"),
        ([], {"VQVAE_MAX_MODELS": "1.5"}, "it must be a whole number of models from 1 to 10000"),
    ],
)
def test_what_is_not_valid_is_a_sentence(argv, environment, sentence, capsys):
    with pytest.raises(SystemExit):
        parse(argv, environment)
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1 and "usage:" not in said


def test_nothing_secret_is_taken_from_the_command_line(capsys):
    with pytest.raises(SystemExit):
        parse(["--password", "x"], {})
    assert "Unrecognized arguments" in capsys.readouterr().err
