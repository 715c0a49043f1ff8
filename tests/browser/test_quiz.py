"""The quiz in a real browser: seven questions, one a concept, and a result one can print."""

import re

from playwright.sync_api import expect

from demo.page.guide import component as guide
from demo.page.quiz.component import FOLDER
from demo.text import GLOSSARY

CONCEPTS = (
    "quantization",
    "codebook",
    "straight-through",
    "commitment loss",
    "codebook collapse",
    "perplexity",
    "prior",
)
"""What is asked about, words of the glossary, one question each and in this order."""


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
        name = re.search(r'data-lesson-card="(\w+)"', question)[1]
        card = next(card for card in cards if card.startswith(f'"{name}"'))
        assert f"[[{concept}" in card and "Try it:" in card, concept


LOOKS = """(box) => {
  const { appearance, borderRadius, borderTopWidth } = getComputedStyle(box);
  return [appearance, borderRadius, borderTopWidth === "5px"];
}"""


def test_a_chosen_answer_is_seen_and_an_open_question_is_marked(context, open_page):
    page = open_page(context, "/?quiz=open")
    quiz = page.locator("#vq-quiz dialog")
    expect(quiz).to_be_visible()
    first, second = (quiz.locator('input[name="vz-2"]').nth(n) for n in (0, 1))
    first.check()
    second.focus()
    for _ in range(2):  # also without the focus
        assert first.evaluate(LOOKS) == ["none", "50%", True]
        assert second.evaluate(LOOKS) == ["none", "50%", False]
        quiz.locator(".vz-intro").click()
    quiz.locator("[data-do=check]").click()
    result = quiz.locator(".vz-result")
    assert result.inner_text() == "6 questions have no answer yet."
    expect(result).to_be_in_viewport()
    assert quiz.locator(".vz-none:visible").count() == 6
    assert quiz.locator('[data-concept="codebook"] .vz-none').is_hidden()
    quiz.locator('input[name="vz-1"]').first.check()
    assert quiz.locator(".vz-none:visible").count() == 5


def test_a_card_opens_from_the_quiz_and_leads_back_with_all_answers(context, open_page):
    page = open_page(context, "/?quiz=open")
    quiz = page.locator("#vq-quiz dialog")
    for question in quiz.locator("fieldset").all():
        question.locator("input").last.check()
    quiz.locator("[data-do=check]").click()
    said = quiz.locator(".vz-result").inner_text()
    page.evaluate("window.same = true")
    quiz.locator("fieldset").nth(3).get_by_text("See the card").click()
    expect(quiz).to_be_hidden()
    expect(page.locator("#vq-guide .vl h2:visible")).to_have_text("How it learns")
    expect(page.locator("#vq-tab-train-button")).to_have_attribute("aria-selected", "true")
    assert "lesson=learn" in page.url and "quiz=" not in page.url
    page.get_by_role("button", name="Back to the quiz").click()
    expect(quiz).to_be_visible()
    expect(quiz.locator("fieldset").nth(3)).to_be_in_viewport()
    assert quiz.locator("input:checked").count() == 7
    assert quiz.locator(".vz-result").inner_text() == said
    assert page.evaluate("window.same") and page.errors == []


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
    marks = quiz.locator('[data-concept="quantization"] [data-is]')
    assert [one.get_attribute("data-is") for one in marks.all()] == ["wrong", "right"]
    assert quiz.locator('[data-is="good"]').count() == 6
    assert quiz.locator("[data-do=print]").is_visible()
    quiz.locator("[data-do=close]").click()
    expect(quiz).to_be_hidden()
    assert "quiz=" not in page.url and page.errors == []
