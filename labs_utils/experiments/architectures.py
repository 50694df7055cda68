"""Lab 07: the lectures' numbers about famous networks, and its long runs: depth by remedy, seven kinds of shortcut.

Depth and shortcuts run on CIFAR-10 in 16 × 16 pixels, with networks of 8 maps of 8 × 8, so that a depth of 32 trains in
seconds; scaling runs on the lab's own drawn scenes.
"""

import numpy as np

# name, year, layers with weights, top-5 error in % (ILSVRC), parameters in millions if a lecture names them (C, E)
REVOLUTION = (
    ("AlexNet", 2012, 8, 15.4, 62),
    ("ZF Net", 2013, 8, 11.2, None),
    ("VGG-19", 2014, 19, 7.3, 143),
    ("GoogLeNet", 2014, 22, 6.7, 7),  # the parameters are counted in section 3
    ("ResNet-152", 2015, 152, 3.6, 60),
)

# side, channels in; filters of 1×1, 1×1 before 3×3, 3×3, 1×1 before 5×5, 5×5, after pooling: C. Szegedy et al. (2015)
GOOGLENET = (
    (28, 192, 64, 96, 128, 16, 32, 32),
    (28, 256, 128, 128, 192, 32, 96, 64),
    (14, 480, 192, 96, 208, 16, 48, 64),
    (14, 512, 160, 112, 224, 24, 64, 64),
    (14, 512, 128, 128, 256, 24, 64, 64),
    (14, 512, 112, 144, 288, 32, 64, 64),
    (14, 528, 256, 160, 320, 32, 128, 128),
    (7, 832, 256, 160, 320, 32, 128, 128),
    (7, 832, 384, 192, 384, 48, 128, 128),
)

# lecture E's table: name, top-1 and top-5 accuracy in %, parameters in millions, milliseconds a picture on a processor
PRETRAINED = (
    ("Xception", 79.0, 94.5, 22.9, 109.4),
    ("VGG16", 71.3, 90.1, 138.4, 69.5),
    ("VGG19", 71.3, 90.0, 143.7, 84.8),
    ("ResNet50", 74.9, 92.1, 25.6, 58.2),
    ("ResNet50V2", 76.0, 93.0, 25.6, 45.6),
    ("ResNet101", 76.4, 92.8, 44.7, 89.6),
    ("ResNet101V2", 77.2, 93.8, 44.7, 72.7),
    ("ResNet152", 76.6, 93.1, 60.4, 127.4),
    ("ResNet152V2", 78.0, 94.2, 60.4, 107.5),
    ("InceptionV3", 77.9, 93.7, 23.9, 42.2),
    ("InceptionResNetV2", 80.3, 95.3, 55.9, 130.2),
    ("MobileNet", 70.4, 89.5, 4.3, 22.6),
    ("MobileNetV2", 71.3, 90.1, 3.5, 25.9),
    ("DenseNet121", 75.0, 92.3, 8.1, 77.1),
    ("DenseNet169", 76.2, 93.2, 14.3, 96.4),
    ("DenseNet201", 77.3, 93.6, 20.2, 127.2),
    ("NASNetMobile", 74.4, 91.9, 5.3, 27.0),
    ("NASNetLarge", 82.5, 96.0, 88.9, 344.5),
    ("EfficientNetB0", 77.1, 93.3, 5.3, 46.0),
    ("EfficientNetB1", 79.1, 94.4, 7.9, 60.2),
    ("EfficientNetB2", 80.1, 94.9, 9.2, 80.8),
    ("EfficientNetB3", 81.6, 95.7, 12.3, 140.0),
    ("EfficientNetB4", 82.9, 96.4, 19.5, 308.3),
    ("EfficientNetB5", 83.6, 96.7, 30.6, 579.2),
    ("EfficientNetB6", 84.0, 96.8, 43.3, 958.1),
    ("EfficientNetB7", 84.3, 97.0, 66.7, 1578.9),
    ("EfficientNetV2B0", 78.7, 94.3, 7.2, None),
    ("EfficientNetV2B1", 79.8, 95.0, 8.2, None),
    ("EfficientNetV2B2", 80.5, 95.1, 10.2, None),
    ("EfficientNetV2B3", 82.0, 95.8, 14.5, None),
    ("EfficientNetV2S", 83.9, 96.7, 21.6, None),
    ("EfficientNetV2M", 85.3, 97.4, 54.4, None),
    ("EfficientNetV2L", 85.7, 97.5, 119.0, None),
)

