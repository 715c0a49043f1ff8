"""Every word of the glossary explains itself on the tab to which its card leads, where one can see
it at work."""

from demo.text import GLOSSARY, SEE

SHOWN = """(tab) => [...document.querySelectorAll(`#vq-tab-${tab} .vq-term`)]
  .filter((word) => word.checkVisibility()).map((word) => word.querySelector(".vq-tip").textContent)"""
SETTLED = "![...document.querySelectorAll('[aria-busy=true]')].some((one) => one.checkVisibility())"
OPENING = {  # what is to be pressed on a tab for its last words, in the order of the presses
    "edit": ['#vq-edit [data-view="effect"]', '#vq-edit [data-do="surprise"]'],
    "train": ["#vq-train-advanced > button"],
}
"""Selectors by tab."""


def words_on(page, tab):
    """The sentences that one can point at on a tab."""
    return set(page.evaluate(SHOWN, tab))


def wait_for_words(page, tab, sentences):
    """Those of the sentences that do not come to be seen on the tab."""
    for _ in range(100):
        if not (missing := sentences - words_on(page, tab)):
            break
        page.wait_for_timeout(200)
    return missing


def test_each_sentence_is_shown_on_the_tab_that_its_card_leads_to(page):
    missing = {}
    for tab in dict.fromkeys(SEE.values()):
        page.locator(f"#vq-tab-{tab}-button").click()
        page.wait_for_function(SETTLED)
        for selector in OPENING.get(tab, []):
            page.locator(selector).click()
        wanted = {GLOSSARY[word]: word for word in GLOSSARY if SEE[word] == tab}
        if left := wait_for_words(page, tab, {*wanted}):
            missing[tab] = [wanted[sentence] for sentence in left]
    assert missing == {} and page.errors == []
