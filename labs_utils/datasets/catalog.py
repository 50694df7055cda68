"""What data the course uses: for each data set its files with checksums and mirrors, its licence, its stand-in.

A new data set is one `Dataset` here and one module with its loader. Files keep the same relative path in
``LABS_DATA_DIR``, in the cache and in a folder filled by ``python -m labs_utils fetch --cache FOLDER``.
"""

from dataclasses import dataclass

from labs_utils.datasets import chihuahua_files
from labs_utils.errors import LabsError


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded, and how to know that it arrived whole."""

    path: str
    """Place inside a data folder, with forward slashes: ``mnist/train-images-idx3-ubyte.gz``."""
    sha256: str
    size: int
    """Length in bytes."""
    mirrors: tuple[str, ...]
    """Addresses of the file, or ``archive#member`` (see `labs_utils.datasets.archive`), tried in this order."""

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Dataset:
    """A data set of the course; one without files comes with an installed library."""

    name: str
    """What `fetch` and the metadata of a notebook call it."""
    title: str
    """What the lines printed by its loader call it."""
    licence: str
    credit: str
    fallback: str
    """What a loader uses where no file can be had; for a data set without files: where it comes from."""
    files: tuple[RemoteFile, ...] = ()

    @property
    def size(self) -> int:
        """Bytes to download for the whole data set."""
        return sum(file.size for file in self.files)


_MNIST_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)


def _mnist_file(name: str, size: int, sha256: str) -> RemoteFile:
    return RemoteFile(f"mnist/{name}", sha256, size, tuple(f"{mirror}/{name}" for mirror in _MNIST_MIRRORS))


DIGITS = Dataset(
    name="digits",
    title="Digits 8x8",
    licence="CC BY 4.0",
    credit="E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI repository (1998)",
    fallback="comes with scikit-learn",
)

MNIST = Dataset(
    name="mnist",
    title="MNIST",
    licence="CC BY-SA 3.0",
    credit="Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits (1998)",
    fallback="scikit-learn's digits brought to 28x28 and augmented",
    files=(
        _mnist_file(
            "train-images-idx3-ubyte.gz",
            9912422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        _mnist_file(
            "train-labels-idx1-ubyte.gz",
            28881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        _mnist_file(
            "t10k-images-idx3-ubyte.gz",
            1648877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        _mnist_file(
            "t10k-labels-idx1-ubyte.gz",
            4542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
)

TEXTURES = Dataset(
    name="textures",
    title="Textures",
    licence="CC0",
    credit="photographs brick, grass and gravel of scikit-image",
    fallback="come with scikit-image",
)

_CHIHUAHUA_ARCHIVE = "https://codeload.github.com/mlatsjsu/workshop-chihuahua-vs-muffin/zip/1f3b63926d70"

CHIHUAHUA = Dataset(
    name="chihuahua",
    title="Chihuahua or muffin",
    licence="none stated; read by you, never redistributed by us",
    credit="github.com/mlatsjsu/workshop-chihuahua-vs-muffin at commit 1f3b63926d70",
    fallback="textures (brick, grass, gravel) of scikit-image",
    files=tuple(
        RemoteFile(f"chihuahua-muffin/{path}", sha256, int(size), (f"{_CHIHUAHUA_ARCHIVE}#{path}",))
        for sha256, size, path in map(str.split, chihuahua_files.TABLE.split("\n")[1:-1])
    ),
)

IMAGENET_CLASSES = RemoteFile(
    "mobilenet/imagenet_class_index.json",
    "a1e7a966a1f601d39e4b43e119b3e7dd4a2ad3ea08cf69847cbaf021013767bc",
    35363,
    ("https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",),
)

MOBILENET_WITH_TOP = RemoteFile(
    "mobilenet/mobilenet_v1_1.0_224_dequantised.weights.h5",
    "4dc93f3a8c0bdb4c45ca5777af6d95f609088a2f18cef7e67ec47af236804f98",
    17254816,
    (),  # only in a course's own folder; on the network `keras.applications` has its own file
)

MOBILENET = Dataset(
    name="mobilenet",
    title="MobileNet's ImageNet weights",
    licence="Apache-2.0",
    credit="A. G. Howard et al., MobileNets, arXiv:1704.04861 (2017); weights by Google, distributed with Keras",
    fallback="a small MobileNet that this project trained on CIFAR-10 and drawn textures",
    files=(
        RemoteFile(
            "mobilenet/mobilenet_2_5_224_tf_no_top.h5",
            "dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf",
            2108140,
            ("https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/mobilenet_2_5_224_tf_no_top.h5",),
        ),
        IMAGENET_CLASSES,
    ),
)

SCENES = Dataset(
    name="scenes",
    title="Scenes of coloured shapes, and roads with vehicles",
    licence="MIT, as this project",
    credit="drawn by this project",
    fallback="drawn by labs_utils, seeded",
)

FACES = Dataset(
    name="faces",
    title="Faces",
    licence="portraits: that of this project; LFW: none stated, published for research",
    credit="portraits: nobody's; LFW: G. B. Huang, M. Ramesh, T. Berg and E. Learned-Miller (2007)",
    fallback="synthetic portraits, drawn by labs_utils (real ones only through load_faces(source='lfw') or a folder)",
)

DATASETS = {dataset.name: dataset for dataset in (DIGITS, MNIST, TEXTURES, CHIHUAHUA, MOBILENET, FACES, SCENES)}


def find_dataset(name: str) -> Dataset:
    """The data set of that name.

    Raises:
        LabsError: there is none; the message lists those that exist.
    """
    if name not in DATASETS:
        raise LabsError(f"there is no data set {name!r}; the data sets are {', '.join(DATASETS)}")
    return DATASETS[name]
