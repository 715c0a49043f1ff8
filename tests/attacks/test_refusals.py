"""Row 16. Requests that name nothing that exists are refused with a sentence, never a bare 500, and
the log gets a line without the visitor's token; pages of other ports of this machine read nothing.
"""

import pytest

TOKEN = "0123456789abcdef" * 2
UNKNOWN = {
    "queue/join": [
        {"fn_index": 9999, "data": []},
        {"fn_index": -1, "data": []},
        {"fn_index": 10**30, "data": []},
        {"fn_index": None, "data": []},
        {"fn_index": "x", "data": []},
        {"data": []},
        {"fn_index": 0},
        [],
        None,
    ],
    "run/predict": [{"fn_index": 9999, "data": []}, {"data": []}],
    "run/nothing": [{"data": []}],
    "api/nothing": [{"data": []}],
    "call/nothing": [{"data": []}],
    "call/v2/nothing": [{}],
    "component_server": [
        {},
        {"component_id": 99999, "fn_name": "answer", "data": [], "session_hash": "x"},
        {"component_id": "x", "fn_name": "answer", "data": [], "session_hash": "x"},
        {"component_id": 1, "fn_name": "__init__", "data": [], "session_hash": "x"},
    ],
    "reset": [{}, {"event_id": "x"}],
    "cancel": [{}, {"event_id": "x", "fn_index": 9999, "session_hash": "x"}],
    "upload": [{}],
}


@pytest.mark.parametrize("door", UNKNOWN)
def test_what_is_not_there_is_a_sentence_and_a_line(target, door):
    def knock() -> None:
        for body in UNKNOWN[door]:
            for data in (body, {**body, "session_hash": TOKEN} if isinstance(body, dict) else body):
                answer = target.client.post(f"/gradio_api/{door}", json=data)
                assert 200 <= answer.status_code < 500, (data, answer.text)
                assert "Traceback" not in answer.text

    said = target.log_of(knock)
    assert said.count("\n") < 2 * len(UNKNOWN[door]) and "Traceback" not in said
    assert TOKEN not in said


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "", "null", "x", "http://a b", "é"])
def test_what_is_no_origin_is_another_site(target, origin):
    said = []
    headers = {"Origin": origin.encode(), "Content-Type": "text/plain"}

    def ask() -> None:
        said.append(target.client.post("/gradio_api/queue/join", content="{}", headers=headers))

    assert "Traceback" not in target.log_of(ask)
    assert said[0].status_code == 403


def test_events_with_wrong_data_are_a_line_each(walker):
    """Every event is asked once with nothing and once with too much."""
    events = [event["id"] for event in walker.config()["dependencies"]]

    def ask() -> None:
        for event in events:
            for n, data in enumerate(([], [None] * 40, [TOKEN] * 40)):
                session = f"{TOKEN[:20]}{event}x{n}"
                if walker.join(event, data, session).status_code == 200:
                    walker.outcome(session)

    said = walker.log_of(ask)
    assert TOKEN not in said
    assert "Traceback" not in said, said[-3000:]
    assert len(said.splitlines()) <= 3 * len(events)


@pytest.mark.parametrize("origin", ["http://localhost:9999", "http://127.0.0.1:1", "null",
                                    "https://evil.example"])  # fmt: skip
def test_pages_of_other_origins_read_nothing(target, origin):
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x"):
        for answer in (
            target.client.get(path, headers={"Origin": origin}),
            target.client.options(path, headers=asks),
        ):
            assert "access-control-allow-origin" not in answer.headers, path
            assert "access-control-allow-credentials" not in answer.headers, path
