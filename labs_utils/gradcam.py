"""Grad-CAM of any Keras 3 model on the TensorFlow backend, however deep its layers are nested.

The usual recipe builds a second model, ``keras.Model(model.inputs, [layer.output, model.output])``. It stops with
"graph disconnected" (in Keras 3 a KeyError or ValueError) as soon as the layer lies inside another model, as the
MobileNet of a transfer-learnt classifier does, because the layer's output belongs to the inner model's graph. Here no
model is built: `grad_cam` runs the one it is given and listens at the layer while the image passes through. That works
for Sequential, functional and subclassed models, nested to any depth.

Source: R. R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization",
ICCV (2017).
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Target = int | Sequence[int] | np.ndarray | Callable[[tf.Tensor], tf.Tensor] | None

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
_POOLING = (
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
)
_SQUASHING = (keras.activations.softmax, keras.activations.sigmoid)


def grad_cam(
    model: keras.Model,
    images: np.ndarray,
    target: Target = None,
    layer: str | keras.layers.Layer | None = None,
    *,
    score: str = "logit",
    relu: bool = True,
    upsample: bool = True,
    batch_size: int = 32,
) -> np.ndarray:
    """Maps of where a layer's features speak for a class.

    The weight of a feature map is the mean over its places of the gradient of the score; the map is the sum of the
    weighted feature maps, its negative values set to 0. The model runs in inference mode and is left as it was.

    Args:
        model: maps images to one vector a picture, (n, classes). Its inputs must be preprocessed by the caller.
        images: (n, height, width, channels).
        target: a class index for all images, one for each image, a function of the outputs (n, classes) that gives
            (n,) scores, or None for the class that the model finds most likely.
        layer: the feature maps to look at: a layer of the model or of a model inside it, or its name, or the path
            ``"inner model/layer"`` if several inner models have a layer of that name. None takes the last convolution,
            with the normalisation and activation behind it (`last_feature_maps` names it).
        score: "logit" differentiates the score before a closing softmax or sigmoid, "output" what the model returns.
            The gradient of a probability p is smaller, by a factor that vanishes as p approaches 1, and mixes in all
            other classes. A model that ends in scores gives the same with both. A function as `target` sees what
            `score` names.
        relu: False keeps the places that speak against the class.
        upsample: False keeps the size of the layer.
        batch_size: images that pass through the model at once.

    Returns:
        (n, height, width) float32, not normalised; (n, h, w) of the layer without `upsample`.

    Raises:
        ValueError: an argument does not fit the model; the message says which and lists what would.
    """
    _require_tensorflow()
    images = _as_batch(model, images)
    if score not in ("logit", "output"):
        raise ValueError(f"score={score!r}: use 'logit' or 'output'")
    found = last_feature_maps(model, images[:1]) if layer is None else find_layer(model, layer)
    if not callable(target) and target is not None:
        target = _as_classes(target, len(images))
    maps = []
    for start in range(0, len(images), batch_size):
        batch = slice(start, start + batch_size)
        wanted = target[batch] if isinstance(target, np.ndarray) else target
        features, gradients = _features_and_gradients(model, images[batch], wanted, found, score)
        weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
        maps.append(tf.reduce_sum(weights * features, axis=-1))
    result = tf.concat(maps, axis=0)
    if relu:
        result = tf.nn.relu(result)
    if upsample:
        result = tf.image.resize(result[..., None], images.shape[1:3])[..., 0]
    return result.numpy()


def leaf_layers(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """Path → layer for all layers of `model` and of the models inside it that are no models themselves."""
    found = {}
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found |= {f"{layer.name}/{path}": inner for path, inner in leaf_layers(layer).items()}
        else:
            found[layer.name] = layer
    return found


def find_layer(model: keras.Model, layer: str | keras.layers.Layer) -> keras.layers.Layer:
    """The layer of that name or path, at any depth of `model`.

    Raises:
        ValueError: there is none, or there are several; the message lists candidates.
    """
    leaves = leaf_layers(model)
    if isinstance(layer, keras.Model):
        raise ValueError(f"layer: {layer.name!r} is a model; name one of its layers, or leave the argument out")
    if isinstance(layer, keras.layers.Layer):
        if not any(layer is leaf for leaf in leaves.values()):
            raise ValueError(f"layer: {layer.name!r} is a layer of another model, not of {model.name!r}")
        return layer
    paths = [path for path in leaves if path == layer] or [path for path in leaves if path.endswith(f"/{layer}")]
    distinct = {id(leaves[path]) for path in paths}
    if len(distinct) > 1:
        raise ValueError(f"layer={layer!r} is not unique: name one of {', '.join(map(repr, paths))}")
    if not paths:
        raise ValueError(f"layer={layer!r} is not in the model; its last layers are {_listed(list(leaves)[-8:])}")
    return leaves[paths[0]]


def last_feature_maps(model: keras.Model, images: np.ndarray) -> keras.layers.Layer:
    """The last convolution that keeps more than one place, or what normalises or activates its output behind it.

    Args:
        model: any model.
        images: (n, height, width, channels); the first passes through the model once, to see what runs when.

    Raises:
        ValueError: the model has no such layer.
    """
    _require_tensorflow()
    calls: list[tuple[keras.layers.Layer, tuple]] = []
    with _listening(
        leaf_layers(model).values(), lambda leaf, out: calls.append((leaf, tuple(getattr(out, "shape", ()))))
    ):
        model(tf.convert_to_tensor(images[:1]), training=False)
    last, place = None, None
    for leaf, shape in calls:
        if len(shape) != 4 or shape[1] * shape[2] == 1:
            place = None
        elif isinstance(leaf, _CONVOLUTIONS):
            last, place = leaf, shape[1:3]
        elif isinstance(leaf, _POOLING) or shape[1:3] != place:
            place = None
        else:
            last = leaf
    if last is None:
        raise ValueError("the model has no convolution whose output has more than one place: name the layer")
    return last


def _features_and_gradients(
    model: keras.Model, images: np.ndarray, target: Any, layer: keras.layers.Layer, score: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """Output of `layer` and gradient of the scores with respect to it, both (n, h, w, channels)."""
    heard = []

    def listen(_: keras.layers.Layer, output: tf.Tensor) -> None:
        if len(getattr(output, "shape", ())) != 4:
            raise ValueError(
                f"layer: {layer.name!r} gives {getattr(output, 'shape', type(output).__name__)};"
                " feature maps (n, height, width, channels) are needed"
            )
        tape.watch(output)
        heard.append(output)

    with tf.GradientTape(watch_accessed_variables=False) as tape, _listening([layer], listen):
        outputs = _run(model, images, score)
        if len(heard) > 1:
            raise ValueError(f"layer: {layer.name!r} runs {len(heard)} times for one image; name one that runs once")
        scores = _scores(outputs, target)
    if not heard:
        raise ValueError(f"layer: {layer.name!r} does not run when the model does")
    gradients = tape.gradient(scores, heard[0])
    if gradients is None:
        raise ValueError(f"layer: the score does not depend on the output of {layer.name!r}")
    return heard[0], gradients


def _run(model: keras.Model, images: np.ndarray, score: str) -> tf.Tensor:
    inputs = tf.convert_to_tensor(images)
    if score == "output":
        return _one_vector(model(inputs, training=False))
    with _without_last_activation(model) as changed:
        outputs = _one_vector(model(inputs, training=False))
    if not changed and _look_like_probabilities(outputs.numpy()):
        raise ValueError(
            "the model's outputs look like probabilities, but no softmax or sigmoid layer was found at its end:"
            " differentiate them as they are with score='output'"
        )
    return outputs


def _one_vector(outputs: Any) -> tf.Tensor:
    if not tf.is_tensor(outputs) or len(outputs.shape) != 2:
        shape = outputs.shape if tf.is_tensor(outputs) else type(outputs).__name__
        raise ValueError(f"model: one vector a picture, (n, classes), is needed; its output is {shape}")
    return outputs


def _scores(outputs: tf.Tensor, target: Any) -> tf.Tensor:
    if callable(target):
        scores = target(outputs)
        if not tf.is_tensor(scores) or scores.shape != outputs.shape[:1]:
            shape = getattr(scores, "shape", type(scores).__name__)
            raise ValueError(
                f"target: the function should give one score a picture, ({len(outputs)},); it gives {shape}"
            )
        return scores
    classes = tf.argmax(outputs, axis=1) if target is None else tf.constant(target)
    if int(tf.reduce_min(classes)) < 0 or int(tf.reduce_max(classes)) >= outputs.shape[1]:
        raise ValueError(
            f"target: class indices go from 0 to {outputs.shape[1] - 1}, got {np.asarray(target).tolist()}"
        )
    return tf.gather(outputs, classes, axis=1, batch_dims=1)


def _look_like_probabilities(outputs: np.ndarray) -> bool:
    return outputs.shape[1] > 1 and outputs.min() >= 0 and np.allclose(outputs.sum(axis=1), 1, atol=1e-3)


@contextlib.contextmanager
def _listening(
    layers: Sequence[keras.layers.Layer], heard: Callable[[keras.layers.Layer, Any], None]
) -> Iterator[None]:
    """While it lasts, `heard` is called with each layer that runs and its output."""
    hooked = []
    try:
        for layer in {id(layer): layer for layer in layers}.values():
            if "call" in vars(layer):
                raise ValueError(f"layer {layer.name!r} has a call of its own already: is grad_cam running on it?")
            # past Keras' bookkeeping of attributes: a layer that is built would refuse some of them
            object.__setattr__(layer, "call", _relay(layer, layer.call, heard))
            hooked.append(layer)
        yield
    finally:
        for layer in hooked:
            object.__delattr__(layer, "call")


def _relay(layer: keras.layers.Layer, call: Callable, heard: Callable) -> Callable:
    def relay(*arguments: Any, **options: Any) -> Any:
        output = call(*arguments, **options)
        heard(layer, output)
        return output

    return relay


@contextlib.contextmanager
def _without_last_activation(model: keras.Model) -> Iterator[bool]:
    """While it lasts, a softmax or sigmoid that closes the model passes its input on; yields whether there is one."""
    last = _last_layer(model)
    if isinstance(last, keras.layers.Softmax):
        object.__setattr__(last, "call", lambda inputs, mask=None: inputs)
        try:
            yield True
        finally:
            object.__delattr__(last, "call")
    elif getattr(last, "activation", None) in _SQUASHING:
        activation = last.activation
        last.activation = keras.activations.linear
        try:
            yield True
        finally:
            last.activation = activation
    else:
        yield False


def _last_layer(model: keras.Model) -> Any:
    """The layer, at any depth, that computes the model's output, as far as the model's graph tells."""
    try:
        last = model.outputs[0]._keras_history.operation
    except (AttributeError, IndexError, TypeError):  # a subclassed model has no graph
        last = model.layers[-1] if model.layers else None
    return _last_layer(last) if isinstance(last, keras.Model) else last


def _as_batch(model: keras.Model, images: Any) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"images: a batch (n, height, width, channels) is needed, got shape {images.shape}")
    if not len(images):
        raise ValueError("images: the batch is empty")
    if len(getattr(model, "inputs", None) or [None]) != 1:
        raise ValueError(f"model: one input is needed; {model.name!r} has {len(model.inputs)}")
    return images.astype("float32")


def _as_classes(target: Any, n: int) -> np.ndarray:
    classes = np.asarray(target)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (n,)):
        raise ValueError(f"target: a class index, {n} of them, a function or None is needed, got {target!r}")
    return np.broadcast_to(classes, n)


def _require_tensorflow() -> None:
    if keras.backend.backend() != "tensorflow":
        raise ValueError(f"Grad-CAM here runs on Keras' TensorFlow backend, not on {keras.backend.backend()}")
    if keras.config.image_data_format() != "channels_last":
        raise ValueError("Grad-CAM here needs images with the channels last")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
