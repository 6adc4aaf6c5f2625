"""Laws of the readers, subsets and splits, on generated files of the official layouts."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image

from agents.vision.config import VisionConfig
from agents.vision.learner import load_images
from vision.images.data import ImageSet, channel_statistics, read_images, split_validation, stratified_subset
from vision.images.formats import read_idx


def write_cifar10(folder, batches, records=20, seed=0):
    rng = np.random.default_rng(seed)
    content = {}
    for name in batches:
        labels = rng.integers(0, 10, (records, 1), dtype=np.uint8)
        pixels = rng.integers(0, 256, (records, 3072), dtype=np.uint8)
        content[name] = (labels[:, 0], pixels.reshape(-1, 3, 32, 32))
        np.concatenate([labels, pixels], 1).tofile(folder / name)
    return content


def idx_bytes(array):
    header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def write_mnist(folder, images, labels, stem="train"):
    (folder / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
    (folder / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))


def test_cifar10_planes_and_labels_are_read_in_order(tmp_path):
    content = write_cifar10(tmp_path, ["data_batch_2.bin", "data_batch_4.bin", "test_batch.bin"])
    training = read_images("cifar10", tmp_path, "train")
    for part, name in enumerate(["data_batch_2.bin", "data_batch_4.bin"]):
        labels, pixels = content[name]
        rows = slice(20 * part, 20 * part + 20)
        assert np.array_equal(training.labels[rows].numpy(), labels)
        assert np.array_equal(training.images[rows].numpy(), pixels)
    assert training.note == "2 of 5 training batches found, 40 images"
    assert training.classes[3] == "cat"


def test_files_with_fewer_images_than_the_official_ones_get_a_note(tmp_path, monkeypatch):
    write_cifar10(tmp_path, [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"], records=2)
    for part, found, official in (("train", 10, "50,000"), ("test", 2, "10,000")):
        expected = f"{found} {part} images found, the official files have {official}"
        assert read_images("cifar10", tmp_path, part).note == expected
    monkeypatch.setattr("vision.images.formats.CIFAR10_RECORDS", 2)
    assert (
        read_images("cifar10", tmp_path, "train").note == read_images("cifar10", tmp_path, "test").note == ""
    )


def test_the_official_folder_is_found_inside_the_data_folder(tmp_path):
    official = tmp_path / "cifar-10-batches-bin"
    official.mkdir()
    write_cifar10(official, ["test_batch.bin"])
    assert len(read_images("cifar10", tmp_path, "test")) == 20


def test_a_truncated_cifar_file_is_refused(tmp_path):
    write_cifar10(tmp_path, ["test_batch.bin"])
    path = tmp_path / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="multiple of 3073"):
        read_images("cifar10", tmp_path, "test")


def test_a_label_out_of_range_is_refused(tmp_path):
    write_cifar10(tmp_path, ["test_batch.bin"])
    path = tmp_path / "test_batch.bin"
    path.write_bytes(b"\x0a" + path.read_bytes()[1:])
    with pytest.raises(ValueError, match="label 10: expected 0 to 9"):
        read_images("cifar10", tmp_path, "test")


def test_cifar100_uses_the_fine_labels(tmp_path):
    rng = np.random.default_rng(0)
    records = rng.integers(0, 100, (7, 3074), dtype=np.uint8)
    records.tofile(tmp_path / "train.bin")
    read = read_images("cifar100", tmp_path, "train")
    assert np.array_equal(read.labels.numpy(), records[:, 1])
    assert np.array_equal(read.images.numpy().reshape(7, -1), records[:, 2:])
    assert len(read.classes) == 100


def test_mnist_images_come_with_one_channel(tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (9, 28, 28)), rng.integers(0, 10, 9)
    write_mnist(tmp_path, images, labels)
    read = read_images("mnist", tmp_path, "train")
    assert np.array_equal(read.images.numpy()[:, 0], images)
    assert np.array_equal(read.labels.numpy(), labels)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda raw: gzip.compress(b"\x00\x00\x09" + raw[3:]), "magic"),
        (lambda raw: gzip.compress(raw[:-5]), "bytes"),
        (lambda raw: gzip.compress(raw + b"x"), "bytes"),
        (lambda raw: gzip.compress(raw[:3]), "magic"),
        (lambda raw: raw, "gzip"),
        (lambda raw: gzip.compress(raw)[:-20], "gzip"),
    ],
)
def test_a_spoilt_idx_file_is_refused(tmp_path, spoil, complaint):
    path = tmp_path / "images.gz"
    path.write_bytes(spoil(idx_bytes(np.arange(24).reshape(2, 3, 4))))
    with pytest.raises(ValueError, match=complaint):
        read_idx(path, dimensions=3)


def test_as_many_images_as_labels_are_wanted(tmp_path):
    write_mnist(tmp_path, np.zeros((3, 28, 28)), np.zeros(4), "t10k")
    with pytest.raises(ValueError, match="3 test images but 4 labels"):
        read_images("mnist", tmp_path, "test")


def test_a_folder_of_images_is_read_by_class(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 6, 3), dtype=np.uint8)
    for name, image in zip(["b/0.png", "a/1.png", "b/2.png"], pixels, strict=True):
        path = tmp_path / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    read = read_images("folder", tmp_path, "train")
    assert read.classes == ("a", "b")
    assert read.labels.tolist() == [0, 1, 1]
    assert np.array_equal(read.images[0].numpy(), pixels[1].transpose(2, 0, 1))


def test_grey_images_of_sixteen_bits_keep_their_levels(tmp_path):
    (tmp_path / "test" / "a").mkdir(parents=True)
    levels = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    Image.fromarray(levels).save(tmp_path / "test" / "a" / "0.png")
    assert read_images("folder", tmp_path, "test").images.flatten().tolist() == [0, 1, 128, 255]


def write_classes(folder, names, side=4):
    for name in names:
        (folder / name).mkdir(parents=True)
        Image.new("L", (side, side)).save(folder / name / "0.png")


@pytest.mark.parametrize(
    ("names", "side", "complaint"),
    [
        ("bc", 4, "test classes b, c, expected those of the training images: a, b, c"),
        ("abc", 5, r"\(1, 5, 5\)"),
    ],
)
def test_test_images_unlike_those_of_training_are_refused(tmp_path, names, side, complaint):
    write_classes(tmp_path / "train", "abc")
    write_classes(tmp_path / "test", names, side)
    with pytest.raises(ValueError, match=complaint):
        load_images(VisionConfig(data=str(tmp_path), dataset="folder"))


def test_images_of_two_sizes_are_refused(tmp_path):
    (tmp_path / "test" / "a").mkdir(parents=True)
    for side in (4, 5):
        Image.new("L", (side, side)).save(tmp_path / "test" / "a" / f"{side}.png")
    with pytest.raises(ValueError, match="like the first"):
        read_images("folder", tmp_path, "test")


def test_a_file_that_is_no_image_is_refused(tmp_path):
    (tmp_path / "test" / "a").mkdir(parents=True)
    (tmp_path / "test" / "a" / "0.png").write_text("no image")
    with pytest.raises(ValueError, match="not a readable image"):
        read_images("folder", tmp_path, "test")


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "mnist", "folder"])
def test_missing_files_are_named(tmp_path, dataset):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_images(dataset, tmp_path, "train")


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match="dataset: got 'svhn'"):
        read_images("svhn", tmp_path, "train")
    with pytest.raises(ValueError, match="part: got 'val'"):
        read_images("mnist", tmp_path, "val")


def labelled(labels):
    labels = torch.tensor(labels)
    images = torch.arange(len(labels)).to(torch.uint8).view(-1, 1, 1, 1)
    return ImageSet(images, labels, ("a", "b", "c"))


def test_a_subset_keeps_class_shares_to_within_one_image():
    data = labelled([0] * 50 + [1] * 30 + [2] * 20)
    for size in (1, 7, 33, 100):
        chosen = stratified_subset(data, size, np.random.default_rng(size))
        counts = torch.bincount(data.labels[chosen], minlength=3).double()
        assert len(set(chosen.tolist())) == size
        assert float((counts - torch.tensor([0.5, 0.3, 0.2]) * size).abs().max()) < 1


def test_a_subset_depends_on_its_generator_only():
    data = labelled([0, 1, 2] * 30)
    first, again, other = (stratified_subset(data, 30, np.random.default_rng(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_training_and_validation_images_are_disjoint_and_complete():
    data = labelled([0, 1, 2] * 30)
    training, validation = split_validation(data, 12, np.random.default_rng(0))
    seen = sorted(training.images.flatten().tolist() + validation.images.flatten().tolist())
    assert seen == list(range(90))
    assert torch.bincount(validation.labels).tolist() == [4, 4, 4]


def test_channel_statistics_are_exact():
    images = torch.randint(
        0, 256, (40, 3, 5, 5), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    mean, deviation = channel_statistics(images)
    floats = images.double() / 255
    assert mean == pytest.approx(floats.mean((0, 2, 3)).tolist(), rel=1e-12)
    assert deviation == pytest.approx(floats.std((0, 2, 3), correction=0).tolist(), rel=1e-12)


def test_an_image_set_wants_bytes_and_one_label_each():
    with pytest.raises(ValueError, match=r"ImageSet\.images"):
        ImageSet(torch.zeros(2, 1, 2, 2), torch.zeros(2, dtype=torch.int64), ("a",))
    with pytest.raises(ValueError, match=r"ImageSet\.labels"):
        ImageSet(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64), ("a",))
