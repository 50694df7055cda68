# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: Adversarial faces
#     lecture: E (troubles with deep networks), A (adversarial attacks, validation)
#     minutes: 2
#     data: [faces, digits, mobilenet]
# ---

# %% [markdown]
# # 09 · Adversarial faces
#
# A network that labels faces correctly, and a change of each colour by a few levels out of 255 that makes it say
# the opposite with confidence. You write the attacks, measure them with care, train a network against them, and
# prove, for a small one, that no attack exists.
#
# **After this lab you can answer:**
#
# 1. How does the gradient with respect to the *pixels* turn a picture into one that the network gets wrong?
# 2. Is it the size of the change that does the damage, or its direction?
# 3. What does adversarial training buy and cost, and how is an attack measured honestly?
# 4. Can an attacker choose the answer, change one pixel only, print the attack on a sticker, or do without the
#    network?
# 5. Which signs tell that a defence only hides the gradient?
# 6. Is there a proof that holds against every attack, and what does it cost?
#
# | | |
# |:--|:--|
# | **Data** | portraits drawn by this course, or photographs (section 1); digits; four photographs |
# | **Lecture** | E, *Deep Learning II* (troubles with deep networks); A (adversarial attacks, validation) |
# | **You need** | labs 04 and 06; `tf.GradientTape` from lab 01 |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can always
# read on. Where a cell begins with `prediction = None`, write your own there before you run it: it is printed
# beside the result and never graded.

# %% tags=["imports"]
from functools import partial

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from labs_utils import Lab, datasets, plots, pretrained, robustness

lab = Lab("09_adversarial_faces")
plots.use_style()
keras.utils.set_random_seed(9)

# %% [markdown]
# ## 1 · Faces, and what the label on them is
#
# The pictures have 48 × 48 pixels in colour and one of two labels. They are **drawn by a program**: nobody's face,
# from a list of traits that is known for each portrait. Some traits (jaw, brow, hair length, beard, earrings,
# headscarves, …) are shifted by the label, so that the two labels overlap. With `load_faces(48, source="lfw")`
# (photographs, *Labeled Faces in the Wild*) or the path of a folder of your own the same cells run.
#
# **A label is what a data set says, not what a person is.** Here it is the
# recipe that the program was told to draw; in a collection of photographs it is usually a guess from a first name
# or a glance. Nobody's gender can be read off a face; a network that is right about 95 % of such labels has learnt
# conventions of hair, beard and make-up in one collection, and fails people who do not follow them far more often
# (lab 12 measures that). We use the task because the lecture's subject, a confident and wrong answer about a face,
# is seen at once in it, not because such a system should be built. Photographs of people need their consent;
# most faces in public collections were never asked. The attacks below are
# published, small and aimed at a toy; do not try them on systems that are not yours.

# %%
faces = datasets.load_faces(48)
x_train, x_test = (
    images.astype("float32") / 255 for images in (faces.x_train, faces.x_test)
)
y_train, y_test, names = faces.y_train, faces.y_test, faces.label_names

chosen = np.concatenate([np.flatnonzero(y_train == label)[:9] for label in (0, 1)])
fig = plots.image_grid(list(x_train[chosen]), columns=9, size=0.9)
plots.show(
    fig,
    "Eighteen small portraits, one row for each label; skin, hair, clothes, light and"
    " backgrounds vary in both.",
)

# %% [markdown]
# **What you see.** One label per row. Within a row the pictures differ more than the rows do:
# skin, age, light, pose, glasses, background and clothes are drawn without regard to the label.
#
# ## 2 · A small network
#
# Four convolutions with stride 2, one dense layer. Pixels are numbers from 0 to 1 *throughout this lab*, and the
# network ends in **logits**, scores without softmax: the loss then needs `from_logits=True`.
#
# **Predict.** How sure will the network be of the mistakes that it is surest of?


# %%
prediction = None  # how sure the network is of its surest mistake, 0.5 to 1


def small_cnn_for_faces():
    """48 × 48 × 3 pixels in [0, 1] → two logits."""
    conv = partial(keras.layers.Conv2D, strides=2, padding="same", activation="relu")
    layers = [conv(12, 4), conv(24, 3), conv(48, 3), conv(64, 3)]
    layers += [keras.layers.Flatten(), keras.layers.Dropout(0.4), keras.layers.Dense(2)]
    first = [keras.Input((48, 48, 3)), keras.layers.Rescaling(4, -2)]
    return robustness.traced(keras.Sequential([*first, *layers]))


model = small_cnn_for_faces()
seconds = robustness.fit(model, x_train, y_train, epochs=5, peak=0.003)
p_test = robustness.probabilities(model, x_test)
right = np.flatnonzero(p_test.argmax(axis=1) == y_test)
print(
    f"test accuracy {len(right) / len(y_test):.3f} on {len(x_test)} faces,"
    f" {model.count_params()} parameters, {seconds:.0f} s of training"
)
wrong = np.setdiff1d(np.arange(len(y_test)), right)
wrong = wrong[np.argsort(-p_test[wrong].max(axis=1))][:10]
titles = [f"{names[p.argmax()]} {p.max():.0%}" for p in p_test[wrong]]
fig = plots.image_grid(list(x_test[wrong]), titles, columns=5, size=1.15)
plots.show(
    fig,
    "The ten test faces with the surest wrong answers, each with the answer and a"
    " probability above 50 per cent.",
)
lab.compare("surest mistake", prediction, p_test[wrong[0]].max())

# %% [markdown]
# **What you see.** Above each face its (wrong) answer. A high probability is no promise, not even for ordinary test
# faces: softmax says how far a picture lies from the border that the network drew, not how often answers given
# there are right (lab 04 on calibration).
#
# ## 3 · One step: the fast gradient sign method
#
# Training asks: how must the *weights* $w$ change so that the loss $J(w, x, y)$ falls? An attack asks the same
# question about the *picture*: how must $x$ change so that $J$ **rises**? The weights stay as they are.
#
# ### Exercise · `pixel_gradient`
#
# For every picture of a batch, the gradient of *its own* cross-entropy with respect to its pixels. All attacks of this
# lab but one use it.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `tf.GradientTape` records what is computed from variables. A picture is no variable: make it a tensor
# (`tf.convert_to_tensor(images)`) and tell the tape to watch it.
#
# </details>
# <details><summary>Hint 2 · the loss</summary>
#
# `keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)` gives one loss for each picture.
# Sum them: picture $i$ occurs in one term only, so its gradient does not depend on the others.
#
# </details>
# <details><summary>"Two calls with the same arguments gave different results"</summary>
#
# Dropout is at work. An attack uses the network as it is used afterwards: `model(images, training=False)`.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def pixel_gradient(model, images, labels):
    """Gradient of each picture's cross-entropy with respect to its pixels.

    model: a Keras model that gives logits; images: (n, h, w, c) in [0, 1];
    labels: (n,) whole numbers. Returns (n, h, w, c).
    """
    # BEGIN SOLUTION
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model(images, training=False)
        losses = keras.losses.sparse_categorical_crossentropy(
            labels, logits, from_logits=True
        )
        loss = tf.reduce_sum(losses)
    return tape.gradient(loss, images)
    # END SOLUTION


