"""The long runs of lab 06: what makes its small network learn fast, one change at a time, and over several seeds."""

import time
from collections.abc import Callable, Mapping

import numpy as np

SEEDS = 3
EPOCHS = 2
BATCH = 128
PEAK = 0.01
SHIFTS = range(7)

VARIANTS = {
    "as in the lab": {},
    "without batch normalisation": {"normalise": False},
    "constant learning rate 0.01": {"schedule": False},
    "constant rate 0.001, no normalisation": {"normalise": False, "schedule": False, "peak": 0.001},
    "flatten instead of global average": {"head": "flatten"},
    "tanh instead of ReLU": {"activation": "tanh"},
    "activation before pooling": {"pool_first": False},
    "3×3 first, stride 1, then pooling": {"stride": 1},
}

# networks of the contest as stacks of (filters, kernel, stride, padding); no filters: pooling. A dense layer is a
# convolution whose window is as large as the map; the small network has biases here in place of normalisations.
_HALVE, _TEN = (0, 2, 2, 0), (10, 1, 1, 0)
STACKS = {
    "small CNN": [(16, 5, 2, 2), (32, 3, 1, 1), _HALVE, (64, 3, 1, 1), _HALVE, (0, 3, 1, 0), _TEN],
    "LeNet-5": [(6, 5, 1, 2), _HALVE, (16, 5, 1, 0), _HALVE, (120, 5, 1, 0), (84, 1, 1, 0), _TEN],
    "raw + MLP": [(128, 28, 1, 0), _TEN],
}


def mnist():
    """MNIST as the lab uses it: ``(x_train, y_train), (x_test, y_test)``, images (n, 28, 28, 1) float32 in [0, 1]."""
    from labs_utils import datasets

    (x_train, y_train), (x_test, y_test) = datasets.load_mnist()
    return (as_inputs(x_train), y_train), (as_inputs(x_test), y_test)


def as_inputs(images: np.ndarray) -> np.ndarray:
    """(n, 28, 28) uint8 → (n, 28, 28, 1) float32 in [0, 1]."""
    return images[..., None].astype("float32") / 255


def warmup_cosine(steps: int, peak: float = PEAK):
    """The lab's learning rate: up for the first fifth of `steps`, then down to zero along a cosine."""
    import keras

    warmup = steps // 5
    return keras.optimizers.schedules.CosineDecay(peak / 20, steps - warmup, warmup_target=peak, warmup_steps=warmup)


def network(
    activation: str = "relu", normalise: bool = True, head: str = "average", pool_first: bool = True, stride: int = 2
):
    """The lab's network, or one that differs from it in a single respect."""
    import keras
    from keras import layers

    def block(filters: int, kernel: int, stride: int, pool: bool) -> list:
        pooling = [layers.MaxPooling2D(2)] if pool else []
        rest = [layers.BatchNormalization()] if normalise else []
        rest.append(layers.Activation(activation))
        convolution = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=not normalise)
        return [convolution, *(pooling + rest if pool_first else rest + pooling)]

    first = block(16, 5, 2, pool=False) if stride == 2 else block(16, 3, 1, pool=True)
    top = layers.GlobalAveragePooling2D() if head == "average" else layers.Flatten()
    body = [*first, *block(32, 3, 1, pool=True), *block(64, 3, 1, pool=True)]
    return keras.Sequential([keras.Input((28, 28, 1)), *body, top, layers.Dense(10, activation="softmax")])


