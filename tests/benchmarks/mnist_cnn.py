"""How long until 99.0 % on the MNIST test set: the CNN of lab 06 against the keras.io recipe, on this machine.

    LABS_DATA_DIR=... python tests/benchmarks/mnist_cnn.py [--seeds 3] [--store]

Both networks train in this process, by turns, one seed after the other, on all 60 000 training images; the clock runs
during training only, and stops after the epoch in which the test accuracy first reaches 99.0 %. The recipe is "Simple
MNIST convnet" of keras.io (F. Chollet, 2015): Conv 32 3×3 ReLU, max-pool, Conv 64 3×3 ReLU, max-pool, flatten, dropout
0.5, dense softmax; Adam, batch 128. It holds 10 % of the images back for validation; here it may use them all, and gets
the same `steps_per_execution` as the lab's network, so that neither is what makes the difference.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras
from keras import layers

from labs_utils import course
from labs_utils.exercises import reference
from labs_utils.experiments import cnn

GOAL = 0.99
GIVE_UP = 20


def recipe() -> keras.Model:
    """The network of keras.io/examples/vision/mnist_convnet."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def race(model: keras.Model, rate, epochs: int, train, test) -> dict:
    """Trains until the goal or the last epoch; accuracy by epoch, seconds on the clock and of processor time."""
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"], steps_per_execution=32
    )
    accuracy, seconds, processor = [], 0.0, 0.0
    while len(accuracy) < epochs and (not accuracy or accuracy[-1] < GOAL):
        clock, work = time.perf_counter(), time.process_time()
        model.fit(*train, batch_size=128, verbose=0)
        seconds += time.perf_counter() - clock
        processor += time.process_time() - work
        accuracy.append(round(model.evaluate(*test, batch_size=500, verbose=0)[1], 4))
    return {
        "accuracy": accuracy,
        "reached": accuracy[-1] >= GOAL,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "parameters": model.count_params(),
    }


def main() -> int:
    """Runs the race for every seed; the exit status is 1 if the lab's network is not four times as fast."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--store", action="store_true", help="write data/mnist_cnn_benchmark.json, for the README")
    arguments = parser.parse_args()
    train, test = cnn.mnist()
    steps = cnn.EPOCHS * -(-len(train[0]) // cnn.BATCH)
    runs: dict[str, list] = {"lab": [], "recipe": []}
    for seed in range(arguments.seeds):
        keras.utils.set_random_seed(seed)
        small = reference.find("06_cnn", "small_cnn")()
        runs["lab"].append(race(small, cnn.warmup_cosine(steps), cnn.EPOCHS, train, test))
        keras.utils.set_random_seed(seed)
        runs["recipe"].append(race(recipe(), 1e-3, GIVE_UP, train, test))
        for name, found in runs.items():
            print(f"seed {seed}, {name}: {found[-1]}", flush=True)

    def middle(name: str, key: str) -> float:
        return statistics.median(run[key] for run in runs[name])

    ratio = middle("lab", "seconds") / middle("recipe", "seconds")
    work = middle("lab", "processor_seconds") / middle("recipe", "processor_seconds")
    print(f"median seconds to 99.0 %: lab {middle('lab', 'seconds'):.1f}, recipe {middle('recipe', 'seconds'):.1f}")
    print(f"ratio {ratio:.3f} on the clock, {work:.3f} in processor time (goal: at most 0.25)")
    if arguments.store:
        result = {"goal": GOAL, "ratio": round(ratio, 3), "processor_ratio": round(work, 3), "runs": runs}
        (course.DATA / "mnist_cnn_benchmark.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return 0 if ratio <= 0.25 and all(run["reached"] for run in runs["lab"]) else 1


if __name__ == "__main__":
    sys.exit(main())