# %% [markdown]
# ### Exercise · `fgsm`
#
# Let the attacker change every pixel and channel by at most ε. To first order the loss changes by the scalar
# product of the change δ and the gradient $g$. Goodfellow, Shlens and Szegedy (2015) take the δ that makes this
# product largest:
#
# $$x' = \text{clip}_{[0, 1]}\bigl(x + \varepsilon \,\operatorname{sign} \nabla_x J(w, x, y)\bigr)$$
#
# <details><summary>Hint · the range</summary>
#
# `np.clip(…, 0, 1)` last: a picture has no colour darker than black.
#
# </details>
#
# When it works, the next cell shows four faces that the network had right. ε = 4/255 is four steps of the 255 that a
# screen can show. **Predict.** Will you see it? How many of the four answers will change?


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=2)
def fgsm(model, images, labels, epsilon):
    """The fast gradient sign method: one step of size epsilon up the loss.

    images: (n, h, w, c) in [0, 1]; labels: (n,); epsilon: largest change of a pixel, on
    the same scale. Returns the attacked pictures, (n, h, w, c), again in [0, 1].
    """
    # BEGIN SOLUTION
    direction = np.sign(pixel_gradient(model, images, labels))
    return np.clip(images + epsilon * direction, 0, 1)
    # END SOLUTION


# %%
prediction = None  # how many of the four answers change, 0 to 4
shown = np.concatenate([right[y_test[right] == label][:2] for label in (0, 1)])
attacked = fgsm(model, x_test[shown], y_test[shown], 4 / 255)
fig = robustness.attack_figure(model, x_test[shown], attacked, names, size=1.25)
plots.show(
    fig,
    "Four faces, the change made to each, magnified to coloured static, and the"
    " attacked faces, which look the same.",
)
changed = int(np.sum(robustness.predicted(model, attacked) != y_test[shown]))
lab.compare("answers changed by 4/255, of four", prediction, changed)