def train(model, train_set, test_set, epochs: int = EPOCHS, schedule: bool = True, peak: float = PEAK) -> dict:
    """Trains `model`; returns the test accuracy after each epoch, and seconds (clock, processor) of training."""
    import keras

    x, y = train_set
    rate = warmup_cosine(epochs * -(-len(x) // BATCH), peak) if schedule else peak
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=32
    )
    accuracies, seconds, processor = [], 0.0, 0.0
    for _ in range(epochs):
        clock, work = time.perf_counter(), time.process_time()
        model.fit(x, y, batch_size=BATCH, verbose=0)
        seconds += time.perf_counter() - clock
        processor += time.process_time() - work
        accuracies.append(round(model.evaluate(*test_set, batch_size=500, verbose=0)[1], 4))
    return {
        "accuracy": accuracies,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "parameters": model.count_params(),
    }


def draw_lines(centres: np.ndarray, angles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noisy images (n, 28, 28, 1) float32, each with a bright line of 7 pixels.

    Args:
        centres: (n, 2) row and column in pixels.
        angles: (n,) in degrees; 0 lies flat, 45 rises to the right, 90 stands.
        rng: draws the noise.
    """
    rows, columns = np.mgrid[:28, :28]
    y, x = rows - centres[:, 0, None, None], columns - centres[:, 1, None, None]
    turn = np.radians(angles)[:, None, None]
    along, across = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    distance = np.hypot(np.maximum(np.abs(along) - 3, 0), across)
    images = rng.normal(0, 0.2, distance.shape) + np.clip(1.2 - distance, 0, 1)
    return images[..., None].astype("float32")


def moved_centres(n: int, distance: int, rng: np.random.Generator) -> np.ndarray:
    """Centres (n, 2) whose larger distance from pixel 14, along rows or along columns, is `distance`."""
    shift = rng.integers(-distance, distance + 1, (n, 2))
    shift[np.arange(n), rng.integers(0, 2, n)] = distance * rng.choice([-1, 1], n)
    return 14 + shift


def line_problem() -> tuple[np.ndarray, np.ndarray, dict[int, tuple]]:
    """Which way does a line lie? 0 flat, 1 rising, 2 upright, 3 falling.

    Returns:
        2000 training images (2000, 28, 28, 1) with lines at most 2 pixels from the centre; their classes, (2000,); and
        for each distance from 0 to 13 the test images (400, 28, 28, 1) with lines that far away, and their classes.
    """
    rng, test = np.random.default_rng(0), {}
    kinds = rng.integers(0, 4, 2000)
    lines = draw_lines(14 + rng.integers(-2, 3, (2000, 2)), 45 * kinds, rng)
    for distance in range(14):
        there = rng.integers(0, 4, 400)
        test[distance] = draw_lines(moved_centres(400, distance, rng), 45 * there, rng), there
    return lines, kinds, test


def gabors(size: int) -> np.ndarray:
    """Gabor functions, a wave under a bell, of 4 wavelengths, 12 angles, 3 widths and 8 phases: (1152, size²), norm 1.

    S. Marčelja (1980), J. G. Daugman (1985).
    """
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    found = []
    for turn in np.radians(np.arange(0, 180, 15)):
        across = x * np.sin(turn) + y * np.cos(turn)
        for wave in size * np.array([0.6, 0.8, 1.2, 2]):
            for width in size * np.array([0.25, 0.4, 0.8]):
                bell = np.exp(-(x**2 + y**2) / (2 * width**2))
                found += [bell * np.cos(2 * np.pi * across / wave + phase) for phase in np.arange(8) * np.pi / 8]
    flat = np.reshape(found, (-1, size**2))
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def first_kernels(model) -> np.ndarray:
    """The kernels of a model's first convolution as pictures, (filters, side, side, channels), the strongest first."""
    from keras import layers

    first = next(layer for layer in model.layers if isinstance(layer, layers.Conv2D))
    kernels = np.moveaxis(first.kernel.numpy(), -1, 0)
    return kernels[np.argsort((kernels**2).sum(axis=(1, 2, 3)))[::-1]]


def best_time(function: Callable, batch) -> float:
    """Milliseconds of the fastest of ten calls, after one that prepares."""
    times = []
    for _ in range(11):
        start = time.perf_counter()
        function(batch)
        times.append(1000 * (time.perf_counter() - start))
    return min(times[1:])


def final_accuracies(study: dict) -> np.ndarray:
    """The accuracy after the last epoch of each run of `mnist_cnn`: (networks, seeds), the lab's network first."""
    return np.array([[run["accuracy"][-1] for run in runs] for runs in study["runs"].values()])


def study_table(study: dict, lost: np.ndarray, apart: np.ndarray) -> tuple[list, list]:
    """Header and rows of the table of `mnist_cnn`: one network a row.

    Args:
        study: what `mnist_cnn` returned.
        lost: percentage points that each network loses against the first, (networks,).
        apart: whether that is more than the spread of the seeds, (networks,).
    """
    header = ["network", "accuracy", "seeds", "points lost", "apart", "parameters", "CPU s"]
    rows = []
    for (name, runs), last, points, clear in zip(
        study["runs"].items(), final_accuracies(study), lost, apart, strict=True
    ):
        work = round(np.median([run["processor_seconds"] for run in runs]))
        spread = f"{last.min():.4f}–{last.max():.4f}"
        cells = [f"{last.mean():.4f}", spread, f"{points:.2f}", "yes" if clear else "no"]
        rows.append([name, *cells, runs[0]["parameters"], work])
    return header, rows


def results(difference: float, lines: Mapping, contest: Mapping, moved: Mapping, resized: Mapping) -> list[list]:
    """Rows of the lab's last table: experiment, what was measured, and the number.

    Args:
        difference: of the learnt kernel from the true one.
        lines: network → accuracy at 0, 1, 2, … pixels from the centre.
        contest: method → test accuracy, parameters, seconds.
        moved: method → shifts, and accuracy at each of them, the last of them at 6 pixels.
        resized: method → sizes, and accuracy at each of them, the first of them 0.57.
    """
    rows = [["kernel learnt", "largest difference", f"{difference:.2f}"]]
    rows += [[f"line, {name}", "accuracy 6 pixels away", f"{values[6]:.2f}"] for name, values in lines.items()]
    for name, (right, parameters, _) in contest.items():
        rows.append([name, f"test accuracy, {parameters} parameters", f"{right:.4f}"])
    for what, found, place in (("moved by 6 pixels", moved, -1), ("0.57 times the size", resized, 0)):
        rows += [[name, what, f"{right[place]:.3f}"] for name, (_, right) in found.items()]
    return rows


def mnist_cnn() -> dict:
    """Lab 06: what makes the small network fast; two epochs of MNIST, one change at a time, three seeds each."""
    import keras

    train_set, test_set = mnist()
    runs: dict[str, list] = {name: [] for name in VARIANTS}
    for seed in range(SEEDS):
        for name, change in VARIANTS.items():
            keras.utils.set_random_seed(seed)
            training = {key: change[key] for key in ("schedule", "peak") if key in change}
            model = network(**{key: value for key, value in change.items() if key not in training})
            runs[name].append(train(model, train_set, test_set, **training) | {"seed": seed})
            print(f"seed {seed}, {name}: {runs[name][-1]}", flush=True)
    return {"train": len(train_set[0]), "test": len(test_set[0]), "epochs": EPOCHS, "runs": runs}


def mnist_cnn_shift() -> dict:
    """Lab 06: flattening against global average pooling when the test digits move to the right; three seeds each."""
    import keras

    train_set, (x_test, y_test) = mnist()
    accuracy: dict[str, list] = {"global average": [], "flatten": []}
    for seed in range(SEEDS):
        for name, head in zip(accuracy, ("average", "flatten"), strict=True):
            keras.utils.set_random_seed(seed)
            model = network(head=head)
            train(model, train_set, (x_test, y_test))
            moved = [np.roll(x_test, shift, axis=2) for shift in SHIFTS]
            accuracy[name].append([round(model.evaluate(x, y_test, batch_size=500, verbose=0)[1], 4) for x in moved])
            print(f"seed {seed}, {name}: {accuracy[name][-1]}", flush=True)
    return {"train": len(train_set[0]), "test": len(y_test), "shifts": list(SHIFTS), "accuracy": accuracy}


EXPERIMENTS = {"mnist_cnn": mnist_cnn, "mnist_cnn_shift": mnist_cnn_shift}
