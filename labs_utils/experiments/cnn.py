"""The long runs of lab 06: what makes its small network learn fast, one change at a time, and over several seeds."""

import time

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
    "activation before pooling": {"pool_first": False},
    "3×3 first, stride 1, then pooling": {"stride": 1},
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


def network(normalise: bool = True, head: str = "average", pool_first: bool = True, stride: int = 2):
    """The lab's network, or one that differs from it in a single respect."""
    import keras
    from keras import layers

    def block(filters: int, kernel: int, stride: int, pool: bool) -> list:
        pooling = [layers.MaxPooling2D(2)] if pool else []
        rest = [layers.BatchNormalization()] if normalise else []
        rest.append(layers.ReLU())
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
