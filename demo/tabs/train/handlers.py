"""What the buttons and lists of the Train tab do."""

from pathlib import Path
from typing import Any

import gradio as gr

from demo.models import recordings
from demo.models.library import ModelError, list_models
from demo.models.sharing import sharing_of
from demo.page import run_head
from demo.page.events import Update
from demo.runs.jobs import JobError, Jobs
from demo.runs.presets import DATASETS, DEFAULTS, PRESETS, FormValues
from demo.runs.settings import RunSettings, SettingsError, field_of, read_form
from demo.settings import Settings
from demo.tabs.train import mending, own_images, run_card
from demo.tabs.train.bar import CUSTOM, FIRST
from demo.tabs.train.beside import sides
from demo.tabs.train.form import NAMES, explain
from demo.tabs.train.live import RunLive
from demo.tabs.train.prior_form import start_prior
from demo.tabs.train.showing import View, newest, problem_html, runs_of, show
from vqvae.config import ModelConfig
from vqvae.quantizers import ABOUT


def press_train(
    jobs: Jobs,
    app: Settings,
    visitor: str,
    run_id: str | None,
    seen: dict | None,
    *form: Any,
) -> View:
    """Check the form and start a run with it; a bad field is named in place and starts nothing."""
    try:
        values, images, options = checked(app, *form)
        settings = read_form(values, **options)
        title = title_of(values["dataset"], settings)
        run_id = jobs.start(visitor, settings, title, images=images)
    except (SettingsError, JobError) as error:
        return show(jobs, visitor, run_id, seen, str(error))
    return show(jobs, visitor, run_id, None, "")


def checked(
    app: Settings,
    own: str | None,
    own_size: int,
    own_colour: bool,
    own_folder: str | None,
    *values: Any,
) -> tuple[FormValues, Path | None, dict[str, Any]]:
    """(the form by the names of its fields, an upload that the run has to copy, what `read_form`
    takes beside the form). A folder of the server stays where it is. SettingsError for images that
    were not uploaded and are not offered."""
    form = dict(zip(NAMES, values, strict=True))
    is_own = form["dataset"] == "own"
    images, uploaded = own_images.chosen(app, own, own_folder) if is_own else (None, False)
    options = {
        "data_dir": app.data_dir,
        "own": images,
        "own_size": own_size,
        "own_colour": own_colour,
    }
    return form, images if uploaded else None, options


def press_prior(
    jobs: Jobs,
    settings: Settings,
    visitor: str,
    run_id: str | None,
    seen: dict | None,
    model_id: str | None,
    seconds: Any,
    conditional: Any,
) -> tuple[object, ...]:
    """Train a prior for the model at the top; what stands in the way is said beside the button and
    starts nothing."""
    try:
        run_id = start_prior(jobs, settings, visitor, model_id, seconds, conditional)
    except (ModelError, SettingsError, JobError) as error:
        field = "vq-prior-seconds" if field_of(str(error)) else ""
        return (*show(jobs, visitor, run_id, seen), problem_html(str(error), field))
    return (*show(jobs, visitor, run_id, None, ""), "")


