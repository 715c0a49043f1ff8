"""The header's handlers called as plain functions, the built page, and the server around it."""

import json
import re
import shutil
from html import escape
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from starlette.testclient import TestClient

import vqvae
from demo import interface
from demo.models.transfer import download
from demo.models.weights import for_page
from demo.page import header, modules
from demo.page.codeless import codeless
from demo.page.theme import CSS_PATHS
from demo.runs.upload_room import upload_room
from demo.session import Session, is_token
from demo.settings import Settings
from demo.text import GLOSSARY, SEE, figure, number, term
from demo.web.server import FIRST_MODULE, create_server
from demo.web.sessions import SESSIONS
from tests.names import own_id

VISITOR = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("interface")
    config = vqvae.ModelConfig(
        hidden_channels=8, codebook_size=16, embedding_dim=4, residual_blocks=1
    )
    training = {"dataset": "/data/<img src=x onerror=alert(1)>"}
    model = vqvae.build_model(config)
    vqvae.save_checkpoint(
        root / "checkpoints/mnist", model, metrics={"psnr": 30.44, "usage": 1}, training=training
    )
    shutil.copytree(root / "checkpoints/mnist", root / f"runs/{VISITOR}/a1b2/checkpoint")
    return Settings(checkpoints=root / "checkpoints", runs=root / "runs", data_dir=root)


@pytest.fixture(scope="module")
def app(settings):
    return interface.create_app(settings)


@pytest.fixture(scope="module")
def client(app, settings):
    with TestClient(create_server(app, settings), base_url="http://127.0.0.1:7860") as opened:
        yield opened


# -- the header's handlers -------------------------------------------------------------------------


def test_a_new_visitor_gets_a_token_and_the_first_model(settings):
    token, picker, _, facts = interface.open_page(settings, None, None, None)
    assert is_token(token)
    assert picker["value"] == "mnist"
    assert "30.4" in facts


def test_a_known_visitor_keeps_token_and_choice(settings):
    own = own_id(settings.runs, VISITOR, "a1b2")
    token, picker, *_ = interface.open_page(settings, VISITOR, own, None)
    assert (token, picker["value"]) == (VISITOR, own)


def test_a_link_beats_the_choice_and_shows_a_model_of_another_visitor(settings):
    linked = own_id(settings.runs, VISITOR, "a1b2")
    token, picker, *_ = interface.open_page(settings, None, "mnist", linked)
    assert token != VISITOR
    assert picker["value"] == linked
    assert linked in {model_id for _, model_id in picker["choices"]}


@pytest.mark.parametrize(
    "stored", [5, "", "zz", VISITOR.upper(), VISITOR + "/..", ["a"], {}, "é" * 32]
)
def test_a_malformed_token_or_choice_is_replaced(settings, stored):
    token, picker, *_ = interface.open_page(settings, stored, stored, stored)
    assert is_token(token) and token != stored
    assert picker["value"] == "mnist"


def test_the_page_opens_without_any_model(tmp_path):
    empty = Settings(checkpoints=tmp_path / "none", runs=tmp_path / "runs", data_dir=tmp_path)
    token, picker, _, facts = interface.open_page(empty, None, "mnist", None)
    assert is_token(token)
    assert picker["value"] is None and picker["choices"] == []
    assert "Train tab" in facts


def test_what_a_file_says_is_shown_as_text(settings):
    assert "<img" not in header.facts(settings, "mnist")
    assert "onerror=alert(1)&gt;" in header.facts(settings, "mnist")


def test_refresh_keeps_the_choice_while_it_exists(settings):
    own = own_id(settings.runs, VISITOR, "a1b2")
    picker, _ = header.refresh(settings, VISITOR, own)
    assert "value" not in picker, "another may just have been chosen"
    picker, _ = header.refresh(settings, VISITOR, own_id(settings.runs, VISITOR, "gone"))
    assert picker["value"] == "mnist"
    picker, cards = header.refresh(settings, VISITOR, "mnist")
    assert [(card["title"], card["id"]) for card in cards] == picker["choices"]
    assert len(cards) == 2 and cards[0]["name"] == "mnist" and cards[1]["name"].startswith("Mine: ")
    assert cards[0]["facts"].endswith("K 16 · 7 × 7 grid · 30.4 dB")


def test_errors_are_sentences_without_markup(settings, uploads):
    with pytest.raises(gr.Error, match="choose one at the top"):
        header.check_download(settings, download, None)
    file = uploads / "<b>.zip"
    file.write_text("no zip")
    with pytest.raises(gr.Error) as raised:
        header.upload(settings, str(file), VISITOR, 0)
    assert "<" not in str(raised.value.message)


