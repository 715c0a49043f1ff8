"""A model as one html file: how modules become a script, what the file holds, and the command that
writes it."""

import json
import re
import subprocess
from dataclasses import replace

import pytest
import torch

from tests.core.test_engine import node
from vqvae.__main__ import main
from vqvae.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from vqvae.config import ModelConfig
from vqvae.export.bundle import bundle
from vqvae.export.html import PAGE, pieces, to_html
from vqvae.grids.codes import IndexGrid
from vqvae.grids.packing import to_text
from vqvae.nn.build import build_model


def run(script: str) -> str:
    return subprocess.run(
        ["node", "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()


def test_a_bundle_runs_each_module_once_before_its_importers():
    modules = {
        "base.js": (
            'export const log = [];\nexport function note(x) { log.push(x); }\nnote("base");\n'
        ),
        "left.js": 'import { note as say } from "./base.js";\nsay("left");\nexport class Left {}\n',
        "main.js": (
            'import { log } from "./base.js";\nimport { Left } from "./left.js";\n'
            "console.log(log.join(), Left.name);\n"
        ),
        "unused.js": "throw new Error();\n",
    }
    assert run(bundle(modules, "main.js")) == "base,left Left"


@pytest.mark.parametrize(
    ("modules", "sentence"),
    [
        (
            {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'},
            "circle: a.js -> b.js -> a.js",
        ),
        ({"a.js": 'import { b } from "./b.js";\n'}, "a.js imports b.js, which is no module"),
    ],
)
def test_a_bundle_refuses_what_cannot_run(modules, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        bundle(modules, "a.js")


def test_the_page_writes_grids_as_the_app_does():
    generator = torch.Generator().manual_seed(0)
    cases = []
    for rows, columns, codes in (
        (1, 1, 2),
        (7, 7, 512),
        (3, 5, 23),
        (16, 16, 1024),
        (2, 9, 16_384),
    ):
        indices = torch.randint(codes, (rows, columns), generator=generator)
        cases.append(
            (
                {"rows": rows, "columns": columns, "codes": codes},
                indices.flatten().tolist(),
                to_text(IndexGrid.of(indices, codes)),
            )
        )
    script = f"""import {{ fromText, toText }} from {json.dumps((PAGE / "grid_text.js").as_uri())};
        for (const [size, indices, text] of {json.dumps(cases)}) {{
          if (toText(indices, size) !== text) throw new Error("toText " + text);
          if (`${{fromText(` ${{text}}\\n`, size)}}` !== `${{indices}}`) throw new Error("fromText " + text);
          const said = (text, other = size) => {{
            try {{ fromText(text, other); }} catch (error) {{ return error.message; }}
          }};
          for (const [bad, why] of [["", /not the text/], ["é", /not the text/], [text.slice(0, -4), /damaged/],
            [text.slice(4), /damaged/]]) {{
            if (!why.test(said(bad))) throw new Error(`${{bad}}: ${{said(bad)}}`);
          }}
          if (!/takes/.test(said(text, {{ ...size, codes: size.codes + 1 }}))) throw new Error("another size");
        }}
        console.log("same");"""
    assert run(script) == "same"


def element(page: str, id: str) -> str:
    return re.search(rf'<script id="{id}"[^>]*>(.*?)</script>', page, re.DOTALL)[1]


def test_the_file_holds_the_model_and_nothing_from_elsewhere(tmp_path):
    page = to_html("mnist")
    assert len(page.encode()) <= 1.6e6
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert json.loads(element(page, "config"))["codebook_size"] == 512
    assert "Trained on all 60,000 training digits" in page  # the model card
    assert len(json.loads(element(page, "facts"))["examples"]) == 24
    script = tmp_path / "program.mjs"
    script.write_text(element(page, "program"), encoding="utf-8")
    assert node("--check", script).returncode == 0


def test_the_page_opens_with_a_picture_of_each_class_and_the_models_figures():
    loaded = load_checkpoint("mnist")
    facts = json.loads(element(to_html("mnist"), "facts"))
    rows = {tuple(grid.flatten().tolist()): n for n, grid in enumerate(loaded.gallery.indices)}
    labels = [int(loaded.gallery.labels[rows[tuple(grid)]]) for grid in facts["examples"]]
    assert labels[:10] == list(range(10))
    assert facts["metrics"] == {name: loaded.metrics[name] for name in ("psnr", "perplexity")}


@pytest.mark.parametrize(
    "name, dataset, digits",
    [("mnist", "mnist", True), ("mnist", "fashion-mnist", False), ("cifar10", "mnist", False)],
)
def test_a_drawing_is_laid_out_as_a_digit_for_grey_digits_alone(name, dataset, digits):
    loaded = replace(load_checkpoint(name), training={"dataset": dataset})
    page = "".join(piece for piece in pieces(loaded, name) if isinstance(piece, str))
    assert json.loads(element(page, "facts"))["digits"] is digits


def test_names_and_cards_cannot_become_markup(tmp_path):
    config = ModelConfig(
        height=8,
        width=8,
        hidden_channels=8,
        residual_blocks=0,
        codebook_size=4,
        classes=("</script><b>",),
    )
    folder = tmp_path / "a & <i>b"
    save_checkpoint(folder, build_model(config))
    (folder / "README.md").write_text(
        "---\nlicense: mit\n---\n</pre><script>alert(1)</script> {{weights}}", encoding="utf-8"
    )
    page = to_html(folder)
    assert "a &amp; &lt;i&gt;b" in page and "<i>b" not in page
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)" in page and "license: mit" not in page
    assert page.count("{{weights}}") == 1  # text of the card, not a place to fill
    assert json.loads(element(page, "config"))["classes"] == ["</script><b>"]


def test_the_command_writes_the_file(tmp_path, capsys):
    file = tmp_path / "digits.html"
    assert main(["export", "mnist", "--output", str(file)]) == 0
    assert file.read_text(encoding="utf-8") == to_html("mnist")
    assert "opens in a browser without a server" in capsys.readouterr().out


def test_what_cannot_be_exported_is_a_sentence(tmp_path, capsys):
    assert main(["export", "mnist", "--output", str(tmp_path / "digits.txt")]) == 2
    assert "must end in .html" in capsys.readouterr().err
    assert main(["export", "mnist-ae", "--output", str(tmp_path / "ae.html")]) == 1
    assert "is of kind ae; only a vqvae" in capsys.readouterr().err
    assert not (tmp_path / "ae.html").exists()
