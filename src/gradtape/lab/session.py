"""One page and its network: commands in, frames out, training in between; a slow page never holds it up."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from time import monotonic
from typing import Any, Protocol

from gradtape.lab.exhibits import Exhibit
from gradtape.lab.limits import (
    FAULTS,
    FRAMES_A_SECOND,
    MESSAGES_A_SECOND,
    MESSAGES_AT_ONCE,
    QUEUED_COMMANDS,
    SEND_S,
    Bucket,
)
from gradtape.lab.messages import Message, MessageError, parse
from gradtape.lab.trainer import Trainer

FIRST_PACE = 30  # steps a second
LONGEST_TURN_S = 0.02  # of training, before another session has its turn
UNSUPPORTED, REFUSED, FAILED = 1003, 1008, 1011


class Line(Protocol):
    """The connection to the page; OSError where it is gone."""

    async def receive(self) -> Any: ...
    async def send_text(self, data: str) -> None: ...
    async def close(self, code: int = 1000, reason: str = "") -> None: ...


class Outbox:
    """What is on its way to the page: the newest frame, and a few answers.  Older frames are dropped."""

    def __init__(self) -> None:
        self.frame: dict[str, Any] | None = None
        self.answers: deque[dict[str, Any]] = deque(maxlen=16)
        self.filled = asyncio.Event()

    def put_frame(self, frame: dict[str, Any]) -> None:
        self.frame = frame
        self.filled.set()

    def put(self, answer: dict[str, Any]) -> None:
        self.answers.append(answer)
        self.filled.set()

    async def take(self) -> dict[str, Any]:
        """The next message; answers first."""
        while True:
            if self.answers:
                return self.answers.popleft()
            if self.frame is not None:
                frame, self.frame = self.frame, None
                return frame
            self.filled.clear()
            await self.filled.wait()


class Session:
    """A network in training for one page.

    explain: makes a page of an explanation from a trainer and returns its path.
    """

    def __init__(
        self, line: Line, exhibit: Exhibit, pool: Executor, explain: Callable[[Trainer], str]
    ):
        self.line, self.exhibit, self.pool, self.explain = line, exhibit, pool, explain
        self.commands: asyncio.Queue[Message] = asyncio.Queue(QUEUED_COMMANDS)
        self.outbox = Outbox()
        self.running, self.pace = False, FIRST_PACE
        self.remembered = (
            ""  # which dial was turned last: a turn is one thing to undo, not a hundred
        )

    async def run(self) -> None:
        """Serve the page until it goes away or is sent away.  Raises what the training raised."""
        tasks = [asyncio.create_task(part()) for part in (self._hear, self._work, self._speak)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            try:
                code, reason = done.pop().result()
            except Exception as error:
                await self._close(FAILED, "the lab failed")
                if not isinstance(error, OSError | TimeoutError | RuntimeError):
                    raise
            else:
                await self._close(code, reason)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(RuntimeError, OSError, TimeoutError):
            await asyncio.wait_for(self.line.close(code, reason), SEND_S)

    # --- from the page ---

    async def _hear(self) -> tuple[int, str]:
        """Check what the page says and hand it on.  Returns with what the line is to be closed."""
        bucket, faults = Bucket(MESSAGES_A_SECOND, MESSAGES_AT_ONCE), 0
        while faults < FAULTS:
            event = await self.line.receive()
            if event["type"] == "websocket.disconnect":
                return 1000, ""
            text = event.get("text")
            if text is None:
                return UNSUPPORTED, "text only"
            if not bucket.take():
                faults += 1
                self._complain("too many messages at once")
                continue
            try:
                self.commands.put_nowait(parse(text, self.exhibit))
            except MessageError as error:
                faults += 1
                self._complain(str(error))
            except asyncio.QueueFull:
                faults += 1
                self._complain("still busy with what you asked before")
        return REFUSED, "too many messages that are not as they should be"

    def _complain(self, text: str) -> None:
        self.outbox.put({"type": "error", "text": text})

    # --- the training ---

    async def _work(self) -> tuple[int, str]:
        trainer = await self._in_pool(Trainer, self.exhibit)
        await self._show(trainer)
        shown = monotonic()
        due = 0.0  # steps that should have been taken by now
        last = monotonic()
        while True:
            if not self.running or not self.commands.empty():
                message = await self.commands.get()
                began = not self.running
                answer = await self._in_pool(self._obey, trainer, message)
                if answer is not None:
                    self.outbox.put(answer)
                await self._show(trainer)
                if began:
                    due, last = 0.0, monotonic()
                continue
            now = monotonic()
            due = min(due + (now - last) * self.pace, self.pace * 0.25 + 1)
            last = now
            if due < 1:
                await asyncio.sleep(min(0.05, (1 - due) / self.pace))
                continue
            due -= await self._in_pool(self._train, trainer, int(due))
            if not trainer.finite:
                self.running = False
            if not self.running or monotonic() - shown >= 1 / FRAMES_A_SECOND:
                await self._show(trainer)
                shown = monotonic()

    def _train(self, trainer: Trainer, count: int) -> int:
        """Up to `count` steps within a turn; how many."""
        end = monotonic() + LONGEST_TURN_S
        for taken in range(count):
            trainer.step()
            if monotonic() > end or not trainer.finite:
                return taken + 1
        return count

    def _obey(self, trainer: Trainer, message: Message) -> dict[str, Any] | None:
        """Do what the page asks for; the answer to it beside the next frame, if there is one."""
        self._remember(trainer, message)
        match message.do:
            case "start":
                self.running = trainer.finite
            case "pause":
                self.running = False
            case "step":
                trainer.step(message.value)
            case "undo":
                self.running = False
                trainer.undo()
            case "reset":
                self.running = False
                trainer.reset()
            case "rate":
                trainer.set_rate(message.value)
            case "pace":
                self.pace = message.value
            case "optimizer":
                trainer.set_optimizer(message.name)
            case "data":
                trainer.set_data(message.name)
            case "set":
                trainer.set_value(message.name, message.value)
            case "explain":
                return self._explain(trainer)
        return None

    def _remember(self, trainer: Trainer, message: Message) -> None:
        """Put the present where undo finds it, before it is changed."""
        if message.do in ("pause", "pace", "explain"):
            return
        turned = f"{message.do} {message.name}" if message.do in ("set", "rate") else ""
        if message.do in ("step", "optimizer", "data", "reset") or (
            (message.do == "start" and not self.running) or (turned and turned != self.remembered)
        ):
            trainer.remember()
        self.remembered = turned

    def _explain(self, trainer: Trainer) -> dict[str, Any]:
        try:
            return {"type": "explanation", "path": self.explain(trainer)}
        except ImportError as error:
            return {"type": "error", "text": str(error)}

    async def _show(self, trainer: Trainer) -> None:
        frame = await self._in_pool(trainer.frame)
        self.outbox.put_frame(
            {"type": "frame", "running": self.running, "pace": self.pace, **frame}
        )

    async def _in_pool(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *arguments)

    # --- to the page ---

    async def _speak(self) -> tuple[int, str]:
        while True:
            text = json.dumps(await self.outbox.take(), allow_nan=False)
            await asyncio.wait_for(self.line.send_text(text), SEND_S)
