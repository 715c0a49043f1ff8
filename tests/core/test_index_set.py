"""A data set as codes: packing, the file, and the binding to one VQ-VAE."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import vqvae
from vqvae.checkpoints.files import CheckpointError, read_tensors_and_header, write_tensors
from vqvae.data.index_set import (
    INDICES_FILE,
    bits_of,
    encode_set,
    indices_of,
    pack,
    read_index_set,
    unpack,
    write_indices,
)


@given(
    k=st.integers(2, 16_384), shape=st.tuples(*[st.integers(1, 9)] * 3), seed=st.integers(0, 999)
)
def test_packing_is_exact_and_as_small_as_said(k, shape, seed):
    indices = torch.randint(k, shape, generator=torch.Generator().manual_seed(seed)).short()
    packed = pack(indices, k)
    assert len(packed) == -(-indices.numel() * bits_of(k) // 8)
    assert torch.equal(unpack(packed, shape, k), indices)


def test_packing_in_parts_is_the_same():
    indices = torch.randint(512, (2**20 + 77, 1, 1)).short()  # more than one part holds
    assert torch.equal(unpack(pack(indices, 512), tuple(indices.shape), 512), indices)


def test_the_file_gives_back_grids_labels_and_classes(trained):
    folder, _ = trained
    model, data = vqvae.load(folder), vqvae.load_dataset("synthetic", count=40)
    write_indices(folder, encode_set(model, data))
    indices, labels = vqvae.read_indices(folder)
    assert indices.dtype == torch.int64 and torch.equal(
        indices, model.encode(data.images.float() / 255)
    )
    assert torch.equal(labels, data.labels.long())
    assert read_index_set(folder).classes == data.classes


def test_images_are_encoded_once(trained, monkeypatch):
    folder, _ = trained
    model, data = vqvae.load(folder), vqvae.load_dataset("synthetic", count=40)
    first = indices_of(folder, model, data)
    monkeypatch.setattr(type(model), "encode", None)
    assert torch.equal(indices_of(folder, model, data).indices, first.indices)
    assert torch.equal(indices_of(folder, model, None).indices, first.indices)


def test_a_cancelled_encoding_puts_the_mode_back(trained):
    def cancel(*_):
        raise KeyboardInterrupt

    model = vqvae.load(trained[0]).train()
    with pytest.raises(KeyboardInterrupt):
        encode_set(model, vqvae.load_dataset("synthetic", count=10), cancel)
    assert model.training


def test_grids_of_another_model_are_refused_and_made_anew_for_it(trained, tmp_path):
    folder, _ = trained
    model, data = vqvae.load(folder), vqvae.load_dataset("synthetic", count=20)
    other = vqvae.build_model(model.config, seed=9).eval()
    vqvae.save_checkpoint(tmp_path, other)
    write_indices(tmp_path, encode_set(model, data))
    with pytest.raises(CheckpointError, match="belongs to another VQ-VAE"):
        vqvae.read_indices(tmp_path)
    assert indices_of(tmp_path, other, data).fingerprint == other.fingerprint()
    vqvae.read_indices(tmp_path)


def test_a_missing_or_damaged_file_is_one_sentence(trained, tmp_path):
    folder, _ = trained
    model = vqvae.load(folder)
    vqvae.save_checkpoint(tmp_path, model)
    with pytest.raises(CheckpointError, match="train-prior"):
        vqvae.read_indices(tmp_path)
    write_indices(tmp_path, encode_set(model, vqvae.load_dataset("synthetic", count=5)))
    whole = (tmp_path / INDICES_FILE).read_bytes()
    tensors, header = read_tensors_and_header(tmp_path / INDICES_FILE)
    write_tensors(
        tmp_path / INDICES_FILE, {**tensors, "labels": -tensors["labels"].short() - 1}, header
    )
    below_zero = (tmp_path / INDICES_FILE).read_bytes()
    cut = (b"", whole[:40], whole[:-20])
    for damaged in (*cut, whole.replace(b"5, 7, 7", b"6, 7, 7"), below_zero):
        (tmp_path / INDICES_FILE).write_bytes(damaged)
        with pytest.raises(CheckpointError, match="damaged"):
            vqvae.read_indices(tmp_path)
