"""A long run of lab 12, on portraits of 64 × 64 pixels: how a bias of the training set becomes one of the network."""

BIASES = (0.0, 0.5, 0.75, 0.9, 1.0)
SEEDS = 3
TRAIN, TEST = 1000, 1000
EPOCHS, PEAK = 8, 0.003


def face_network():
    """A small network: 64 × 64 × 3 pixels in [0, 1] → two logits."""
    import keras
    from keras import layers

    body = [layers.Rescaling(4, -2)]
    for filters, kernel in ((12, 4), (24, 3), (48, 3), (64, 3)):
        body.append(layers.Conv2D(filters, kernel, strides=2, padding="same", activation="relu"))
    return keras.Sequential([keras.Input((64, 64, 3)), *body, layers.Flatten(), layers.Dropout(0.4), layers.Dense(2)])


def faces_bias_knob() -> dict:
    """Lab 12: error rates by label and glasses after training on sets of growing bias; three seeds each."""
    import keras

    from labs_utils import robustness
    from labs_utils.datasets import portraits

    fair = portraits.draw_portraits(TEST, seed=901)
    groups = 2 * fair.labels + fair.attributes["glasses"]
    rates = []
    for bias in BIASES:
        rates.append([])
        for seed in range(SEEDS):
            drawn = portraits.draw_portraits(TRAIN, seed=910 + seed, bias=bias)
            keras.utils.set_random_seed(seed)
            network = face_network()
            robustness.fit(network, drawn.images.astype("float32") / 255, drawn.labels, EPOCHS, PEAK)
            answers = robustness.predicted(network, fair.images.astype("float32") / 255)
            wrong = answers != fair.labels
            rates[-1].append([round(float(wrong[groups == k].mean()), 4) for k in range(4)])
            print(f"bias {bias}, seed {seed}: {rates[-1][-1]}", flush=True)
    names = [f"label {label}, {'with' if glasses else 'no'} glasses" for label in (0, 1) for glasses in (0, 1)]
    return {"train": TRAIN, "test": TEST, "biases": list(BIASES), "groups": names, "error_rates": rates}


EXPERIMENTS = {"faces_bias_knob": faces_bias_knob}
