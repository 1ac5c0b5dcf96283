"""Miniature archives in the layouts of VOC 2012, SBD, MSRA and COCO."""

import io
import json
import pathlib
import tarfile
import zipfile

import numpy as np
from PIL import Image
from scipy import io as matlab

from guided_segmentation import artifacts
from guided_segmentation.datasets.preparation import voc2012

TRAIN = ["2007_000001", "2007_000002"]
VAL = ["2007_000003"]
TEST = ["2008_000006"]
SBD_TRAIN = ["2008_000004", "2007_000002", "2007_000003"]
SBD_VAL = ["2008_000005"]
TRAINAUG = ["2007_000001", "2007_000002", "2008_000004", "2008_000005"]
COUNTS = voc2012.Counts(
    train=2, val=1, sbd_train=3, sbd_val=1, trainaug=4, test=1
)
SIZE = 6, 8
VOC_CLASS, SBD_CLASS = 7, 15
VOC, SBD = "VOCtrainval_11-May-2012.tar", "benchmark.tgz"


def photograph(size=SIZE, level=90):
    """Returns the bytes of a grey JPEG of [height, width]."""
    buffer = io.BytesIO()
    Image.new("RGB", size[::-1], (level,) * 3).save(buffer, "JPEG")
    return buffer.getvalue()


def voc():
    """Content of VOCtrainval_11-May-2012.tar by name."""
    root = "VOCdevkit/VOC2012"
    mask = np.full(SIZE, VOC_CLASS, np.uint8)
    mask[0, 0] = 255
    ids = sorted({*TRAIN, *VAL, *TRAINAUG})
    return {
        **{f"{root}/JPEGImages/{i}.jpg": photograph() for i in ids},
        **{
            f"{root}/SegmentationClass/{i}.png": artifacts.encode_label_map(
                mask
            )
            for i in (*TRAIN, *VAL)
        },
        f"{root}/ImageSets/Segmentation/train.txt": lines(TRAIN),
        f"{root}/ImageSets/Segmentation/val.txt": lines(VAL),
    }


def voc_test():
    """Content of VOC2012test.tar by name."""
    root = "VOCdevkit/VOC2012"
    return {
        f"{root}/JPEGImages/{TEST[0]}.jpg": photograph(),
        f"{root}/ImageSets/Segmentation/test.txt": lines(TEST),
    }


def sbd():
    """Content of benchmark.tgz by name."""
    root = "benchmark_RELEASE/dataset"
    return {
        **{f"{root}/cls/{i}.mat": sbd_mask() for i in (*SBD_TRAIN, *SBD_VAL)},
        f"{root}/img/{SBD_VAL[0]}.jpg": photograph(),
        f"{root}/train.txt": lines(SBD_TRAIN),
        f"{root}/val.txt": lines(SBD_VAL),
    }


def sbd_mask(size=SIZE, index=SBD_CLASS, dtype=np.uint8):
    """Returns the bytes of a file of SBD's dataset/cls."""
    mask = np.zeros(size, dtype)
    mask[2:5, 1:4] = index
    record = {
        "Segmentation": mask,
        "Boundaries": np.empty((20, 1), object),
        "CategoriesPresent": np.array([[index]], np.uint8),
    }
    record["Boundaries"][:] = 0
    buffer = io.BytesIO()
    matlab.savemat(buffer, {"GTcls": record}, do_compression=True)
    return buffer.getvalue()


def msra(names=("0_1", "0_2"), annotators=3, size=(60, 80)):
    """Content of a set of MSRA by name."""
    height, width = size
    entries = [str(len(names)), ""]
    for name in names:
        boxes = f"1 2 {width} {height}; " * annotators
        entries += [f"0\\{name}.jpg", f"{width} {height}", boxes, ""]
    return {
        **{f"Image/0/{name}.jpg": photograph(size) for name in names},
        "UserData/0_data.txt": "".join(f"{e}\r\n" for e in entries).encode(),
    }


def coco(instances, split="val2017"):
    """Content of <split>.zip and of the annotations' archive by name."""
    name = f"annotations/instances_{split}.json"
    photographs = {
        f"{split}/{image['file_name']}": photograph(
            (image["height"], image["width"])
        )
        for image in instances["images"]
    }
    return photographs, {name: json.dumps(instances).encode()}


def lines(ids):
    """Returns a list of ids as the bytes of a file."""
    return "".join(f"{image_id}\n" for image_id in ids).encode()


def write_folder(folder, files):
    """Writes what an archive would unpack to."""
    for name, content in files.items():
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_tar(path, files):
    """Writes a tar archive, compressed if its name ends in gz."""
    path = pathlib.Path(path)
    with tarfile.open(path, "w:gz" if path.suffix == ".tgz" else "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def write_zip(path, files):
    """Writes a zip archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
