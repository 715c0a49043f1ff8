"""The queue and the sessions by themselves, and what they expect of Gradio."""

import asyncio
import inspect
from types import SimpleNamespace

import gradio as gr
import pytest
from fastapi import Request
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Queue
from gradio.state_holder import SessionState

from demo.web.queue import Bounds, FairQueue
from demo.web.sessions import LightState, Sessions, asked_by


@pytest.fixture
def blocks():
    with gr.Blocks() as made:
        text = gr.Textbox()
        text.change(lambda value: value, text, text)
        gr.api(lambda: 1, api_name="call", concurrency_id="api")
    made.app = SimpleNamespace(root_path="")
    made.state_holder = Sessions(made)
    return made


def request(address: str) -> Request:
    async def receive():
        return {"type": "http.request", "body": b"{}"}

    return Request(
        {"type": "http", "client": (address, 1), "headers": [], "method": "POST", "path": "/"},
        receive,
    )


async def push(queue: FairQueue, address: str, session: str | None, fn_index: int = 0):
    asking = request(address)
    return await queue.push(
        PredictBodyInternal(fn_index=fn_index, session_hash=session, data=[""]), asking, None
    )


def taken(queue: FairQueue, count: int, seconds=lambda address: 0.0) -> list[tuple[str, str]]:
    """(address, session) of the next events, as if each were over after `seconds` of its
    address."""
    took = []
    for _ in range(count):
        if found := queue.get_events():
            event = found[0][0]
            address = event.request.client.host
            queue.ended(event, seconds(address))
            took.append((address, event.session_hash))
    return took


def make(blocks, **bounds) -> FairQueue:
    return FairQueue(blocks, default_concurrency_limit=4, bounds=Bounds(**bounds))


def test_addresses_take_turns_and_then_their_sessions(blocks):
    async def run():
        queue = make(blocks)
        for address, session in (
            [("10.0.0.1", "a")] * 5 + [("10.0.0.1", "b")] * 2 + [("10.0.0.2", "c")] * 2
        ):
            await push(queue, address, session)
        for session in "abc":
            queue.listen(session)
        return taken(queue, 9)

    assert [session for _, session in asyncio.run(run())] == list("acbcabaaa")


def test_who_took_longer_waits_longer(blocks):
    async def run():
        queue = make(blocks)
        for n in range(6):
            await push(queue, "10.0.0.1", "slow", 1)
            await push(queue, "10.0.0.2", f"quick {n}", 1)
            queue.listen(f"quick {n}")
        queue.listen("slow")
        return taken(queue, 12, lambda address: 4.0 if address == "10.0.0.1" else 0.1)

    order = [session.split()[0] for _, session in asyncio.run(run())]
    assert order[:7].count("slow") == 1 and order.count("slow") == 6


def test_who_was_away_has_saved_nothing_up(blocks):
    async def run():
        queue = make(blocks)
        for address, count in (("10.0.0.1", 4), ("10.0.0.2", 1)):
            for _ in range(count):
                await push(queue, address, address)
            queue.listen(address)
        first = taken(queue, 5, lambda address: 5.0)
        for address in ("10.0.0.1", "10.0.0.2"):
            for _ in range(4):
                await push(queue, address, address)
        return first, taken(queue, 8, lambda address: 5.0)

    assert [address[-1] for address, _ in asyncio.run(run())[1]][:3].count("1") == 1


def test_an_address_leaves_a_place_for_anothers(blocks):
    async def run():
        queue = make(blocks)
        for n in range(8):
            await push(queue, "10.0.0.1", f"{n}")
            queue.listen(f"{n}")
        held = [queue.get_events() for _ in range(5)]
        await push(queue, "10.0.0.2", "other")
        queue.listen("other")
        other = queue.get_events()
        queue.ended(held[0][0][0], 0.1)
        return held, other, queue.get_events(), queue.get_events()

    held, other, after, none = asyncio.run(run())
    assert [bool(found) for found in held] == [True, True, True, False, False]
    assert other[0][0].session_hash == "other"
    assert after and not none


def test_what_nobody_listens_for_never_runs_and_is_forgotten(blocks):
    async def run():
        queue = make(blocks, seconds=0.05)
        assert [(await push(queue, "10.0.0.1", "deaf"))[0] for _ in range(3)] == [True] * 3
        assert taken(queue, 1) == [] and len(queue) == 0
        await asyncio.sleep(0.2)
        return queue

    queue = asyncio.run(run())
    assert not queue._unheard and not queue.event_ids_to_events and not queue.event_analytics
    assert not queue.pending_event_ids_session and not queue.pending_messages_per_session


