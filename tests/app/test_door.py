"""The door between page and server: what comes in is typed, what goes out is an answer or a
sentence."""

import pytest

from demo.door import OfModel, Request, RequestError, Slots, answer, read, server_functions, whole
from demo.errors import FAILED, BusyError, PageError
from demo.settings import Settings
from vqvae import CheckpointError


class Draw(OfModel):
    seed: int = whole("The seed", 0, 1_000, 7)
    step: int = whole("The step", 1, 9)


def draw(request: Draw, settings: Settings) -> dict:
    return {"seed": request.seed, "step": request.step, "model": request.model}


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (
            {"step": 1, "seed": 1_001},
            "The seed is '1001'; it must be a whole number from 0 to 1,000.",
        ),
        (
            {"step": 1, "seed": True},
            "The seed is 'True'; it must be a whole number from 0 to 1,000.",
        ),
        ({"step": 1, "seed": 1.5}, "The seed is '1.5'; it must be a whole number from 0 to 1,000."),
        ({"step": "2"}, "The step is '2'; it must be a whole number from 1 to 9."),
        ({"step": None}, "The step is 'None'; it must be a whole number from 1 to 9."),
        ({}, "The step is missing; it must be a whole number from 1 to 9."),
        ([], "The request is not a JSON object; reload the page."),
        (None, "The request is not a JSON object; reload the page."),
    ],
)
def test_what_a_page_sends_is_checked_before_the_question_is_put(sent, sentence):
    assert answer(draw, sent, Settings()) == {"n": None, "ok": False, "error": sentence}


def test_a_value_is_repeated_in_part_only():
    with pytest.raises(RequestError) as caught:
        read(draw, {"step": "x" * 10_000})
    assert len(str(caught.value)) < 100


def test_an_answer_carries_the_number_of_its_request_and_unknown_fields_are_passed_over():
    sent = {"n": 3, "step": 2, "model": "m", "colour": "red"}
    assert answer(draw, sent, Settings()) == {
        "n": 3,
        "ok": True,
        "seed": 7,
        "step": 2,
        "model": "m",
    }
    assert answer(draw, {"n": True, "step": 2}, Settings())["n"] is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PageError("Choose another."), {"error": "Choose another."}),
        (CheckpointError("It is damaged."), {"error": "It is damaged."}),
        (BusyError("Not now."), {"error": "Not now.", "again": True}),
        (
            ModuleNotFoundError("no", name="umap"),
            {"error": "The package umap is not installed; run `pip install -r requirements.txt`."},
        ),
        (KeyError("/home/secret"), {"error": FAILED}),
    ],
)
def test_whatever_goes_wrong_is_one_sentence(error, said):
    def fails(request: OfModel, settings: Settings) -> dict:
        raise error

    assert answer(fails, {"n": 1}, Settings()) == {"n": 1, "ok": False, **said}


def test_those_who_wait_too_long_are_told_that_the_server_is_busy(monkeypatch):
    monkeypatch.setattr("demo.door.WAIT_SECONDS", 0.01)
    turns = Slots(1)

    def nested(request: Request, settings: Settings) -> dict:
        return {"inner": answer(draw, {"step": 1}, settings, turns)}

    inner = answer(nested, {}, Settings(), turns)["inner"]
    assert not inner["ok"] and inner["again"] and "busy" in inner["error"]
    assert answer(draw, {"step": 1}, Settings(), turns)["ok"], "the place is free again"


def test_gradio_finds_a_question_by_its_name():
    [function] = server_functions([draw], Settings())
    assert function.__name__ == "draw" and function({"step": 4})["step"] == 4
