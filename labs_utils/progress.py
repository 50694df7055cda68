"""A sign of life from a training that takes longer than ten seconds."""

from typing import Any


def loss_line(parts: int = 4) -> Any:
    """A Keras callback that prints how the loss falls, in one line: the mean so far, `parts` times per epoch.

    Args:
        parts: how many numbers per epoch; a bar separates the epochs.
    """
    import keras

    due = 1  # the next part of this epoch that is to be printed

    def begin(epoch: int, logs: dict | None = None) -> None:
        nonlocal due
        due = 1
        print("|" if epoch else "loss so far:", end=" ", flush=True)

    def look(batch: int, logs: dict) -> None:
        nonlocal due
        done = parts * (batch + 1) // callback.params["steps"]
        if done >= due:
            due = done + 1
            print(f"{logs['loss']:.3f}", end=" ", flush=True)

    callback = keras.callbacks.LambdaCallback(
        on_epoch_begin=begin, on_train_batch_end=look, on_train_end=lambda logs=None: print(flush=True)
    )
    return callback
