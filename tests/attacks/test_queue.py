"""Row 3: one client's events, questions and streams leave the others their turn. Attacker and
honest visitors come from one address here unless it says otherwise: that is the harder case, a
class behind one router."""

import asyncio
import json
import time

import httpx
import pytest

from demo.web import queue, streams
from tests.attacks.conftest import HONEST_SECONDS, Target

CLASS = 30


class Page:
    """A page: it fetches itself, sends its first events all at once and listens for results."""

    def __init__(self, target: Target, session: str, address: str = "127.0.0.1") -> None:
        self.session = session
        self.http = httpx.AsyncClient(
            base_url=target.url,
            timeout=60,
            transport=httpx.AsyncHTTPTransport(local_address=address, verify=False),
        )

    async def __aenter__(self) -> "Page":
        return self

    async def __aexit__(self, *_) -> None:
        await self.http.aclose()

    async def join(self, fn_index: int, data: list) -> httpx.Response:
        return await self.http.post(
            "/gradio_api/queue/join",
            json={"fn_index": fn_index, "data": data, "session_hash": self.session},
        )

    async def outcome(self) -> list[dict]:
        async with self.http.stream(
            "GET", "/gradio_api/queue/data", params={"session_hash": self.session}
        ) as said:
            return [
                json.loads(line[5:])
                async for line in said.aiter_lines()
                if line.startswith("data:")
            ]

    async def open(self, events: list[tuple[int, list]]) -> list[str]:
        """What went wrong; nothing, where every event was answered."""
        page = await self.http.get("/")
        joined = await asyncio.gather(*(self.join(*event) for event in events))
        ends = [
            message for message in await self.outcome() if message["msg"] == "process_completed"
        ]
        wrong = [
            f"{answer.status_code} {answer.text[:80]}"
            for answer in (page, *joined)
            if answer.status_code != 200
        ]
        wrong += [str(end["output"])[:80] for end in ends if not end["success"]]
        return wrong + (
            []
            if len(ends) == len(events)
            else [f"{len(ends)} of {len(events)} events were answered"]
        )


@pytest.fixture(scope="module")
def events(target) -> list[tuple[int, list]]:
    """The queued events that a page sends when it opens."""
    found = target.config()["dependencies"]
    load = next(
        event["id"] for event in found if [kind for _, kind in event["targets"]] == ["load"]
    )
    chain = [
        event
        for event in found
        if event["queue"] and event["backend_fn"] and event["trigger_after"] == load
    ]
    return [
        (load, [None, None]),
        *((event["id"], [None] * len(event["inputs"])) for event in chain),
    ]


@pytest.fixture(scope="module")
def owners(target) -> dict[str, int]:
    """Question -> the component that answers it."""
    return {
        name: part["id"]
        for part in target.config()["components"]
        for name in part["props"].get("server_fns") or []
    }


def opens_in(
    target: Target, events, session: str, address: str = "127.0.0.1"
) -> tuple[float, list[str]]:
    async def run():
        async with Page(target, session, address) as page:
            begin = time.monotonic()
            wrong = await page.open(events)
            return time.monotonic() - begin, wrong

    return asyncio.run(run())


@pytest.mark.parametrize("one_session", [True, False])
def test_events_that_nobody_listens_for_keep_nobody_waiting(target, events, one_session):
    answers = [
        target.join(*events[0], session="deaf" if one_session else f"deaf {n}") for n in range(300)
    ]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert target.join(*events[0], session="deaf").status_code == (503 if one_session else 200)
    seconds, wrong = opens_in(target, events, f"honest {one_session}")
    assert not wrong and seconds < HONEST_SECONDS
    assert target.honest_seconds() < HONEST_SECONDS


def test_a_session_past_its_bound_gets_a_sentence(target, events):
    most = queue.Bounds().session

    async def run():
        async with Page(target, "greedy", "127.0.0.3") as page:
            answers = [await page.join(*events[0]) for _ in range(most + 1)]
            return answers, await page.outcome()

    answers, said = asyncio.run(run())
    assert [answer.status_code for answer in answers] == [200] * most + [503]
    assert answers[-1].json() == {"detail": queue.BUSY}
    assert [message["success"] for message in said if message["msg"] == "process_completed"] == [
        True
    ] * most