def press_hold(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """Pause a run that trains; resume one that is paused or was interrupted."""
    return _command(jobs, lambda: _toggle(jobs, visitor, run_id), visitor, run_id, seen)


def press_step(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """One step of a run that is paused."""
    return _command(jobs, lambda: jobs.step(visitor, run_id), visitor, run_id, seen)


def press_stop(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """End the run and keep its model."""
    return _command(jobs, lambda: jobs.stop(visitor, run_id), visitor, run_id, seen)


def rename(
    jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None, name: str | None
) -> View:
    """Call the run on show what its owner typed; the lists of runs and of models follow."""
    status = next((one for one in runs_of(jobs, visitor) if one.run_id == run_id), None)
    if status is None or status.name == (name or ""):
        return show(jobs, visitor, run_id, seen)
    view = _command(jobs, lambda: jobs.rename(visitor, run_id, name), visitor, run_id, seen)
    return view._replace(done=gr.update(active=True))


def press_delete(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> View:
    """Remove the run on show for good, at the second press, and show the newest one left; the first
    press asks."""
    there = any(status.run_id == run_id for status in runs_of(jobs, visitor))
    if there and (seen or {}).get("sure") != run_id:
        view = show(jobs, visitor, run_id, seen, "")
        return view._replace(
            seen={**view.seen, "sure": run_id},
            delete=gr.update(value="Delete for good?", variant="stop"),
        )
    try:
        jobs.delete(visitor, run_id)
    except JobError as error:
        return show(jobs, visitor, run_id, seen, str(error))
    return show(jobs, visitor, newest(jobs, visitor), None, "")._replace(
        done=gr.update(active=True)
    )


def make_card(jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None) -> list[str]:
    """What is on show as a picture to keep: see demo.tabs.train.run_card."""
    recorded_name = (seen or {}).get("recording")
    return run_card.card_of(sides.find(jobs, visitor, run_id or f"{sides.RECORDED}{recorded_name}"))


def press_reset(jobs: Jobs, visitor: str) -> tuple[object, ...]:
    """No run on show, and the form as it was at first. Runs stay in the list."""
    return (
        *show(jobs, visitor, None, None, ""),
        FIRST,
        explain(FIRST),
        *(DEFAULTS[name] for name in NAMES),
    )


def press_fix(
    jobs: Jobs, visitor: str, run_id: str | None, seen: dict | None
) -> tuple[object, ...]:
    """The form with the settings of what is on show, and those put right that let its codebook go
    wrong."""
    listed = {status.run_id: status for status in runs_of(jobs, visitor)}
    if run_id in listed:
        live = RunLive(jobs.folder(visitor, run_id), listed[run_id])
        values, mends = mending.form_of(live), mending.of_run(live)
    else:
        recording = recordings.find((seen or {}).get("recording"))
        values, mends = mending.form_of_preset(recording), mending.of_recording(recording)
    values = {**values, **mends}
    return CUSTOM, mending.explain(mends), *(values.get(name, gr.skip()) for name in NAMES)


def choose_run(jobs: Jobs, visitor: str, run_id: str | None) -> View:
    """Show another run of the list."""
    return show(jobs, visitor, run_id, None, "")


def choose_recording(jobs: Jobs, visitor: str, name: str | None) -> View:
    """Show a recorded run; none of the visitor's own is on show then."""
    return show(jobs, visitor, None, {"recording": name}, "")


def choose_experiment(jobs: Jobs, visitor: str, run_id: str | None, preset: str | None) -> View:
    """Show what to expect of an experiment that was recorded: of one that goes wrong always, of
    another in the place of a recording; never in that of a run that is under way."""
    found = next((one for one in recordings.present().values() if one.preset == preset), None)
    under_way = any(status.active for status in runs_of(jobs, visitor))
    if found is None or under_way or (run_id and PRESETS[found.preset].good):
        return View(*[gr.skip()] * len(View._fields))
    return choose_recording(jobs, visitor, found.name)


def find_run(jobs: Jobs, visitor: str) -> View:
    """When the page opens: the run that trains, else the latest one, else a recorded one."""
    return show(jobs, visitor, newest(jobs, visitor), None, "")


def announce(version: int) -> tuple[int, Update]:
    """Have the model picker filled again; the timer that asked for it rests."""
    return version + 1, gr.update(active=False)


def use_model(
    settings: Settings, tab: str, visitor: str, run_id: str | None
) -> tuple[Update, gr.Tabs]:
    """Choose the run's model at the top of the page and go to the tab where one sees what it can
    do: to Reconstruct, or to `tab` where it has a prior."""
    entries = list_models(settings, visitor)
    wanted = str(sharing_of(settings.runs).name(visitor, str(run_id)))
    able = any(entry.id == wanted and entry.info["has_prior"] for entry in entries)
    return (
        gr.update(choices=[(entry.title, entry.id) for entry in entries], value=wanted),
        gr.Tabs(selected=tab if able else "reconstruct"),
    )


def _command(jobs: Jobs, command, visitor: str, run_id: str | None, seen: dict | None) -> View:
    try:
        command()
    except JobError as error:
        return show(jobs, visitor, run_id, seen, str(error))
    return show(jobs, visitor, run_id, seen, "")._replace(timer=gr.update(active=True))


def _toggle(jobs: Jobs, visitor: str, run_id: str | None) -> None:
    if jobs.status(visitor, run_id).resumable:
        jobs.resume(visitor, run_id)
    else:
        jobs.pause(visitor, run_id)


def title_of(dataset: str, settings: RunSettings) -> str:
    """What a run is called until its owner calls it something."""
    names = {value: label.partition(" (")[0] for label, value in DATASETS}
    prior = f" + prior {run_head.clock(settings.prior.seconds)}" if settings.prior else ""
    model = settings.model
    kind = "" if model.quantizer == ModelConfig.quantizer else f"{ABOUT[model.quantizer].short} · "
    training = settings.training
    steps = training.steps if training else None
    budget = f"{steps:,} steps" if steps else run_head.clock(training.seconds if training else None)
    return f"{names[dataset]} · {kind}K {model.codebook_size} · {budget}{prior}"
