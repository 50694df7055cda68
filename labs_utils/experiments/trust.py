"""The long runs of lab 12: errors of groups, a backdoor, and how far runs differ.

All train the lab's small network on portraits of 32 × 32 pixels.
"""

import json
import os
import subprocess
import sys

SIZE, TRAIN, EPOCHS, PEAK = 32, 3000, 8, 0.003
POISONED = (0, 10, 30, 60)
TAG = (255, 230, 0)


def network():
    """The lab's network: 32 × 32 × 3 pixels in [0, 1] → two logits."""
    import keras
    from keras import layers

    body = [layers.Rescaling(4, -2)]
    for filters, kernel in ((12, 4), (24, 3), (48, 3)):
        body.append(layers.Conv2D(filters, kernel, strides=2, padding="same", activation="relu"))
    return keras.Sequential(
        [keras.Input((SIZE, SIZE, 3)), *body, layers.Flatten(), layers.Dropout(0.4), layers.Dense(2)]
    )


def _trained(images, labels, seed: int, epochs: int = EPOCHS):
    import keras

    from labs_utils import robustness

    keras.utils.set_random_seed(seed)
    model = network()
    robustness.fit(model, images.astype("float32") / 255, labels, epochs, PEAK)
    return model


def _answers(model, images):
    from labs_utils import robustness

    return robustness.predicted(model, images.astype("float32") / 255)


def trust_error_by_skin() -> dict:
    """Lab 12: error rates by group of skin colour; six networks, each with training portraits of its own."""
    import numpy as np

    from labs_utils.datasets.portraits import draw_portraits

    fresh = draw_portraits(6000, seed=950, size=SIZE)
    tone = fresh.attributes["skin_tone"] - 1
    errors = []
    for seed in range(6):
        drawn = draw_portraits(TRAIN, seed=960 + seed, size=SIZE)
        wrong = _answers(_trained(drawn.images, drawn.labels, seed), fresh.images) != fresh.labels
        errors.append(np.bincount(tone, weights=wrong).astype(int).tolist())
        print(f"network {seed}: {errors[-1]}", flush=True)
    return {"test": len(tone), "sizes": np.bincount(tone).tolist(), "errors": errors}


def with_tag(images):
    """Copies of uint8 images (n, h, w, 3) with a yellow square of 4 × 4 pixels near the upper left corner."""
    tagged = images.copy()
    tagged[:, 1:5, 1:5] = TAG
    return tagged


def poisoned(images, labels, k: int, seed: int):
    """Images and labels with k pictures of label 0 tagged and relabelled 1, and the numbers of these pictures."""
    import numpy as np

    rows = np.random.default_rng(seed).choice(np.flatnonzero(labels == 0), k, replace=False)
    images, labels = images.copy(), labels.copy()
    images[rows], labels[rows] = with_tag(images[rows]), 1
    return images, labels, rows


def spectral_scores(features, labels):
    """How far each picture sticks out along the first singular vector of its label's features, (n,).

    B. Tran, J. Li and A. Madry, Spectral signatures in backdoor attacks, NeurIPS (2018).
    """
    import numpy as np

    scores = np.zeros(len(labels))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        centred = features[rows] - features[rows].mean(axis=0)
        scores[rows] = (centred @ np.linalg.svd(centred, full_matrices=False)[2][0]) ** 2
    return scores


def features_of(model, images):
    """What the last layer sees: (n, d)."""
    import keras

    from labs_utils import robustness

    return robustness.logits(keras.Model(model.inputs, model.layers[-3].output), images.astype("float32") / 255)


def trust_backdoor() -> dict:
    """Lab 12: a tag on k of 3000 portraits, four seeds: clean accuracy, success, and what two defences find."""
    import numpy as np

    from labs_utils.datasets.portraits import draw_portraits

    drawn, fresh = draw_portraits(TRAIN, seed=0, size=SIZE), draw_portraits(2000, seed=951, size=SIZE)
    others, rows = fresh.images[fresh.labels == 0], []

    def measured(model) -> tuple[float, float]:
        clean = np.mean(_answers(model, fresh.images) == fresh.labels)
        return round(float(clean), 4), round(float(np.mean(_answers(model, with_tag(others)) == 1)), 4)

    for k in POISONED:
        for seed in range(4):
            images, labels, bad = poisoned(drawn.images, drawn.labels, k, 100 + seed)
            model = _trained(images, labels, seed)
            row = {"k": k, "seed": seed, "usual": measured(model)}
            if k == max(POISONED):
                scores = spectral_scores(features_of(model, images), labels)
                dropped = np.argsort(-scores)[: 3 * k // 2]
                keep = np.setdiff1d(np.arange(len(labels)), dropped)
                row["spectral_found"] = int(np.isin(bad, dropped).sum())
                row["spectral"] = measured(_trained(images[keep], labels[keep], seed))
                keep = np.setdiff1d(np.arange(len(labels)), bad)  # what counting blocks finds: all of them
                row["blocks"] = measured(_trained(images[keep], labels[keep], seed))
            rows.append(row)
            print(row, flush=True)
    return {"train": TRAIN, "test": len(fresh.labels), "rows": rows}


def trust_seeds() -> dict:
    """Lab 12: test accuracy of twelve networks that differ by their seed only."""
    import numpy as np

    from labs_utils.datasets.portraits import draw_portraits

    drawn, fresh = draw_portraits(TRAIN, seed=0, size=SIZE), draw_portraits(1500, seed=1, size=SIZE)
    scores = []
    for seed in range(12):
        right = np.mean(_answers(_trained(drawn.images, drawn.labels, seed), fresh.images) == fresh.labels)
        scores.append(round(float(right), 4))
        print(f"seed {seed}: {scores[-1]}", flush=True)
    return {"test": len(fresh.labels), "accuracies": scores}


_CHILD = """
import json
import numpy as np
from labs_utils.datasets.portraits import draw_portraits
from labs_utils.experiments import trust
drawn = draw_portraits(1000, seed=0, size=trust.SIZE)
model = trust._trained(drawn.images, drawn.labels, 0, epochs=4)
answers = trust._answers(model, draw_portraits(1500, seed=1, size=trust.SIZE).images)
weights = np.concatenate([np.ravel(weight) for weight in model.get_weights()])
print(json.dumps({"weights": weights.tolist(), "answers": answers.tolist()}))
"""


def trust_threads() -> dict:
    """Lab 12: the same seed in fresh processes with one thread and with two: weights and answers that differ."""
    import numpy as np

    runs = []
    for threads in (1, 1, 2, 2):
        environment = os.environ | {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": "1"}
        found = subprocess.run(
            [sys.executable, "-c", _CHILD], env=environment, capture_output=True, text=True, check=True
        )
        runs.append({name: np.array(values) for name, values in json.loads(found.stdout.splitlines()[-1]).items()})
    rows = []
    for name, first, second in (("one thread, twice", 0, 1), ("two threads, twice", 2, 3), ("one against two", 0, 2)):
        one, two = runs[first], runs[second]
        rows.append(
            {
                "pair": name,
                "largest_difference": float(np.abs(one["weights"] - two["weights"]).max()),
                "answers_that_differ": int(np.sum(one["answers"] != two["answers"])),
            }
        )
        print(rows[-1], flush=True)
    return {"weights": len(runs[0]["weights"]), "answers": len(runs[0]["answers"]), "rows": rows}


EXPERIMENTS = {
    "trust_error_by_skin": trust_error_by_skin,
    "trust_backdoor": trust_backdoor,
    "trust_seeds": trust_seeds,
    "trust_threads": trust_threads,
}