def test_page_events_do_not_wait_behind_calls_and_calls_take_turns(target, events):
    async def call(page: Page, count: int) -> httpx.Response:
        body = {"data": ["mnist", count, None, 0, 1.0, 1.0, 1.8, 64]}
        begun = await page.http.post("/gradio_api/call/generate", json=body)
        begun.raise_for_status()
        return await page.http.get(f"/gradio_api/call/generate/{begun.json()['event_id']}")

    async def run():
        async with (
            Page(target, "caller") as caller,
            Page(target, "page") as page,
            Page(target, "elsewhere", "127.0.0.2") as elsewhere,
        ):
            flood = [asyncio.create_task(call(caller, 30)) for _ in range(20)]
            await asyncio.sleep(1)
            begin = time.monotonic()
            assert await page.open(events) == []
            opened = time.monotonic() - begin
            answer = await call(elsewhere, 1)
            over = sum(task.done() for task in flood)
            for task in flood:
                task.cancel()
            await asyncio.gather(*flood, return_exceptions=True)
            return opened, answer.text, over

    opened, answer, over = asyncio.run(run())
    assert opened < HONEST_SECONDS
    assert "event: complete" in answer and over < 10


def test_a_class_behind_one_address_opens_at_once(target, events):
    async def run():
        pages = [Page(target, f"pupil {n}") for n in range(CLASS)]
        wrong = await asyncio.gather(*(page.open(events) for page in pages))
        await asyncio.gather(*(page.http.aclose() for page in pages))
        return [text for texts in wrong for text in texts]

    assert asyncio.run(run()) == []


def test_questions_of_one_client_leave_threads_to_the_others(target, owners):
    """The pool has 40 threads. First come, first served, the other would wait for all 400."""
    grid = [[0] * 7] * 7

    def asks(page: Page, n: int):
        request = {
            "model": "mnist",
            "n": n,
            "indices": grid,
            "locked": [],
            "label": None,
            "seed": n,
        }
        owner = owners["prior_fill"]
        body = {
            "data": request,
            "component_id": owner,
            "fn_name": "prior_fill",
            "session_hash": page.session,
        }
        return page.http.post("/gradio_api/component_server", json=body)

    def computed(flood):
        """How many have an answer; those without a place in the line are refused at once."""
        return sum(task.done() and task.result().json()["ok"] for task in flood)

    async def run():
        async with Page(target, "asks") as attacker, Page(target, "other") as other:
            attacker.http._transport = httpx.AsyncHTTPTransport(
                limits=httpx.Limits(max_connections=400)
            )
            await asks(attacker, 0)  # loads the prior
            flood = [asyncio.create_task(asks(attacker, n)) for n in range(400)]
            while not any(task.done() and task.result().json()["ok"] for task in flood):
                await asyncio.sleep(0.05)
            begin = time.monotonic()
            page = await other.http.get("/")
            seconds = time.monotonic() - begin
            before = computed(flood)
            answer = await asks(other, 0)
            after = computed(flood)
            for task in flood:
                task.cancel()
            await asyncio.gather(*flood, return_exceptions=True)
            return page, seconds, answer, after - before

    page, seconds, answer, between = asyncio.run(run())
    assert page.status_code == answer.status_code == 200
    assert answer.json()["ok"], answer.text
    assert seconds < HONEST_SECONDS
    assert between < 100, "the other's question took its turn"


def test_streams_that_are_held_open_are_bounded(target):
    async def run():
        async with Page(target, "holds") as page:
            held = [
                await page.http.send(
                    page.http.build_request("GET", "/gradio_api/heartbeat/holds"), stream=True
                )
                for _ in range(streams.SESSION + 1)
            ]
            codes = [answer.status_code for answer in held]
            text = (await held[-1].aread()).decode()
            for answer in held:
                await answer.aclose()
            await asyncio.sleep(0.5)
            again = await page.http.send(
                page.http.build_request("GET", "/gradio_api/heartbeat/holds"), stream=True
            )
            await again.aclose()
            return codes, text, again.status_code

    codes, text, again = asyncio.run(run())
    assert codes == [200] * streams.SESSION + [429] and streams.MANY in text
    assert again == 200, "closed ones do not count"


def test_listening_for_nothing_is_answered_and_writes_no_log(target):
    before = len(target.app.lines)
    answer = target.client.get("/gradio_api/queue/data", params={"session_hash": "nobody"})
    assert answer.status_code == 200 and json.loads(answer.text[5:])["session_not_found"] is True
    assert target.client.get("/gradio_api/call/generate/nothing").status_code == 404
    assert before == len(target.app.lines)


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/gradio_api/deep_link?session_hash=x"),
        ("POST", "/gradio_api/process_recording"),
        ("GET", "/gradio_api/custom_component/a/client/b/c"),
        ("GET", "/gradio_api/proxy=http://127.0.0.1/"),
        ("POST", "/gradio_api/vibe-edit"),
        ("GET", "/monitoring/summary"),
        ("GET", "/pwa_icon/90000"),
    ],
)
def test_doors_of_gradio_that_the_page_does_not_use_are_closed(target, method, path):
    assert target.client.request(method, path).status_code in (403, 404)
