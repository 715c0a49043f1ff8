"""The quiz in a real browser: seven questions, one a concept, and a result one can print."""

import re

from playwright.sync_api import expect

from demo.page.guide import component as guide
from demo.page.quiz.component import CONCEPTS, FOLDER
from demo.text import GLOSSARY


def test_there_is_one_question_a_concept_with_one_right_answer():
    html = (FOLDER / "quiz.html").read_text("utf-8")
    assert tuple(re.findall(r'data-concept="([^"]+)"', html)) == CONCEPTS and {*CONCEPTS} <= {
        *GLOSSARY
    }
    for n in range(1, len(CONCEPTS) + 1):
        values = re.findall(rf'name="vz-{n}" value="(\w+)"', html)
        assert values.count("right") == 1 and len(values) == 3


def test_each_concept_has_a_card_that_explains_it_and_says_what_to_try():
    html = (FOLDER / "quiz.html").read_text("utf-8")
    cards = (guide.FOLDER / "guide.html").read_text("utf-8").split("<section data-card=")
    for concept, question in zip(CONCEPTS, html.split("<fieldset ")[1:], strict=True):
        name = re.search(r'href="\?lesson=(\w+)"', question)[1]
        card = next(card for card in cards if card.startswith(f'"{name}"'))
        assert name in guide.CARDS and f"[[{concept}" in card and "Try it:" in card, concept


def test_answers_are_counted_explained_and_printed(context, open_page):
    page = open_page(context, "/?quiz=open")
    quiz = page.locator("#vq-quiz dialog")
    expect(quiz).to_be_visible()
    check, result = quiz.locator("[data-do=check]"), quiz.locator(".vz-result")
    check.click()
    assert result.inner_text() == "7 questions have no answer yet."
    for question in quiz.locator("fieldset").all():
        question.locator('input[value="right"]').check()
    quiz.locator('input[name="vz-1"]:not([value="right"])').first.check()
    check.click()
    assert result.inner_text().startswith("6 of 7 right.")
    assert quiz.locator('.vz-why[data-right="false"]').count() == 1
    assert (
        "nearest code takes the place" in quiz.locator('.vz-why[data-right="false"]').inner_text()
    )
    assert quiz.locator("[data-do=print]").is_visible()
    quiz.locator("[data-do=close]").click()
    expect(quiz).to_be_hidden()
    assert "quiz=" not in page.url and page.errors == []
