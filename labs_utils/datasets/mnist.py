"""MNIST: handwritten digits of 28x28 pixels."""

from labs_utils.datasets import catalog, sources
from labs_utils.datasets.idx import read_idx
from labs_utils.datasets.split import Split

_SHAPES = ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))


def load_mnist() -> tuple[Split, Split]:
    """Loads MNIST from the best source there is, or a stand-in; prints one line that says which.

    Sources, in order: the folder ``LABS_DATA_DIR``, the cache, a download of 11.6 MB, and a stand-in made from
    scikit-learn's digits (`labs_utils.datasets.mnist_standin`), smaller than MNIST and a little harder. Faults on the
    way, such as a damaged file, are printed as well and never end the lab.

    Original: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits (1998), CC BY-SA 3.0.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images (n, 28, 28) uint8 from 0 (paper) to 255 (ink), labels (n,)
        uint8 from 0 to 9. n is 60 000 and 10 000 for the original, 12 000 and 2 000 for the stand-in.

    Raises:
        LabsError: a file has the right checksum and yet not the shape it must have.
    """
    try:
        files = sources.locate(catalog.MNIST.files)
    except sources.NotAvailable as reason:
        from labs_utils.datasets.mnist_standin import make_standin  # SciPy and scikit-learn, only if they are needed

        train, test = make_standin()
        source = f"not available ({reason}); using the stand-in: {catalog.MNIST.fallback}"
    else:
        x_train, y_train, x_test, y_test = (
            read_idx(file.path, shape) for file, shape in zip(files, _SHAPES, strict=True)
        )
        train, test = (x_train, y_train), (x_test, y_test)
        source = f"original files from {sources.name_sources(files)}"
    print(f"MNIST: {source} ({_grouped(len(train[0]))} + {_grouped(len(test[0]))} images)")
    return train, test


def _grouped(count: int) -> str:
    return f"{count:,}".replace(",", " ")
