"""Two trainings that differ in one thing: what B may have otherwise, and what both have in common."""

import pytest

from demo.runs import pairs
from demo.runs.presets import BY_NAME, DEFAULTS, FIELDS, PRESETS
from demo.runs.settings import SettingsError

A = {**DEFAULTS, "dataset": "synthetic", "seed": 7, "seconds": 60, "prior_seconds": 120}


def read(first=A, name="codebook_size", value="16", steps=50, data_dir=None):
    return pairs.read_pair(first, name, value, steps, data_dir=data_dir)


def differing(a, b):
    return {name for name in a if a[name] != b[name]}


@pytest.mark.parametrize("name", [name for _, name in pairs.settings() if name != pairs.PRESET])
def test_of_each_setting_there_is_a_value_that_makes_the_only_difference(name, tmp_path):
    value = pairs.other_value(name, A)
    if name == "quantizer":
        value = "gradient"
    second = pairs.second_form(A, name, value)
    assert differing({**DEFAULTS, **A}, second) == {name}
    a, b = read(name=name, value=value, data_dir=tmp_path)
    assert a.to_dict() != b.to_dict()
    for one in (a, b):
        assert (one.training.steps, one.training.seconds, one.prior) == (50, None, None)
        assert one.training.dataset == "synthetic"
    assert (a.training.seed == b.training.seed == 7) == (name != "seed")


def test_all_that_is_offered_can_be_read(tmp_path):
    for name in pairs.TRIED:
        for _, text in pairs.values_of(name):
            if text != pairs.as_text(A[name]):
                read(name=name, value=text, data_dir=tmp_path)
    assert not {*pairs.SHARED} & {name for _, name in pairs.settings()}
    assert set(pairs.TRIED) == {
        one.name for one in FIELDS
        if one.low is not None and one.name not in pairs.SHARED
    }  # fmt: skip


def test_a_preset_brings_all_its_settings_and_leaves_what_is_common(tmp_path):
    second = pairs.second_form(A, pairs.PRESET, "shrink")
    assert (second["commitment_weight"], second["restart"]) == (1000, False)
    kept = ("dataset", "seed")
    assert [second[name] for name in kept] == [A[name] for name in kept]
    colour = pairs.second_form(A, pairs.PRESET, "plain")
    assert colour["learning_rate"] == PRESETS["plain"].values["learning_rate"]
    with pytest.raises(SettingsError, match="B would be the same as A"):
        pairs.second_form(A, pairs.PRESET, "minute")


def test_a_quantizer_brings_the_sizes_that_it_can_have(tmp_path):
    _, b = read(name="quantizer", value="lfq", data_dir=tmp_path)
    assert (b.model.codebook_size, b.model.embedding_dim) == (512, 9)
    long = {**A, "embedding_dim": 64}
    assert differing(
        {**DEFAULTS, **long}, pairs.second_form(long, "quantizer", "gradient")
    ) == {"quantizer"}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"value": "512"}, "same as A, whose Codebook size K is '512' already"),
        ({"value": "many"}, "In B: Codebook size K is 'many'; it must be a whole number from 2"),
        ({"value": None}, "In B: Codebook size K is empty"),
        ({"value": "1e9"}, "In B: Codebook size K is 1,000,000,000"),
        ({"value": "nan"}, "In B: Codebook size K is"),
        ({"value": "inf"}, "In B: Codebook size K is"),
        ({"name": "restart", "value": "perhaps"}, "In B: Restart dead codes is 'perhaps'"),
        ({"name": "dataset", "value": "mnist"}, "What differs in B is 'dataset'"),
        ({"name": ["x"], "value": {}}, "What differs in B is"),
        ({"name": "preset", "value": "none"}, "What differs in B is 'preset'"),
        ({"steps": None}, "Steps for each is empty"),
        ({"steps": 9}, "Steps for each is 9; it must be a whole number from 10 to 100,000"),
        ({"steps": 10.5}, "Steps for each is 10.5"),
        ({"steps": float("nan")}, "Steps for each is nan"),
        ({"first": {**A, "codebook_size": 1}}, "Codebook size K is 1; it must be"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(asked, said, tmp_path):
    with pytest.raises(SettingsError) as refused:
        read(**asked, data_dir=tmp_path)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_what_is_offered_first_is_something_a_does_not_have():
    for _, name in pairs.settings():
        own = pairs.as_text(A.get(name, ""))
        assert pairs.other_value(name, A) not in (own, None), name
    assert BY_NAME[pairs.FIRST[0]].default != int(pairs.FIRST[1])
    assert pairs.values_of("dataset") == pairs.values_of("nothing") == []