SEEDS = {"depth": 2, "shortcuts": 2, "scaling": 4}
EPOCHS = 6
PICTURES = 4096  # for training; as many for testing
BATCH = 64
WIDTH = 8
RATE = 0.03
DEPTHS = (4, 8, 16, 32)
REMEDIES = ("sigmoid", "ReLU", "ReLU, He", "ReLU, He, normalised", "residual")
SHORTCUTS = (
    "identity",
    "half",
    "exclusive gate",
    "shortcut-only gate",
    "1×1 convolution",
    "dropout",
    "pre-activation",
)
# test errors in % of ResNet-110 on CIFAR-10, lecture C's slide (K. He et al., ECCV 2016)
LECTURE_ERRORS = dict(zip(SHORTCUTS, ("6.6", "12.4", "8.7", "12.9", "12.2", "> 20", "not given"), strict=True))
# depth, width, side of the picture: four times the multiplications of the first one, in four ways
SCALINGS = {
    "small": (2, 6, 12),
    "deeper": (8, 6, 12),
    "wider": (2, 12, 12),
    "larger pictures": (2, 6, 24),
    "all three": (3, 8, 16),
}
BLOCKS = 9  # of two convolutions each, in the comparison of shortcuts


def pictures() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The first pictures of CIFAR-10 in random order, (n, 16, 16, 3) float32 with mean 0 and deviation 1, and labels.

    Raises:
        LabsError: CIFAR-10 is not in ``LABS_DATA_DIR``.
    """
    from labs_utils.experiments.mobilenet import load_cifar10

    train, test, _ = load_cifar10()
    found = []
    for images, labels in (train, test):
        chosen = np.random.default_rng(0).permutation(len(images))[:PICTURES]
        small = images[chosen].reshape(-1, 16, 2, 16, 2, 3).mean(axis=(2, 4)).astype("float32")
        found.append((small, labels[chosen]))
    (x_train, y_train), (x_test, y_test) = found
    mean, deviation = x_train.mean(), x_train.std()
    return ((x_train - mean) / deviation, y_train), ((x_test - mean) / deviation, y_test)


def _convolution(
    x, normalised: bool = True, activation: str | None = "relu", start: str = "he_normal", stride: int = 1
):
    """A convolution with `WIDTH` filters, normalised or with biases, and its activation if there is one."""
    from keras import layers

    x = layers.Conv2D(WIDTH, 3, stride, padding="same", use_bias=not normalised, kernel_initializer=start)(x)
    x = layers.BatchNormalization(momentum=0.9)(x) if normalised else x
    return layers.Activation(activation)(x) if activation else x


def plain(remedy: str, depth: int):
    """A network of `depth` equal 3 × 3 convolutions after the first one, with the remedies up to `remedy`."""
    import keras
    from keras import layers

    normalised = remedy in REMEDIES[3:]
    activation = "sigmoid" if remedy == "sigmoid" else "relu"
    start = "he_normal" if remedy in REMEDIES[2:] else "random_normal"  # normal with a deviation of 0.05
    inputs = keras.Input((16, 16, 3))
    x = _convolution(inputs, normalised, activation, start, stride=2)
    for _ in range(depth // 2 if remedy == "residual" else depth):
        x = shortcut("identity", x) if remedy == "residual" else _convolution(x, normalised, activation, start)
    outputs = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, outputs)


def shortcut(kind: str, x):
    """One block of two convolutions around which a shortcut of this `kind` leads (K. He et al., ECCV 2016)."""
    from keras import layers

    if kind == "pre-activation":
        f = x
        for _ in range(2):
            f = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(f))
            f = layers.Conv2D(WIDTH, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(f)
        return layers.Add()([x, f])
    f = _convolution(_convolution(x), activation=None)
    if kind == "half":
        x, f = layers.Rescaling(0.5)(x), layers.Rescaling(0.5)(f)
    elif kind == "exclusive gate":  # as in a highway network: g·F(x) + (1 − g)·x, at the start half open
        gate = layers.Conv2D(WIDTH, 1, activation="sigmoid")(x)
        x, f = layers.Multiply()([x, layers.Rescaling(-1.0, 1.0)(gate)]), layers.Multiply()([f, gate])
    elif kind == "shortcut-only gate":
        gate = layers.Conv2D(WIDTH, 1, activation="sigmoid")(x)
        x = layers.Multiply()([x, gate])
    elif kind == "1×1 convolution":
        x = layers.BatchNormalization(momentum=0.9)(
            layers.Conv2D(WIDTH, 1, use_bias=False, kernel_initializer="he_normal")(x)
        )
    elif kind == "dropout":
        x = layers.Dropout(0.5)(x)
    return layers.Activation("relu")(layers.Add()([x, f]))


def with_shortcuts(kind: str, blocks: int = BLOCKS):
    """A network of `blocks` blocks with shortcuts of one kind."""
    import keras
    from keras import layers

    inputs = keras.Input((16, 16, 3))
    x = _convolution(inputs, activation=None if kind == "pre-activation" else "relu", stride=2)
    for _ in range(blocks):
        x = shortcut(kind, x)
    if kind == "pre-activation":
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    outputs = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, outputs)


def train(network, train_set, test_set, seed: int) -> dict:
    """Trains with momentum at a constant rate; training loss and accuracy of the last epoch, and test accuracy."""
    import keras

    network.compile(keras.optimizers.SGD(RATE, 0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = network.fit(*train_set, batch_size=BATCH, epochs=EPOCHS, verbose=0).history
    return {
        "seed": seed,
        "train_loss": round(history["loss"][-1], 3),
        "train_accuracy": round(history["accuracy"][-1], 3),
        "test_accuracy": round(network.evaluate(*test_set, batch_size=512, verbose=0)[1], 3),
        "parameters": network.count_params(),
    }


def _runs(build, names, seeds: int) -> dict:
    import keras

    data = pictures()
    found: dict[str, list] = {}
    for name in names:
        for seed in range(seeds):
            keras.utils.set_random_seed(seed)
            found.setdefault(" · ".join(map(str, name)), []).append(train(build(*name), *data, seed))
            print(name, found[" · ".join(map(str, name))][-1], flush=True)
            keras.backend.clear_session()
    return {"pictures": PICTURES, "epochs": EPOCHS, "runs": found}


def architectures_depth() -> dict:
    """Lab 07: which remedy trains which depth; five remedies, four depths, CIFAR-10 in 16 × 16 pixels, two seeds."""
    return _runs(plain, [(remedy, depth) for remedy in REMEDIES for depth in DEPTHS], SEEDS["depth"])


def architectures_shortcuts() -> dict:
    """Lab 07: seven kinds of shortcut around nine blocks of two convolutions, CIFAR-10 in 16 × 16 pixels, two seeds."""
    return _runs(with_shortcuts, [(kind,) for kind in SHORTCUTS], SEEDS["shortcuts"])


def scenes(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn scenes in 24 × 24 pixels, (n, 24, 24, 3) float32 from -0.5 to 0.5, and their labels."""
    from labs_utils import datasets

    drawn = datasets.make_scenes(n, seed)
    return drawn.images.reshape(n, 24, 2, 24, 2, 3).mean(axis=(2, 4)) - 0.5, drawn.labels


