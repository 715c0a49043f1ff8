"""What a run may be in the middle of, what it can be told, and the status of one, read from its
files: true after a reload, a crash, or a restart of the app. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from demo.runs import files as runfiles


class Phase(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    STARTING = "starting"
    TRAINING = "training"
    PAUSED = "paused"
    EVALUATING = "evaluating"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @classmethod
    def read(cls, text: object) -> Phase:
        """A phase as a file says it; what is none was not written yet."""
        return cls(text) if text in list(cls) else cls.QUEUED

    @property
    def active(self) -> bool:
        """The run is not over; an interrupted one is, until it is resumed."""
        return self.running or self is Phase.PAUSED

    @property
    def running(self) -> bool:
        """Only a process (or the queue) makes sense of it: without one the run was interrupted."""
        return self in (Phase.QUEUED, Phase.STARTING, Phase.TRAINING, Phase.EVALUATING)

    @property
    def resumable(self) -> bool:
        return self in (Phase.PAUSED, Phase.INTERRUPTED)

    @property
    def ended(self) -> bool:
        """It trained to its end, or to where somebody stopped it: its model is there."""
        return self in (Phase.FINISHED, Phase.STOPPED)


class Command(StrEnum):
    """What a run can be told while it trains."""

    NONE = ""
    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    """One step of a paused run, which stays paused."""
    STOP = "stop"
    """Measure and keep what is there."""
    END = "end"
    """The app is gone: save, so that the run can be resumed."""
    LEAVE = "leave"
    """The same for a run that is paused, and stays so."""


EXIT_IDLE = 75
"""Exit code of a warm worker that was never given a run."""


@dataclass(frozen=True)
class Status:
    """What is known of one run, from its files and its process."""

    run_id: str
    title: str
    phase: Phase
    text: str
    """One sentence beside the phase: what failed, what is being loaded, the place in the queue."""
    created: float
    seconds: float | None
    """The budget, seconds."""
    has_model: bool
    stage: str = "model"
    """What is trained: the model, or its prior."""
    note: str = ""
    """What should stay in sight through every phase, such as the files that were skipped."""
    name: str = ""
    """What its owner called it; "" until then. `title` is this name then."""
    plan: str = ""
    """four, sweep or quantizers for a run of several trainings (demo.runs.plans), which the Compare
    tab shows; else empty."""
    beside: str = ""
    """The id of the run that was started together with this one; "" for none."""
    offline: bool = False
    """It failed because its data set could not be downloaded."""

    @property
    def active(self) -> bool:
        return self.phase.active

    @property
    def resumable(self) -> bool:
        return self.phase.resumable


def read_status(run_dir: Path, *, place: int = 0, ours: bool = False) -> Status:
    """What is known of a run.

    Args:
        place: its place in the queue of this app, from 1; 0 when it is not in it.
        ours: this app has a process for it.
    """
    job, (phase, text, note) = runfiles.read_json(run_dir / runfiles.JOB), _said(run_dir)
    if place:
        phase, text = Phase.QUEUED, _waiting(place)
    elif phase.active and not ours and not runfiles.is_locked(run_dir):
        phase, text, note = _said(
            run_dir
        )  # once more: the worker may have ended between the two looks
        if phase.running:
            phase, text = Phase.INTERRUPTED, lost(run_dir)
    state = runfiles.read_json(run_dir / runfiles.STATE)
    at_prior = "training" not in job or state.get("stage") == "prior"
    stage = "prior" if "prior" in job and at_prior else "model"
    seconds = (job.get("training" if stage == "model" else "prior") or {}).get("seconds")
    name = str(job.get("name") or "")
    has_model = (run_dir / runfiles.CHECKPOINT / "model.safetensors").is_file()
    return Status(
        run_dir.name,
        name or str(job.get("title") or ""),
        phase,
        text,
        float(job.get("created") or 0.0),
        seconds,
        has_model,
        stage,
        note,
        name,
        str((job.get("plan") or {}).get("kind") or ""),
        str(job.get("beside") or ""),
        phase is Phase.FAILED and state.get("offline") is True,
    )


def lost(run_dir: Path) -> str:
    """The sentence of a run whose process is gone."""
    when = "it was done" if runfiles.is_saved(run_dir) else "its first save"
    return f"The training process ended before {when}. {resuming(run_dir)}"


def resuming(run_dir: Path) -> str:
    """What Resume does with a run that has no process."""
    if runfiles.is_saved(run_dir):
        return "Resume goes on from its last save."
    return "Resume starts it again from the beginning."


def _said(run_dir: Path) -> tuple[Phase, str, str]:
    """Phase, sentence and note as the worker wrote them."""
    state = runfiles.read_json(run_dir / runfiles.STATE)
    return (
        Phase.read(state.get("phase")),
        str(state.get("text") or ""),
        str(state.get("note") or ""),
    )


def _waiting(place: int) -> str:
    if place == 1:
        return "Next in the queue: it starts when a run before it ends or pauses."
    return f"Number {place} in the queue: it starts when the runs before it end or pause."