# %% [markdown]
# **What you see.** Above, the faces and what the network says of them; below, the attacked ones, hard to tell from
# them. Between them the change, magnified 32 times: coloured static with a few streaks, as strong on the wall
# behind as on the face.
#
# **Why.** A picture has 6912 numbers. Each moves by 0.016 only, but all move in the direction that hurts, and in a
# network that is nearly linear nearby the many small effects add up. A scalar product in $d$ dimensions grows like
# $\varepsilon d$ when every sign is chosen, and only like $\varepsilon\sqrt d$ when signs are left to chance.
#
# ### Question · `why_the_sign`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def why_the_sign():
    """FGSM moves along the sign of the gradient, not along the gradient. Why?

    a) If every pixel may move by ε, the loss (to first order) grows most when
       every pixel moves the whole way, each in the direction of its gradient.
    b) The sign is cheaper to compute than the gradient: it takes forward passes
       only, for the picture and for a few pictures next to it.
    c) The sign shows which pixels are important for the answer, so that only
       these few are moved, and the others stay as they are.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
# ### Exercise · `noise_of_equal_norm`
#
# Is it the size of the change, or its direction? The control experiment is noise that is exactly as long:
# $\lVert \eta_i \rVert_2 = \lVert \delta_i \rVert_2$ for each picture $i$, with a direction drawn at random.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Draw normally distributed numbers of the right shape, then multiply each picture's by (wanted length) / (its
# length).
#
# </details>
# <details><summary>Hint 2 · in NumPy</summary>
#
# `np.random.default_rng(seed).normal(size=…)`; sums over `axis=(1, 2, 3)` with `keepdims=True` broadcast.
#
# </details>


# %% minutes=6 difficulty=2 kind="extra"
@lab.exercise(points=1)
def noise_of_equal_norm(perturbation, seed):
    """Gaussian noise that is, picture by picture, as long as the perturbation.

    perturbation: (n, h, w, c), the change made to each picture;
    seed: whole number for np.random.default_rng. Returns (n, h, w, c).
    """
    # BEGIN SOLUTION
    noise = np.random.default_rng(seed).normal(size=perturbation.shape)
    length_of = [
        np.sqrt((a**2).sum(axis=(1, 2, 3), keepdims=True))
        for a in (perturbation, noise)
    ]
    return noise * length_of[0] / length_of[1]
    # END SOLUTION


# %%
prediction = None  # accuracy under noise as long as FGSM's at 8/255
epsilons = np.array([0, 1, 2, 4, 8, 16]) / 255
x_attack, y_attack = x_test[:250], y_test[:250]
x_few, y_few = x_attack[:80], y_attack[:80]  # for attacks that take many steps
by_fgsm, by_noise = [], []
for number, epsilon in enumerate(epsilons):
    pictures = fgsm(model, x_attack, y_attack, epsilon)
    by_fgsm.append(robustness.accuracy(model, pictures, y_attack))
    if number:
        noise = noise_of_equal_norm(pictures - x_attack, 0)
        pictures = np.clip(x_attack + noise, 0, 1)
    by_noise.append(robustness.accuracy(model, pictures, y_attack))
curves = {"FGSM": by_fgsm, "noise of equal norm": by_noise}
plots.show(
    robustness.accuracy_figure({name: (epsilons, y) for name, y in curves.items()}),
    "Accuracy over the size of the change: under FGSM it falls to nearly zero, under"
    " noise it stays where it was.",
)
lab.compare("accuracy under noise, 8/255", prediction, by_noise[4])

# %% [markdown]
# **What you see.** Under FGSM the accuracy collapses within a few steps of 255; under noise of the same length it
# hardly moves, even at 16/255, where the noise can be seen.
#
# **Why.** A random direction in 6912 dimensions is almost at right angles to the gradient. A test set holds typical pictures, so it cannot show the
# weakness. The attack looks for the worst case.
#
# ## 4 · Many small steps: projected gradient descent
#
# One step trusts the gradient at $x$ all the way. Kurakin et al. (2017) take many small steps, and Madry et al.
# (2018) add a random start. After each step the picture is *projected*: brought back to the nearest one that is
# allowed, within the ε-ball around the **original**, $\lVert x' - x \rVert_\infty \le \varepsilon$, and within
# [0, 1]. This ball is a cube: each pixel has its own interval, and the nearest point of an interval is found by
# clipping.
#
# ### Exercise · `pgd_step`
#
# Go `step` up the loss from where the attack is now, then project.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `images` is where the attack is now, `originals` where it came from. The gradient belongs to the former, the ball
# to the latter.
#
# </details>
# <details><summary>Hint 2 · the two intervals</summary>
#
# Clip to $[x - \varepsilon,\; x + \varepsilon]$, where $x$ are the *originals*, then to $[0, 1]$.
#
# </details>


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def pgd_step(model, images, originals, labels, epsilon, step):
    """One step of PGD: up the loss by `step` in each pixel, then back into the ball.

    images: (n, h, w, c), where the attack is; originals: the unattacked pictures;
    labels: (n,); epsilon: radius of the ball; step: length of the step.
    """
    # BEGIN SOLUTION
    direction = np.sign(pixel_gradient(model, images, labels))
    moved = images + step * direction
    return np.clip(np.clip(moved, originals - epsilon, originals + epsilon), 0, 1)
    # END SOLUTION


# %%
prediction = None  # accuracy under ten steps of PGD at 2/255


def pgd(model, images, labels, epsilon, steps=10, seed=0):
    """PGD from a random start in the ball: `steps` steps of 2.5 ε / steps."""
    noise = np.random.default_rng(seed).uniform(-epsilon, epsilon, images.shape)
    moved = np.clip(images + noise, 0, 1).astype("float32")
    for _ in range(steps):
        moved = pgd_step(model, moved, images, labels, epsilon, 2.5 * epsilon / steps)
    return moved


few, duel = np.array([1, 2, 4]) / 255, {}
for name, attack in {"FGSM": fgsm, "PGD, 10 steps": pgd}.items():
    attack = partial(attack, model)
    duel[name] = robustness.accuracy_under(model, attack, x_few, y_few, few)
rows = [[name, *(f"{value:.2f}" for value in values)] for name, values in duel.items()]
plots.table(["attack", *(f"{255 * e:g}/255" for e in few)], rows, "Accuracy left")
lab.compare("PGD at 2/255", prediction, duel["PGD, 10 steps"][1])

# %% [markdown]
# Ten steps gain little over one: this network is nearly linear inside so small a cube.
#
# ## 5 · Adversarial training
#
# Show the network the worst pictures while it learns (Madry et al., 2018):
#
# $$\min_w \; \mathbb E \max_{\lVert \delta \rVert_\infty \le \varepsilon} J(w, x + \delta, y)$$
#
# The inner maximum costs several gradients per step; one FGSM step from a *random start* is a cheap stand-in (Wong,
# Rice and Kolter, 2020).
#
# ### Exercise · `adversarial_gradients`
#
# One training step up to the optimiser. From the start $x + \varepsilon\,\text{noise}$ (not clipped) go
# $1.25\,\varepsilon$ up the loss along the sign, project into the ball around $x$ and into [0, 1], and return the
# gradients of the *mean* loss on these pictures with respect to the **weights**. The attack sees the network at
# rest, the training step with dropout at work.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Two gradients, of two different things: first of the pixels (you have a function for that), then of
# `model.trainable_variables`.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# `pgd_step` does the first half in one call: it starts at the noisy pictures, the originals are the clean ones.
# Then a new tape around `model(worse, training=True)` and the mean loss.
#
# </details>
# <details><summary>"A gradient is None"</summary>
#
# The second loss has to be computed inside its tape, from the model's output: no NumPy in between.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=3)
def adversarial_gradients(model, images, labels, epsilon, noise):
    """Gradients of the mean loss on pictures made worse, one for each array of weights.

    images: (n, h, w, c) float32; labels: (n,); epsilon: radius of the ball;
    noise: (n, h, w, c) in [-1, 1], float32: the start is images + epsilon * noise.
    Returns a list as long as model.trainable_variables.
    """
    # BEGIN SOLUTION
    start = images + np.float32(epsilon) * noise
    worse = pgd_step(model, start, images, labels, epsilon, 1.25 * epsilon)
    worse = tf.cast(worse, tf.float32)
    with tf.GradientTape() as tape:
        logits = model(worse, training=True)
        loss = tf.reduce_mean(
            keras.losses.sparse_categorical_crossentropy(
                labels, logits, from_logits=True
            )
        )
    return tape.gradient(loss, model.trainable_variables)
    # END SOLUTION


# %%
def harden(network, images, labels, epsilon, steps, rate, batch=32):
    """Trains `network` on adversarial gradients, the learning rate falling to 0."""
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimiser, rng = keras.optimizers.Adam(schedule), np.random.default_rng(8)
    weights = network.trainable_variables
    update = tf.function(lambda gradients: optimiser.apply(gradients, weights))
    for _ in range(steps):
        rows = rng.choice(len(images), batch)
        noise = rng.uniform(-1, 1, images[rows].shape).astype("float32")
        update(
            adversarial_gradients(network, images[rows], labels[rows], epsilon, noise)
        )
    return network


def model_is_intact():
    """Whether the network still gives the probabilities kept in section 2."""
    now = robustness.probabilities(model, x_test[:100])
    return np.allclose(now, p_test[:100], atol=1e-4)


hardened = small_cnn_for_faces()
hardened.set_weights(model.get_weights())
harden(hardened, x_train, y_train, 4 / 255, steps=110, rate=0.003)
clean = [robustness.accuracy(net, x_test, y_test) for net in (model, hardened)]
print(f"test accuracy without attack: usual {clean[0]:.3f}, hardened {clean[1]:.3f}")
assert model_is_intact()  # a copy was hardened

# %%
prediction = None  # accuracy of the hardened network under PGD at 4/255
radii, networks = np.array([2, 4, 8]) / 255, {"usual": model, "hardened": hardened}
robust = {}
for name, network in networks.items():
    attack = partial(pgd, network)
    values = robustness.accuracy_under(network, attack, x_few, y_few, radii)
    robust[name] = [0, 2, 4, 8], [robustness.accuracy(network, x_few, y_few), *values]


def mean_loss(pictures):
    p = robustness.probabilities(hardened, pictures)[np.arange(len(y_few)), y_few]
    return -np.log(np.maximum(p, 1e-9)).mean()


moved, by_step = x_few, [mean_loss(x_few)]
for _ in range(10):
    moved = pgd_step(hardened, moved, x_few, y_few, 8 / 255, 2 / 255)
    by_step.append(mean_loss(moved))
losses = {"steps of 2/255": by_step}
losses["one step, FGSM"] = [mean_loss(fgsm(hardened, x_few, y_few, 8 / 255))] * 11
fig, axes = plt.subplots(1, 2, figsize=(9, 3))
plots.curves(axes[0], robust, "ε in steps of 1/255", "accuracy under PGD")
plots.curves(axes[1], losses, "steps within ε = 8/255", "mean loss, hardened")
plots.show(
    fig,
    "Left: under PGD the usual network falls at once, the hardened one slowly, from a"
    " lower start. Right: mean loss of the hardened network over the steps of the"
    " attack, against one step of FGSM.",
)
lab.compare("hardened, PGD at 4/255", prediction, robust["hardened"][1][2])

# %% [markdown]
# **What you see.** The hardened network loses accuracy on clean faces and keeps a good part under attacks that leave
# the usual network nothing. Right: many small steps reach a higher loss than the one long step of FGSM, and
# gain little after the first four or five.
#
# **Why.** Within the ball only features that survive ±ε are worth learning, and many that helped on clean faces do
# not (Ilyas et al., 2019). It is trained for 4/255: beyond, it falls faster.
#
# One attack that fails proves little. Attack with several, and count a
# face as robust only if it withstands **all** of them. The result is an *upper bound* on the truth; section 10 has
# the lower one.

# %%
attacks = {"FGSM": fgsm, "PGD, start 0": pgd, "PGD, 40 steps": partial(pgd, steps=40)}
attacks |= {f"PGD, start {k}": partial(pgd, seed=k) for k in (1, 2)}
attacked = [attack(hardened, x_few, y_few, 4 / 255) for attack in attacks.values()]
resists = np.stack([robustness.predicted(hardened, a) == y_few for a in attacked])
after_all = np.mean(np.all(resists, axis=0))
for kind, row in zip(attacks, resists, strict=True):
    print(f"{kind:14} {row.mean():.2f}")
print(f"all of them    {after_all:.2f}")

# %% [markdown]
# FGSM wins fewer faces than PGD, and all together win hardly more than the forty steps alone: a sign
# that the number can be believed. Training with one step can end in a network that withstands
# FGSM only and loses everything to PGD (*catastrophic overfitting*, Wong et al., 2020).
#
# ## 6 · Choose the answer
#
# So far any wrong answer would do. A *targeted* attack makes the picture be read as a label of the attacker's
# choice: it goes **down** the loss that the picture would have if the target were its label.
#
# When it works, the cell below trains a small network on ten digits and steers every test digit to every target, with
# each pixel changed by at most 0.15 of the range from white to black. **Predict.** Are all targets equally easy?
#
# ### Exercise · `targeted_step`
#
# <details><summary>Hint 1 · a nudge</summary>
#
# What changes against `pgd_step`: whose label is in the loss, and the direction.
#
# </details>
# <details><summary>Hint 2 · labels for the batch</summary>
#
# `np.full(len(images), target)`. What does `pgd_step` do with the step `-step`?
#
# </details>


# %% minutes=8 difficulty=2 kind="core"
@lab.exercise(points=2)
def targeted_step(model, images, originals, target, epsilon, step):
    """One step towards the answer `target`, the same for all pictures, within the ball
    around the originals.

    images: (n, h, w, c); target: a whole number; epsilon: radius; step: length of the
    step.
    """
    # BEGIN SOLUTION
    labels = np.full(len(images), target)
    return pgd_step(model, images, originals, labels, epsilon, -step)
    # END SOLUTION


# %%
prediction = None  # the target that is hardest to reach, 0 to 9
digits, digit_labels = datasets.load_digits()
digits = (digits[..., None] / 16).astype("float32")
(d_train, d_test), (l_train, l_test) = (
    np.split(array, [1400]) for array in (digits, digit_labels)
)


def digit_reader():
    """8 × 8 pixels in [0, 1] → 64 hidden units → ten logits."""
    layers = [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10)]
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), *layers]
    return robustness.traced(keras.Sequential(layers))


reader, share = digit_reader(), np.zeros((10, 10))
robustness.fit(reader, d_train, l_train, epochs=20, peak=0.01)
for target in range(10):
    moved = d_test
    for _ in range(10):
        moved = targeted_step(reader, moved, d_test, target, 0.15, 0.03)
    hit = robustness.predicted(reader, moved) == target
    share[:, target] = [hit[l_test == digit].mean() for digit in range(10)]
plots.show(
    robustness.target_figure(share),
    "A ten by ten grid, label by target, coloured by the share that gets there.",
)
by_target = (share.sum(axis=0) - np.diag(share)) / 9  # without the digit itself
print("mean share, by target:", by_target.round(2))
lab.compare("the hardest target", prediction, by_target.argmin())

# %% [markdown]
# **What you see.** In the stored run more than half of the other digits get to 8 and less than a fifth to 6. The grid
# is not symmetric: the way *to* a target differs from the way *away from* the truth. With two labels, as for our
# faces, both are the same.
#
# ### All images are recognised as *ostrich*
#
# Lecture A shows pictures that AlexNet takes for an *ostrich* (Szegedy et al., posted in 2013, published in 2014),
# found by a constrained optimisation, L-BFGS, for each picture. Your `targeted_step` does it to MobileNet. With
# ImageNet's weights (in your data folder or downloaded) the target is the ostrich; this project's own small network
# knows only a *bird*.

# %%
prediction = None  # how many of four photographs ε = 4/255 turns
load = partial(pretrained.load_mobilenet, include_top=True)
mobile = load(160)
if mobile.trained_on != pretrained.IMAGENET:
    mobile = load(64, weights="embedded")
size, TARGET = mobile.model.input_shape[1], "ostrich"
TARGET = TARGET if TARGET in mobile.class_names else "bird"
layers = [keras.layers.Rescaling(2, -1), mobile.model, keras.layers.Lambda(tf.math.log)]
seer = keras.Sequential([keras.Input((size, size, 3)), *layers])  # logits again
photographs = datasets.photographs.load_photographs(size)
noise = np.random.default_rng(4).random((1, size, size, 3), "float32")
originals = moved = np.concatenate([photographs, noise])
goal = mobile.class_names.index(TARGET)
for _ in range(10):
    moved = targeted_step(seer, moved, originals, goal, 4 / 255, 1 / 255)
moved = np.round(255 * moved).astype("float32") / 255  # as a file would hold it
shown = list(np.concatenate([originals, moved]))
guesses = mobile.decode(robustness.probabilities(seer, np.stack(shown)), top=1)
titles = [f"{name}\n{share:.0%}" for [(name, share)] in guesses]
plots.show(
    plots.image_grid(shown, titles, columns=5, size=1.35),
    "A cat, coffee, a rocket, a motorcycle and noise, and below them the same five"
    " pictures after the attack, with the network's answers above each.",
)
reached = [name for [(name, share)] in guesses[5:9]].count(TARGET)
lab.compare(f"photographs read as {TARGET}", prediction, reached)

# %% [markdown]
# **What you see.** Above the photographs with the first answers (the small network is often wrong
# before any attack), below the attacked ones, rounded to whole levels: to you the same four. The
# fifth picture is noise. It shows nothing, and is named all the same: a *fooling image* (Nguyen, Yosinski and Clune,
# 2015).
#
# > **Margin note.** On lecture E's slide about the one-pixel attack the authors are Jiawei **Su**, Danilo
# > Vasconcellos **Vargas** and Kouichi **Sakurai**. "More than 40 %" of ImageNet (41.22 %) is the preprint's figure;
# > the published article has **16.04 %** of ImageNet and 67.97 % of CIFAR-10. And AllConv, NiN and VGG were its
# > CIFAR-10 networks; on ImageNet it attacked AlexNet.
#
# ## 7 · One pixel, one sticker
#
# A cube of ε is one idea of a small change. Another is to change *few* pixels by as much as you like. Su et al.
# (2019) change **one**, and find it without any gradient: SciPy's differential evolution keeps a crowd of candidates
# (row, column, red, green, blue), mixes them, and keeps a mixture if the network's probability for the truth falls
# (`robustness.worst_pixel`).
#
# The next cell takes 12 of the hundred faces that the network has right with the least certainty.


# %%
prediction = None  # how many of 12 fall to one pixel of 2304
by_certainty = right[np.argsort(p_test[right].max(axis=1))]
picked = by_certainty[np.linspace(0, 99, 12).astype(int)]
pricked = np.stack(
    [robustness.worst_pixel(model, x_test[i], y_test[i]) for i in picked]
)
answers = robustness.probabilities(model, pricked)
fallen = int(np.sum(answers.argmax(axis=1) != y_test[picked]))
titles = [
    f"{100 * p_test[i, y_test[i]]:.0f} → {100 * p[y_test[i]]:.0f}"
    for i, p in zip(picked, answers, strict=True)
]
plots.show(
    robustness.circled(pricked, x_test[picked], titles, size=1.2),
    "Twelve faces, each with a ring around one pixel of another colour; above each the"
    " right answer's share before and after.",
)
lab.compare("faces that fall to one pixel, of 12", prediction, fallen)

# %% [markdown]
# **What you see.** The probability of the right answer (in per cent) falls; faces near the border, the first ones,
# cross it, and surer ones do not.
#
# **Why.** One pixel of 2304 reaches the scores through a handful of windows only. Su et al. report far more success
# on pictures of 32 × 32 pixels. The attack needs no weights and no gradients, but the network's *probabilities* for
# 440 pictures per face: with bare labels this search has nothing to climb.
#
# ### A sticker that works wherever it lands
#
# A perturbation computed for one picture fits that picture only. A *patch* covers a small area with any colours,
# works on pictures it was never computed for, and can be printed: on paper (Brown et al., 2017), on the frame of a
# pair of glasses (Sharif et al., 2016), on a stop sign (lecture A; Eykholt et al., 2018: 100 % of pictures in the
# laboratory, 84.8 % of frames from a moving car). It has to work wherever it lands and at any distance, so its loss
# is an *expectation over transformations*, estimated by drawing a place for each picture and a size at each step:
#
# $$\min_{\text{patch}} \; \mathbb E_{x,\, \text{place},\, \text{size}}\;
# J\bigl(w,\; \text{paste}(x, \text{patch}, \text{place}, \text{size}),\; \text{target}\bigr)$$


# %%
def resized(patch, size):
    """The patch shown at another size, and for each row or column the dot it shows."""
    index = np.arange(size) * len(patch) // size
    return patch[index][:, index], index


def paste_patch(images, patch, top, left):
    """New pictures, each covered by the patch, corner at its own (top, left)."""
    changed, k = images.copy(), len(patch)
    for i in range(len(images)):
        changed[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch
    return changed


def on_the_face(rng, size, n):
    """Corners of n patches whose middles lie up to 6 pixels from the face's middle."""
    return [rng.integers(m - 6 - size // 2, m + 7 - size // 2, n) for m in (26, 24)]


# %% [markdown]
# ### Exercise · `patch_gradient`
#
# The gradient of the mean loss over the batch with respect to the patch's own dots. No new tape is needed: where it
# lies, the patch *is* the picture, so its gradient is the picture's, cut out at each place and added up. A patch
# shown larger repeats its dots: `index` says which dot a row or column shows.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Paste first: the gradient belongs to the picture with the patch on it. Then sum the windows over the batch: one
# array (size, size, 3), which has to be folded to (k, k, 3).
#
# </details>
# <details><summary>Hint 2 · folding</summary>
#
# All pixels that show dot (3, 5) add to its gradient. Two loops over the window's rows and columns do it; so does
# `np.add.at(total, (index[:, None], index), window)`.
#
# </details>
# <details><summary>"Of the pixels that show a dot only one counts"</summary>
#
# `total[index] += window` adds once per dot, however often the dot occurs in `index`.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=3)
def patch_gradient(model, images, patch, target, top, left, size):
    """Gradient of the mean loss towards `target` with respect to the patch.

    images: (n, h, w, 3); patch: (k, k, 3), shown at size × size pixels, k <= size;
    target: a whole number; top, left: (n,) corner in each picture.
    Returns (k, k, 3).
    """
    # BEGIN SOLUTION
    index, pasted = np.arange(size) * len(patch) // size, np.array(images)
    for picture, t, s in zip(pasted, top, left, strict=True):
        picture[t : t + size, s : s + size] = patch[index][:, index]
    gradient = np.asarray(pixel_gradient(model, pasted, np.full(len(images), target)))
    window = np.zeros((size, size, 3))
    for g, t, s in zip(gradient, top, left, strict=True):
        window += g[t : t + size, s : s + size] / len(images)
    total = np.zeros(patch.shape)
    np.add.at(total, (index[:, None], index), window)
    return total
    # END SOLUTION


# %%
def train_patch(network, images, target, steps=60, batch=50, rate=0.03, seed=0):
    """A patch of 8 × 8 dots towards `target`, over random places and sizes."""
    rng, momentum = np.random.default_rng(seed), 0
    patch = np.full((8, 8, 3), 0.5, "float32")
    for step in range(steps):
        size = int(rng.integers(11, 16))
        places = on_the_face(rng, size, batch)
        chosen = images[rng.choice(len(images), batch)]
        gradient = patch_gradient(network, chosen, patch, target, *places, size)
        momentum = 0.8 * momentum + gradient / np.abs(gradient).mean()
        patch = np.clip(patch - rate * (1 - step / steps) * momentum, 0, 1)
        patch = patch.astype("float32")
    return patch


STICKER = 1
patch = train_patch(model, x_train[y_train != STICKER], STICKER)

# %%
prediction = None  # share of faces won over by the largest patch on the face
others = x_test[right][y_test[right] != STICKER][:120]
colours = np.random.default_rng(1).permutation(patch.reshape(-1, 3))
kinds = {"trained, on the face": patch}
kinds["shuffled, on the face"] = colours.reshape(patch.shape)
kinds |= {"trained, anywhere": patch, "grey, on the face": np.full_like(patch, 0.5)}
rng, n, sides = np.random.default_rng(5), len(others), (11, 13, 15)
success = {name: (sides, []) for name in kinds}
for side in sides:
    for name, sticker in kinds.items():
        places = on_the_face(rng, side, n)
        if name.endswith("anywhere"):
            places = rng.integers(0, 48 - side, (2, n))
        pasted = paste_patch(others, resized(sticker, side)[0], *places)
        hit = robustness.predicted(model, pasted) == STICKER
        success[name][1].append(hit.mean())
worn = paste_patch(others[:3], resized(patch, 13)[0], *on_the_face(rng, 13, 3))
pictures = [("patch", patch)]
for face, p in zip(worn, robustness.probabilities(model, worn), strict=True):
    pictures.append((f"{names[STICKER]} {p[STICKER]:.0%}", face))
axes = ("side of the patch (pixels)", "share won over")
plots.show(
    robustness.curves_and_pictures(success, *axes, pictures),
    "Share won over against size, highest for the trained patch on the face. Right:"
    " the patch and three faces that wear it.",
)
lab.compare(
    "share won over, 15 pixels", prediction, success["trained, on the face"][1][2]
)

# %% [markdown]
# **What you see.** One square of 64 coloured dots, computed once from training faces, changes the answer for a large
# part of the test faces, which it has never met; larger is better. The same colours in random order do less, and so
# does the patch where it may land anywhere in the picture.
#
# **Why.** The patch shows the network an exaggerated portion of what it counts as evidence for the label. It holds
# for the transformations that were drawn, no further: the dense layer asks for each part at its place (lab 06).
# The grey square is the control: covering part of a face also hides evidence.
#
# ## 8 · Without the network: transfer
#
# All gradients came from the network under attack. Often the attacker has no access to it, but can train another
# one for the same task: other layers, other kernels, another seed.

# %%
prediction = None  # accuracy under the first's 8/255
keras.utils.set_random_seed(77)
layers = [keras.layers.Rescaling(4, -2)]
for filters in (8, 16, 32):
    layers.append(
        keras.layers.Conv2D(filters, 4, strides=2, padding="same", activation="elu")
    )
layers += [keras.layers.Flatten(), keras.layers.Dropout(0.3), keras.layers.Dense(2)]
second = keras.Sequential([keras.Input((48, 48, 3)), *layers])
robustness.fit(second, x_train, y_train, epochs=3, peak=0.003)

ways = ("attacked itself", "attacked by the first", "noise of equal norm")
transfer = {name: (epsilons[1:], []) for name in ways}
for epsilon in epsilons[1:]:
    borrowed = fgsm(model, x_attack, y_attack, epsilon)
    noisy = np.clip(x_attack + noise_of_equal_norm(borrowed - x_attack, 1), 0, 1)
    itself = fgsm(second, x_attack, y_attack, epsilon)
    for name, pictures in zip(ways, (itself, borrowed, noisy), strict=True):
        transfer[name][1].append(robustness.accuracy(second, pictures, y_attack))
plots.show(
    robustness.accuracy_figure(transfer),
    "Accuracy of the second network over ε, attacked itself, under pictures attacked on"
    " the first network, and under noise.",
)
by_transfer = transfer["attacked by the first"][1][3]
lab.compare("accuracy of the second, 8/255", prediction, by_transfer)

# %% [markdown]
# **What you see.** Pictures made for the first network bring the second one down too, less than its own attack and far
# more than noise.
#
# **Why.** What is predictive in the pictures points the same way in both networks: the perturbation is not an
# accident of one set of weights. (Both learnt from the *same* 3000 portraits, which helps the attacker.)
# Hiding the weights is no protection.
#
# ## 9 · Looking defended
#
# Why not wash the attack away: blur each picture, or round its colours to eight levels, before the network sees it?
# Ready-made attacked pictures are made for a network without that. But an attacker who *knows* of it attacks the
# whole chain, and has a second way: take the gradient *behind* the defence, and pretend that on the way back the
# defence is the identity (*backward pass differentiable approximation*, BPDA; Athalye, Carlini and Wagner, 2018).
#
# **Predict.** For each of the two: accuracy under pictures made for the bare network, and under PGD on the chain?


# %%
def rounded(images):
    """Colours rounded to eight levels, by seven signs: a sign's gradient is zero."""
    return sum(tf.sign(images - (k + 0.5) / 7) for k in range(7)) / 14 + 0.5


def bpda(images, labels, epsilon, steps=10):
    """PGD whose gradient is taken behind the rounding and used in front of it."""
    moved = images
    for _ in range(steps):
        gradient = pixel_gradient(model, rounded(moved), labels)
        moved = moved + epsilon / 4 * np.sign(gradient)
        moved = np.clip(np.clip(moved, images - epsilon, images + epsilon), 0, 1)
    return moved


def behind(layer):
    return keras.Sequential([keras.Input((48, 48, 3)), layer, model])


blurring = behind(keras.layers.AveragePooling2D(3, 1, "same"))
rounding = behind(keras.layers.Lambda(rounded))
task = x_few, y_few, 3 / 255
ready_made = pgd(model, *task)
chains = {
    "no defence": (model, ready_made),
    "blur 3 × 3": (blurring, pgd(blurring, *task)),
    "eight levels, plain PGD": (rounding, pgd(rounding, *task)),
    "eight levels, BPDA": (rounding, bpda(*task)),
    "eight levels, BPDA, 20 steps": (rounding, bpda(*task, steps=20)),
}

# %%
defences = []
for name, (chain, attacked) in chains.items():
    values = [
        robustness.accuracy(chain, x, y_few) for x in (x_few, ready_made, attacked)
    ]
    defences.append([name, *(f"{value:.2f}" for value in values)])
header = ["defence", "clean", "ready-made pictures", "attack on the chain"]
plots.table(header, defences, "Accuracy at ε = 3/255")

# %% [markdown]
# ### Question · `what_the_rounding_did`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def what_the_rounding_did():
    """Plain PGD fails against the rounding network, BPDA succeeds. So rounding ...

    a) removed the adversarial pictures near each face, until BPDA made new ones
       by its pretence that rounding is the identity.
    b) made the network robust up to this ε, but PGD had too few steps and starts
       to notice, and BPDA had enough.
    c) took away the gradient that the attack was steered by; the wrong answers
       near each face were there all the time.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# ### The flags of a masked gradient
#
# Rounding is flat almost everywhere: its gradient is zero, and PGD stays where it started (*gradient masking*).
# Athalye, Carlini and Wagner (2018) found seven of nine defences published at one conference to rest on obscured
# gradients, and list signs that can be read off by a machine. Four of them:
#
# - *borrowed wins*: pictures made for another network beat the attack made for this one;
# - *one step wins*: FGSM beats PGD;
# - *no limit, no end*: with ε = 1, where any picture may become any other, accuracy is not near 0;
# - *more is not worse*: twice the ε takes away nothing, though something is left.
#
# **Predict.** The usual network, the hardened one, blur, eight levels: which of them raise flags?

# %%
prediction = None  # how many of the four networks raise a flag
flagged, some = [], (x_few[:50], y_few[:50])
borrowed = pgd(second, *some, 4 / 255)
for name, network in (networks | {"blur": blurring, "eight levels": rounding}).items():

    def left(attack, epsilon, network=network):
        pictures = attack(network, *some, epsilon)
        return robustness.accuracy(network, pictures, some[1])

    own, twice = left(pgd, 4 / 255), left(pgd, 8 / 255)
    other = robustness.accuracy(network, borrowed, some[1])
    flags = {
        "borrowed wins": other < own - 0.03,
        "one step wins": left(fgsm, 4 / 255) < own - 0.03,
        "no limit, no end": left(pgd, 1.0) > 0.05,
        "more is not worse": own > 0.05 and twice > own - 0.03,
    }
    flagged.append([name, f"{own:.2f}", *("✘" if up else "–" for up in flags.values())])
plots.table(["network", "PGD, 4/255", *flags], flagged, "Flags (✘ raised)")
lab.compare("networks with flags", prediction, sum("✘" in row for row in flagged))

# %% [markdown]
# **What you see.** The network with eight levels looks best in the first column and raises flags; the hardened one,
# less splendid, raises none.
#
# **Why.** Each flag is something that cannot be if the attack did its work: a stronger attacker, who knows more or
# may do more, never does worse. Flags prove a fault of the *measurement*. No flag proves nothing.
#
# ## 10 · A proof: the truth lies between two curves
#
# Lecture A: "So far, **no formal validation proof** can be made for deep learning predictions." That is no longer
# so. For small networks whole classes of changes can be excluded: by solvers (Katz et al., 2017), by interval bounds
# (Gowal et al., 2018), with high probability by smoothing with noise (Cohen, Rosenfeld and Kolter, 2019). Attacks
# give an upper bound of the robust accuracy; a proof gives a lower one.
#
# If each pixel lies between two numbers, between which numbers lies each unit of the next layer? For
# $z = xW + b$ with $l \le x \le u$, middle $m = (l + u) / 2$ and half width $r = (u - l) / 2$:
#
# $$m W + b \;\pm\; r\,\lvert W \rvert$$
#
# and ReLU, which never falls, maps the two ends to two ends.
#
# ### Exercise · `interval_layer`
#
# <details><summary>Hint · a nudge</summary>
#
# Why does `lower @ weights` not do? A negative weight is smallest where the input is largest. The formula needs
# `np.abs(weights)` for the width, and the bias only in the middle.
#
# </details>


# %% minutes=8 difficulty=2 kind="core"
@lab.exercise(points=2)
def interval_layer(lower, upper, weights, bias):
    """The tightest bounds of x @ weights + bias for all x with lower <= x <= upper.

    lower, upper: (n, d); weights: (d, k); bias: (k,). Returns two arrays (n, k).
    """
    # BEGIN SOLUTION
    middle = (lower + upper) / 2 @ weights + bias
    half = (upper - lower) / 2 @ np.abs(weights)
    return middle - half, middle + half
    # END SOLUTION


# %% [markdown]
# ### Exercise · `smallest_margin`
#
# A picture is safe if its label's logit stays above every other one: if the *margin* $z_y - z_k$ stays positive for
# all $k \ne y$. Bounding $z_y$ and $z_k$ one by one wastes much: the hidden units cannot be at their lower ends for
# one and at their upper ends for the other. The difference is itself a layer, with the weights $w_y - w_k$ and the
# bias $b_y - b_k$: bound that.
#
# The bounds can be trained, too: make the *worst* logits within the ball answer rightly (*interval bound propagation*,
# Gowal et al., 2018). The cell below the exercise does it in TensorFlow; ε and the weight of the worst case grow during
# the first half.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# For one picture and one rival $k$ the weights are one column. Where it is positive the hidden unit's lower bound
# makes the margin smallest, where it is negative the upper one.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# Loop over pictures and rivals, or over rivals only: `w = weights[:, labels].T - weights[:, k]` has shape (n, d).
# Then the minimum over the rivals, without the label itself.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=3)
def smallest_margin(lower, upper, weights, bias, labels):
    """A lower bound of the label's logit minus the nearest rival's.

    lower, upper: (n, d) bounds of the last hidden layer; weights: (d, classes);
    bias: (classes,); labels: (n,) whole numbers. Returns (n,).
    """
    # BEGIN SOLUTION
    smallest = np.full(len(labels), np.inf)
    for k in range(len(bias)):
        w = weights[:, labels].T - weights[:, k]
        low = np.sum(lower * np.maximum(w, 0) + upper * np.minimum(w, 0), axis=1)
        low = low + bias[labels] - bias[k]
        smallest = np.where(labels == k, smallest, np.minimum(smallest, low))
    return smallest
    # END SOLUTION


# %%
def worst_logits(network, images, labels, epsilon):
    """Upper bounds of z_k - z_y within the ball: (n, 10), 0 for the label itself."""
    w1, b1, w2, b2 = network.trainable_variables
    low, high = (tf.reshape(images + end, (-1, 64)) for end in (-epsilon, epsilon))
    low, high = tf.maximum(low, 0.0), tf.minimum(high, 1.0)
    middle, half = (low + high) / 2 @ w1 + b1, (high - low) / 2 @ tf.abs(w1)
    low, high = tf.nn.relu(middle - half), tf.nn.relu(middle + half)
    w = tf.transpose(w2)[None] - tf.transpose(tf.gather(w2, labels, axis=1))[:, None]
    top = tf.einsum("nkd,nd->nk", tf.maximum(w, 0), high)
    top += tf.einsum("nkd,nd->nk", tf.minimum(w, 0), low)
    return top + b2 - tf.gather(b2, labels)[:, None]


def train_on_bounds(network, images, labels, epsilon, steps=1000, rate=0.01):
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    optimiser, rng = keras.optimizers.Adam(schedule), np.random.default_rng(0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def update(x, y, grown):
        with tf.GradientTape() as tape:
            worst = loss(y, worst_logits(network, x, y, grown * epsilon))
            total = (1 - grown / 2) * loss(y, network(x)) + grown / 2 * worst
        weights = network.trainable_variables
        optimiser.apply(tape.gradient(total, weights), weights)

    for step in range(steps):
        rows, grown = rng.choice(len(images), 64), min(1, 2 * step / steps)
        update(images[rows], labels[rows], tf.constant(grown, tf.float32))
    return network


# %%
prediction = None  # share of digits proved at 0.04, usual training
keras.utils.set_random_seed(1)
bounded = train_on_bounds(digit_reader(), d_train, l_train, 0.1)
tough = digit_reader()
tough.set_weights(reader.get_weights())
harden(tough, d_train, l_train, 0.1, steps=200, rate=0.005, batch=64)


def proved(network, epsilon):
    """Share of the test digits that no change up to epsilon can turn."""
    w1, b1, w2, b2 = network.get_weights()
    flat = d_test.reshape(-1, 64)
    box = np.maximum(flat - epsilon, 0), np.minimum(flat + epsilon, 1)
    low, high = (np.maximum(end, 0) for end in interval_layer(*box, w1, b1))
    return float(np.mean(np.asarray(smallest_margin(low, high, w2, b2, l_test)) > 0))


radii = np.array([0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15])
at_once = len(d_test)  # pictures attacked together
readers = {"usual": reader, "adversarial": tough, "bounds": bounded}
gap = {}
for name, network in readers.items():
    attack = partial(pgd, network, steps=20)
    most = robustness.accuracy_under(network, attack, d_test, l_test, radii, at_once)
    gap[name] = most, [proved(network, epsilon) for epsilon in radii]

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 2.9), sharey=True)
for ax, (name, (most, least)) in zip(axes, gap.items(), strict=True):
    ax.fill_between(radii, least, most, color=plots.SKY, alpha=0.35)
    ax.plot(radii, most, "o-", color=plots.BLUE, label="left by PGD")
    ax.plot(radii, least, "s--", color=plots.ORANGE, label="proved")
    ax.set(title=f"trained: {name}", xlabel="ε", ylim=(-0.03, 1.03))
    ax.set_xticks([0, 0.05, 0.1])
axes[0].set_ylabel("share of the test digits")
axes[0].legend(fontsize=8)
plots.show(
    fig,
    "Three panels, for usual, adversarial and bound training: accuracy left by PGD and"
    " share proved over ε, with the gap between them shaded.",
)
lab.compare("usual training, proved at 0.04", prediction, gap["usual"][1][2])
assert all(np.all(np.array(most) >= least) for most, least in gap.values())

# %% [markdown]
# **What you see.** The truth lies in the shaded gap. From ε = 0.08 on, next to nothing is proved after usual training
# and after adversarial training, which lifts the upper curve. Trained on its own bounds, the network is no
# easier to attack, and most of that is *proved*: against this year's attacks and next year's.
#
# **Why.** Interval bounds forget that hidden units depend on each other, so they overestimate what a change can do;
# training on them finds weights for which the estimate is good. Its price is some flexibility: for large networks on
# photographs such certificates are still small, and they speak of ±ε only, not of a sticker or of rain.
#
# ## 11 · What you have found
#
# 1. **FGSM.** The sign of the gradient with respect to the pixels, times ε: every pixel moves a little, all in the
#    direction that raises the loss.
# 2. **Noise** of the same length does next to nothing: a random direction is almost at right angles to the gradient.
# 3. **Adversarial training** pays with clean accuracy and keeps most of the rest up to the ε it was trained for.
#    Counted are pictures that survive every attack and start: an upper bound.
# 4. **Other attackers.** Targets, single pixels without gradients, patches that work on many faces, pictures borrowed
#    from another network: each is a different idea of what the attacker may do.
# 5. **Flags.** Borrowed pictures or one step win, no end without limit, more is not worse: the gradient is masked.
# 6. **Proof.** Interval bounds hold against all attacks within ±ε; a network trained on them loses little.

# %%
trained_wins = success["trained, on the face"][1][2]
left = {
    "none": ("-", 250, by_fgsm[0]),
    "noise as long as FGSM's, 8/255": ("nothing", 250, by_noise[4]),
    "FGSM, 2/255": ("the gradient, once", 80, duel["FGSM"][1]),
    "PGD, 10 steps, 2/255": ("the gradient, 10 times", 80, duel["PGD, 10 steps"][1]),
    "one pixel, uncertain faces": ("440 probabilities", 12, 1 - fallen / 12),
    "patch, 15 pixels": ("gradients, beforehand", n, 1 - trained_wins),
    "FGSM 8/255 of another network": ("a network of one's own", 250, by_transfer),
    "five attacks, 4/255, hardened": ("the gradient, 71 times", 80, after_all),
    "PGD 3/255 through rounding, BPDA": ("all of it", 80, float(defences[-1][3])),
}
rows = [[attack, *needs, f"{value:.2f}"] for attack, (*needs, value) in left.items()]
header = ["attack", "what it needs", "faces", "accuracy left"]
plots.table(header, rows, "Attacks on the networks of this lab, in this run")
assert model_is_intact()  # still the network of section 2

# %% [markdown]
# ## 12 · Challenge: certify more digits
#
# The number to beat is the share of test digits *proved* at ε = 0.1, at a clean accuracy of at least 0.90, with one
# hidden layer. `proved(your_network, 0.1)` measures it; choose on a part of the training digits, test once. Our best:
# 0.76, at a clean accuracy of 0.95 (two seeds): 256 hidden units, 3000 steps at rate 0.005, trained for ε = 0.11 with
# the worst case weighing three quarters at the end.
#
# ## 13 · To discuss
#
# 1. An ε-ball of 8/255 stands for "the picture looks the same". Name a change that looks the same to you and lies
#    far outside, and one inside it that would matter to you. What does robustness in the ball then mean?
# 2. Somebody publishes a defence with 90 % accuracy "under FGSM". Write down three questions to ask.

# %% [markdown] tags=["solution"]
# **For instructors.** 1: a shift by one pixel, a flip, another exposure lie far outside. Inside lies what is faint
# and yet decides: a pale shadow in an X-ray, a hairline crack in a weld. The ball is a mathematical convenience, not
# a model of what people see. 2: with how many steps and restarts of PGD, does the attack know the defence (BPDA,
# expectation over its randomness), and does accuracy fall to zero as ε grows? If it does not, the gradient is masked.

# %% [markdown]
# ## 14 · Further reading
#
# - C. Szegedy et al., *Intriguing properties of neural networks*, ICLR (2014).
# - I. Goodfellow, J. Shlens and C. Szegedy, *Explaining and harnessing adversarial examples*, ICLR (2015).
# - S. Moosavi-Dezfooli, A. Fawzi and P. Frossard, *DeepFool*, CVPR (2016).
# - A. Nguyen, J. Yosinski and J. Clune, *Deep neural networks are easily fooled*, CVPR (2015).
# - M. Sharif, S. Bhagavatula, L. Bauer and M. Reiter, *Accessorize to a crime*, ACM CCS (2016): glasses.
# - A. Kurakin, I. Goodfellow and S. Bengio, *Adversarial examples in the physical world*, ICLR workshop (2017).
# - N. Carlini and D. Wagner, *Towards evaluating the robustness of neural networks*, IEEE S&P (2017).
# - G. Katz, C. Barrett, D. Dill, K. Julian and M. Kochenderfer, *Reluplex*, CAV (2017).
# - T. Brown, D. Mané, A. Roy, M. Abadi and J. Gilmer, *Adversarial patch*, arXiv:1712.09665 (2017).
# - K. Eykholt et al., *Robust physical-world attacks on deep learning visual classification*, CVPR (2018).
# - A. Madry, A. Makelov, L. Schmidt, D. Tsipras and A. Vladu, *Towards deep learning models resistant to
#   adversarial attacks*, ICLR (2018).
# - A. Athalye, N. Carlini and D. Wagner, *Obfuscated gradients give a false sense of security*, ICML (2018).
# - A. Athalye, L. Engstrom, A. Ilyas and K. Kwok, *Synthesizing robust adversarial examples*, ICML (2018).
# - S. Gowal et al., *On the effectiveness of interval bound propagation for training verifiably robust models*,
#   arXiv:1810.12715 (2018).
# - J. Su, D. V. Vargas and K. Sakurai, *One pixel attack for fooling deep neural networks*, IEEE Transactions on
#   Evolutionary Computation 23 (2019) 828–841.
# - J. Cohen, E. Rosenfeld and J. Z. Kolter, *Certified adversarial robustness via randomized smoothing*, ICML (2019).
# - A. Ilyas et al., *Adversarial examples are not bugs, they are features*, NeurIPS (2019).
# - N. Carlini et al., *On evaluating adversarial robustness*, arXiv:1902.06705 (2019).
# - E. Wong, L. Rice and J. Z. Kolter, *Fast is better than free: revisiting adversarial training*, ICLR (2020).
# - F. Croce and M. Hein, *Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
#   attacks*, ICML (2020): AutoAttack.

# %%
lab.progress()