def test_an_uploaded_model_is_chosen_at_once(settings, uploads):
    file = uploads / "model.zip"
    file.write_bytes(b"".join(download("mnist", settings)[1]))
    picker, version = header.upload(settings, str(file), "a" * 32, 3)
    assert picker["value"] in {model_id for _, model_id in picker["choices"]}
    assert picker["value"].startswith("share:") and "a" * 32 not in picker["value"]
    assert version == 4


# -- the page --------------------------------------------------------------------------------------


def test_the_page_has_the_tabs_that_exist_in_order(app):
    tabs = [block.id for block in app.blocks.values() if isinstance(block, gr.Tab)]
    labels = [block.label for block in app.blocks.values() if isinstance(block, gr.Tab)]
    assert tabs
    assert labels[: len(interface.available_tabs())] == [
        label for _, label in interface.available_tabs()
    ]


def test_no_event_is_public(app):
    """What programs may call is named in demo/api/; nothing else gets an endpoint by accident."""
    public = {fn.api_name for fn in app.fns.values() if fn.api_visibility == "public"}
    assert public <= {"encode", "decode", "reconstruct", "generate", "complete"}


def test_components_that_come_later_are_not_needed_to_choose_a_model():
    """A model of a run that ended after the page was opened is accepted: ids are checked where they
    are used."""
    assert header.IdPicker([("a", "a")]).preprocess("share:new") == "share:new"
    assert header.IdPicker([("a", "a")]).preprocess(["a"]) is None


# -- the server ------------------------------------------------------------------------------------


def test_every_answer_carries_the_security_headers(client):
    for path in ("/", "/config", "/no-such-page"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert (
            "default-src 'self'" in policy
            and "frame-ancestors 'none'" in policy
            and "http" not in policy
        )


def test_the_page_asks_no_other_host_for_anything(client):
    page = client.get("/").text
    assert "fonts.googleapis" not in page
    assert "cdnjs" not in page


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", ""]
)
def test_a_foreign_host_is_refused(client, host):
    assert client.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860"])
def test_the_local_names_are_served(client, host):
    assert client.get("/", headers={"host": host}).status_code == 200


PAYLOAD = json.dumps({"data": [], "fn_index": 0, "session_hash": "x"})


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:7860.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-site"},
    ],
)
def test_a_post_from_a_foreign_page_is_refused(client, headers):
    for path in ("/gradio_api/queue/join", "/gradio_api/component_server", "/gradio_api/upload"):
        answer = client.post(
            path, content=PAYLOAD, headers={"content-type": "text/plain", **headers}
        )
        assert answer.status_code == 403
        assert "another site" in answer.text


def test_an_upload_to_a_full_disk_is_refused_before_it_is_written(app, settings, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    upload_room.cache_clear()  # it looks at the disk once in some seconds
    with TestClient(create_server(app, settings), base_url="http://127.0.0.1:7860") as full:
        answer = full.post("/gradio_api/upload", files={"files": b"x"})
    assert answer.status_code == 507 and "no room for uploads" in answer.text


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}]
)
def test_the_page_itself_and_programs_may_post(client, headers):
    answer = client.post("/gradio_api/queue/join", content=PAYLOAD, headers=headers)
    assert answer.status_code != 403


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_loads_its_script_from_elsewhere(client, path):
    assert "cdn" not in client.get(path).text


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=requirements.txt",
        "/gradio_api/file=../../../../etc/passwd",
        "/static/../../../../etc/passwd",
        "/gradio_api/file=checkpoints/mnist/config.json",
    ],
)
def test_no_file_of_the_machine_is_served(client, path):
    assert client.get(path).status_code in (403, 404)


@pytest.mark.parametrize("prefix", ["", "/vq", "/a/vq"])
def test_every_door_is_found_below_a_sub_path(client, settings, prefix):
    module = modules.address(next(iter(modules.sources())))
    weights = for_page("mnist", vqvae.load("mnist").config, settings)["weights"]
    for door in (
        "",
        "config",
        "model.zip?model=mnist",
        "model.html?model=mnist",
        weights,
        module,
        "gradio_api/app_id",
    ):
        assert client.get(f"{prefix}/{door}").status_code == 200, door


def test_the_page_fetches_the_first_tab_ahead_of_it(client):
    page = client.get("/").text
    ahead = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page[: page.index("<script")])
    assert set(ahead) == {modules.address(name) for name in modules.imports(FIRST_MODULE)}
    assert len(ahead) > 5
    for address in ahead:
        assert client.get(f"/{address}").status_code == 200


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", GLOSSARY)
def test_a_term_is_one_sentence_and_reachable_by_keyboard(word):
    sentence = GLOSSARY[word]
    assert sentence[0].isupper() and sentence.endswith(".") and len(sentence) < 180
    assert 'tabindex="0"' in term(word) and 'role="tooltip"' in term(word)