def scaled(depth: int, width: int, side: int):
    """A network of `depth` convolutions with 2 · `width` filters behind one with `width`, and its multiplications."""
    import keras
    from keras import layers

    def convolution(filters: int, stride: int) -> list:
        weights = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)
        return [weights, layers.BatchNormalization(momentum=0.9), layers.ReLU()]

    body = [*convolution(width, 2), *(layer for _ in range(depth) for layer in convolution(2 * width, 1))]
    end = [layers.GlobalAveragePooling2D(), layers.Dense(5, activation="softmax")]
    kernels = 9 * (3 * width + 2 * width**2 + (depth - 1) * 4 * width**2)
    return keras.Sequential([keras.Input((24, 24, 3)), layers.Resizing(side, side), *body, *end]), kernels * (
        -(-side // 2)
    ) ** 2


def architectures_scaling() -> dict:
    """Lab 07: four times the multiplications of a small network, in four ways; drawn scenes, four seeds."""
    import keras

    train_set, validation = scenes(2400, 1), scenes(2000, 2)
    found: dict[str, dict] = {}
    for name, plan in SCALINGS.items():
        scores = []
        for seed in range(SEEDS["scaling"]):
            keras.utils.set_random_seed(seed)
            network, work = scaled(*plan)
            network.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
            network.fit(*train_set, batch_size=64, epochs=6, verbose=0)
            scores.append(round(network.evaluate(*validation, batch_size=500, verbose=0)[1], 4))
            keras.backend.clear_session()
        found[name] = {
            "plan": plan,
            "parameters": network.count_params(),
            "multiplications": work,
            "accuracy": scores,
        }
        print(name, found[name], flush=True)
    return {"train": 2400, "validation": 2000, "epochs": 6, "runs": found}


def candidate(blocks: int, filters: int, kernel: int, pooling: bool):
    """A small network for drawn scenes: a first convolution and `blocks` equal ones, each with pooling or without."""
    import keras
    from keras import layers

    def convolution(filters: int, kernel: int, stride: int) -> list:
        weights = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)
        return [weights, layers.BatchNormalization(momentum=0.9), layers.ReLU()]

    body = convolution(8, 3, 2)
    for _ in range(blocks):
        body += convolution(filters, kernel, 1) + [layers.MaxPooling2D(2, padding="same")] * pooling
    end = [layers.GlobalAveragePooling2D(), layers.Dense(5, activation="softmax")]
    return keras.Sequential([keras.Input((24, 24, 3)), *body, *end])


