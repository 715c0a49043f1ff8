"""The line before what computes: turns, bounds, and who leaves it."""

import asyncio

import pytest

from demo.asker import PAGE
from demo.errors import BusyError
from demo.web.turns import Bounds, TakeTurns, Turns, session_in


def test_the_line_takes_turns_and_refuses_with_a_sentence():
    async def run():
        line = Turns(
            Bounds(at_once=1, address_at_once=1, visitor_at_once=1, address_waiting=3, seconds=5)
        )
        order = []

        async def ask(address, visitor):
            await line.enter(address, visitor)
            order.append(visitor)
            await asyncio.sleep(0)
            line.leave(address, visitor)

        await line.enter("x", "first")
        asks = [asyncio.create_task(ask("x", "greedy")) for _ in range(3)]
        await asyncio.sleep(0)
        asks += [asyncio.create_task(ask("x", "modest")), asyncio.create_task(ask("y", "far"))]
        await asyncio.sleep(0)
        line.leave("x", "first")
        results = await asyncio.gather(*asks, return_exceptions=True)
        assert [type(result) for result in results].count(BusyError) == 1
        assert order == ["greedy", "far", "modest", "greedy"] or order == [
            "far",
            "greedy",
            "modest",
            "greedy",
        ]
        assert not line._lines and not line._inside
        with pytest.raises(BusyError):
            impatient = Turns(Bounds(at_once=1, seconds=0.05))
            await impatient.enter("x", "a")
            await impatient.enter("x", "b")

    asyncio.run(run())


def test_those_who_give_up_in_one_moment_do_not_hinder_each_other():
    async def run():
        line = Turns(Bounds(at_once=1, visitor_at_once=1, address_waiting=4))
        await line.enter("x", "inside")
        waiting = [asyncio.create_task(line.enter("x", "many")) for _ in range(4)]
        await asyncio.sleep(0)
        for turn in waiting:
            turn.cancel()  # as a timeout does: each leaves the line only when it is its turn to run
        with pytest.raises(BusyError):
            line._make_room("x", "many")
        line._make_room("x", "other")
        line.leave("x", "inside")
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(result) for result in told} == {asyncio.CancelledError}
        assert not line._lines and not line._inside
        async with asyncio.timeout(1):
            await line.enter("x", "next")

    asyncio.run(run())


def test_who_leaves_the_line_leaves_no_trace_and_takes_no_place():
    async def run():
        reached = []

        async def app(scope, receive, send):
            reached.append(scope["n"])
            await asyncio.sleep(0.05)

        turns = TakeTurns(app, Bounds(at_once=1))

        async def post(n, stays):
            messages = [{"type": "http.request", "body": b"{}"}]

            async def receive():
                if messages:
                    return messages.pop()
                if stays:
                    await asyncio.sleep(60)
                return {"type": "http.disconnect"}

            await turns(
                {
                    "type": "http",
                    "method": "POST",
                    "path": "/gradio_api/component_server",
                    "n": n,
                    "client": ("10.0.0.1", 1),
                },
                receive,
                None,
            )

        await asyncio.gather(post(1, True), post(2, False), post(3, True))
        return reached, turns

    reached, turns = asyncio.run(run())
    assert reached == [1, 3]
    assert not turns._turns._inside and not turns._turns._lines


def test_the_page_that_asks_is_found_in_the_body():
    assert session_in(
        b'{"data":{"session_hash":"mine"},"fn_name":"f","session_hash": "abc"}'[-60:]
    ) in ("mine", "abc")
    assert session_in(b'{"data":' + b"1" * 500 + b',"session_hash":"abc"}') == "abc"
    assert session_in(b"{}") == ""


def test_what_is_computed_knows_the_page_that_asks():
    known = []

    async def app(*_):
        known.append(PAGE.get())

    async def receive():
        return {"type": "http.request", "body": b'{"data": [], "session_hash": "abc"}'}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/gradio_api/component_server",
        "client": ("10.0.0.1", 1),
    }
    asyncio.run(TakeTurns(app)(scope, receive, None))
    assert known == ["abc"]