def test_bounds_of_a_session_an_address_and_its_calls(blocks):
    async def run():
        queue = make(blocks, session=2, address=3, calls=1)
        said = [(await push(queue, "10.0.0.1", "a"))[2] for _ in range(3)]
        assert said == ["success", "success", "queue_full"]
        queue.listen("a")
        await push(queue, "10.0.0.1", "b")
        await push(queue, "10.0.0.1", "b")
        queue.listen("b")  # one too many of this address: it is told so
        messages = queue.pending_messages_per_session["b"]
        refused = [
            message
            for message in [messages.get_nowait() for _ in range(messages.qsize())]
            if message.msg == "process_completed"
        ]
        assert len(queue) == 3 and len(refused) == 1 and not refused[0].success
        calls = [(await push(queue, "10.0.0.1", None, 1))[1] for _ in range(2)]
        for call in calls:
            queue.listen(queue.session_of(call))
        assert len(queue) == 4, "calls have a bound of their own, and the second is past it"
        assert (await push(queue, "10.0.0.2", "c"))[0], "another address is not concerned"

    asyncio.run(run())


def test_of_what_nobody_listens_for_a_session_gives_way_to_others(blocks, monkeypatch):
    monkeypatch.setattr("demo.web.queue.OPENING", 2)

    async def run():
        queue = make(blocks, unheard=5)
        for session in ("page", "deaf", "deaf", "deaf", "late"):
            assert (await push(queue, "10.0.0.1", session))[0]
        assert (await push(queue, "10.0.0.1", "deaf"))[2] == "queue_full", "not even for itself"
        await push(queue, "10.0.0.1", "later")
        assert [event.session_hash for event in queue._unheard.values()] == [
            "page",
            "late",
            "later",
        ]
        for session in ("x", "y", "z"):
            await push(queue, "10.0.0.1", session)
        return [event.session_hash for event in queue._unheard.values()]

    assert asyncio.run(run()) == ["late", "later", "x", "y", "z"], (
        "none has more than another: the oldest went"
    )


def test_a_cancelled_event_and_an_ended_session_leave_nothing(blocks):
    async def run():
        queue = make(blocks)
        _, event_id, _ = await push(queue, "10.0.0.1", "a")
        await push(queue, "10.0.0.1", "b")
        await queue.remove_from_queue(event_id)
        await queue.clean_events(session_hash="b")
        return queue

    queue = asyncio.run(run())
    assert not queue._unheard and not queue.event_ids_to_events


def test_a_listener_that_leaves_is_forgotten_once_its_events_are_over(blocks):
    async def run():
        queue = make(blocks, seconds=0.05)
        _, event_id, _ = await push(queue, "10.0.0.1", "a")
        queue.listen("a")
        queue.leave("a")
        await asyncio.sleep(0.2)
        assert queue.knows("a"), "its event runs or waits still"
        queue.event_ids_to_events.pop(event_id)
        await asyncio.sleep(0.2)
        assert not queue.knows("a") and not queue.pending_event_ids_session

    asyncio.run(run())


def test_of_the_states_of_pages_the_oldest_of_the_address_with_most_goes(blocks):
    kept = Sessions(blocks, capacity=3)

    def visit(address, session):
        asked_by({"client": (address, 1)})
        kept[session]

    visit("10.0.0.1", "honest")
    for n in range(10):
        visit("10.0.0.2", f"made up {n}")
    assert set(kept.session_data) == {"honest", "made up 8", "made up 9"}
    assert set(kept._addresses) == set(kept.session_data) == set(kept.time_last_used)


# -- what is expected of Gradio: these fail where an update changes it ----------------------------


def test_gradio_keeps_of_a_page_what_the_light_state_keeps(blocks):
    assert vars(LightState(blocks)).keys() == vars(SessionState(blocks)).keys()


def test_gradio_takes_the_first_of_a_list_and_appends_at_its_end(blocks):
    async def run():
        queue = Queue(True, 40, 1, None, blocks, default_concurrency_limit=4)
        ids = [
            (
                await Queue.push(
                    queue,
                    PredictBodyInternal(fn_index=0, session_hash="a", data=[""]),
                    request("10.0.0.1"),
                    None,
                )
            )[1]
            for _ in range(3)
        ]
        (waiting,) = queue.event_queue_per_concurrency_id.values()
        assert [event._id for event in waiting.queue] == ids == list(queue.event_ids_to_events)
        assert (
            queue.pending_event_ids_session == {"a": set(ids)}
            and "a" in queue.pending_messages_per_session
        )
        assert queue.get_events()[0][0]._id == ids[0]

    asyncio.run(run())
    assert list(inspect.signature(Queue.push).parameters) == ["self", "body", "request", "username"]
    assert list(inspect.signature(Queue.process_events).parameters) == [
        "self",
        "events",
        "batch",
        "begin_time",
        "fn",
    ]