def random_plans(number: int, seed: int) -> list[tuple]:
    """Plans drawn at random: blocks, filters, kernel, pooling, learning rate (uniform in its logarithm), batch."""
    rng = np.random.default_rng(seed)
    return [
        (
            int(rng.integers(1, 4)),
            int(rng.integers(6, 21)),
            int(rng.choice([3, 5])),
            bool(rng.integers(2)),
            round(float(10 ** rng.uniform(-3.5, -1.5)), 5),
            int(rng.choice([32, 64])),
        )
        for _ in range(number)
    ]


def grid_plans() -> list[tuple]:
    """Two values each of blocks and kernel and three of the rate; 12 filters, pooling and batches of 64 throughout."""
    sizes = [(blocks, 12, kernel) for blocks in (1, 3) for kernel in (3, 5)]
    return [(*size, True, rate, 64) for size in sizes for rate in (0.001, 0.004, 0.016)]


def architectures_search() -> dict:
    """Lab 07: twelve networks drawn at random and twelve on a grid, trained on scenes, and their right answers."""
    import keras

    (x, y), (x_val, y_val), test_set = scenes(2400, 1), scenes(1000, 2), scenes(2000, 3)
    found = {}
    for name, plans in {"random": random_plans(12, 5), "grid": grid_plans()}.items():
        rows, best, winner = [], -1.0, None
        for *shape, rate, batch in plans:
            keras.utils.set_random_seed(0)
            network = candidate(*shape)
            network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
            network.fit(x, y, batch_size=batch, epochs=5, verbose=0)
            right = network.predict(x_val, batch_size=500, verbose=0).argmax(axis=1) == y_val
            rows.append({"plan": [*shape, rate, batch], "right": "".join("01"[r] for r in right.astype(int))})
            if right.mean() > best:
                best, winner = float(right.mean()), network
            print(name, *shape, rate, batch, right.mean(), flush=True)
        test = round(winner.evaluate(*test_set, batch_size=500, verbose=0)[1], 4)  # once for each search
        found[name] = {"trials": rows, "test": test}
    return {"train": 2400, "validation": 1000, "epochs": 5, "searches": found}


EXPERIMENTS = {
    "architectures_search": architectures_search,
    "architectures_depth": architectures_depth,
    "architectures_shortcuts": architectures_shortcuts,
    "architectures_scaling": architectures_scaling,
}