def test_an_unknown_term_is_an_error():
    with pytest.raises(KeyError):
        term("perplexitty")


def test_figures_have_units_and_strange_values_are_none():
    assert number(6272, "bits", 0) == "6,272\u202fbits"
    assert number(None) == "–"
    assert [figure(value) for value in (1, 2.5, float("nan"), "3", None, [])] == [
        1.0,
        2.5,
        None,
        None,
        None,
        None,
    ]


def test_a_session_needs_a_token():
    with pytest.raises(ValueError, match="32 hex digits"):
        Session("../x")
    assert Session.resume(VISITOR).visitor == VISITOR


def test_only_so_many_open_pages_are_remembered(client, app, monkeypatch):
    kept = app.state_holder
    assert kept.capacity == SESSIONS
    monkeypatch.setattr(kept, "capacity", 2)
    for page in ("first", "second", "third"):
        kept[page]
    assert list(kept.session_data) == ["second", "third"]


@pytest.mark.parametrize(
    ("model", "kind"), [("mnist-ae", "an autoencoder"), ("mnist-vae", "a VAE"),
                        ("mnist-cvae", "a conditional VAE")]
)  # fmt: skip
def test_a_model_without_a_codebook_is_told_to_be_one(model, kind):
    said = codeless(Settings(), model)
    assert f"It is {kind}: it keeps a vector of 55 numbers" in said and "Use mnist" in said


@pytest.mark.parametrize("model", ["mnist", "cifar10", "", None, "../x", "<b>"])
def test_of_any_other_nothing_is_said(model):
    assert codeless(Settings(), model) == ""


def test_of_a_model_without_a_codebook_no_figure_of_one_is_told():
    said = header.facts(Settings(), "mnist-ae")
    assert "55" in said and GLOSSARY["AE"] in said and "none" in said
    assert "512" not in said and GLOSSARY["usage"] not in said


def test_every_sentence_of_the_glossary_is_somewhere_on_the_page():
    page = json.dumps(
        interface.create_app(Settings()).get_config_file(), ensure_ascii=False, default=str
    )
    missing = [
        word
        for word, sentence in GLOSSARY.items()
        if json.dumps(escape(sentence))[1:-1] not in page
    ]
    assert missing == []
    assert {*SEE} == {*GLOSSARY} and {*SEE.values()} <= {tab for tab, _ in interface.TABS}


def test_no_rule_of_the_page_asks_all_of_it_by_has():
    """Such a rule, and the style of every button with it, is decided anew at every edit."""
    asked = re.compile(
        r"(?:^|[\s,}])(?:html|body|:root|#vq-tabs|\.gradio-container)[^\s,{>+~]*:has\("
    )
    assert asked.search("body:has(.x) { }") and asked.search("a, #vq-tabs:not(:has(.x)) b { }")
    demo = Path(__file__).parents[2] / "demo"
    sheets = [*demo.rglob("*.css")]
    assert len(sheets) > 5
    assert not [sheet.name for sheet in sheets if asked.search(sheet.read_text("utf-8"))]


def test_no_rule_under_a_condition_names_what_gradio_confines_it_to():
    """Within @media Gradio puts `.gradio-container .contain` before every selector, and what names
    the page around that matches nothing: such rules are for head/outside.css."""
    outer = re.compile(
        r"(?:^|[\s,(])(?:body|html|:root|\.gradio-container|\.main|\.vq-in-lesson)\b"
    )

    def conditional(sheet):
        for block in re.split(r"@(?:media|supports)[^{]*", re.sub(r"/\*.*?\*/", "", sheet))[1:]:
            depth = 0
            for at, letter in enumerate(block):
                depth += {"{": 1, "}": -1}.get(letter, 0)
                if not depth:
                    yield from re.findall(r"([^{};]+)\{", block[1:at])
                    break

    assert [*conditional("a { } @media (x) { b, .c { d: e } f { } } html { }")] == [
        " b, .c ",
        " f ",
    ]
    for path in CSS_PATHS:
        named = [rule for rule in conditional(path.read_text("utf-8")) if outer.search(rule)]
        assert named == [], path.name


def test_the_quiz_does_not_give_its_answers_away_by_length_or_place():
    quiz = (Path(header.__file__).parent / "quiz/quiz.html").read_text("utf-8")
    longest, places = 0, set()
    for question in quiz.split("<fieldset")[1:]:
        answers = re.findall(r'value="(\w+)"> <span>([^<]+)', question)
        [right] = [number for number, (value, _) in enumerate(answers) if value == "right"]
        lengths = [len(text) for _, text in answers]
        longest += lengths[right] == max(lengths)
        places.add(right)
        assert max(lengths) <= 1.6 * min(lengths), answers
    assert longest <= 2 and places == {0, 1, 2}
