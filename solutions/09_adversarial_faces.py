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
#     data: [faces, digits]
# ---

# %% [markdown]
# # 09 · Adversarial faces
#
# A network that labels faces correctly, and a change of each colour by a few levels out of 255 that makes it say
# the opposite with confidence. You write the attacks, measure them with care, repair part of the damage, and find
# out what a good test accuracy did not promise.
#
# **After this lab you can answer:**
#
# 1. How does the gradient with respect to the *pixels* turn a picture into one that the network gets wrong?
# 2. Is it the size of the change that does the damage, or its direction?
# 3. What do many small steps with a projection gain over one, and how is an attack measured honestly?
# 4. Can an attacker choose the answer, change one pixel only, print the attack on a sticker, or do without the
#    network?
# 5. What does adversarial training buy and cost, and why is a defence that hides the gradient none?
# 6. What does the network say of shifted, covered and altogether different pictures, and for whom does it err most?
#
# | | |
# |:--|:--|
# | **Data** | portraits drawn by this course (no download), or photographs, see section 1; scikit-learn's digits |
# | **Lecture** | E, *Deep Learning II* (troubles with deep networks); A (adversarial attacks, validation) |
# | **You need** | labs 04 and 06; `tf.GradientTape` from lab 01 |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can always
# read on. Where a cell begins with `prediction = None`, write your own there before you run it: it is printed
# beside the result and never graded.
#
# The outputs stored in the solution come from the drawn portraits.

# %% tags=["imports"]
from functools import partial

import keras
import matplotlib.pyplot as plt
import numpy as np
import scipy
import tensorflow as tf

from labs_utils import Lab, datasets, experiments, plots, robustness

lab = Lab("09_adversarial_faces")
plots.use_style()
keras.utils.set_random_seed(9)

# %% [markdown]
# ## 1 · Faces, and what the label on them is
#
# The pictures are 64 × 64 pixels in colour with one of two labels. They are **drawn by a program**: nobody's face,
# from a list of traits that is known for each portrait. The program shifts some of those traits (jaw, brow, hair
# length, beard, earrings, headscarves, …) by the label, so that the two labels overlap and no network can be right
# about all. With `load_faces(source="lfw")` (photographs, *Labeled Faces in the Wild*) or the path of a folder of
# your own the same cells run.
#
# Please read this before the pictures. **A label is what a data set says, not what a person is.** Here it is the
# recipe that the program was told to draw; in a collection of photographs it is usually a guess from a first name
# or a glance. Nobody's gender can be read off a face; a network that is right about 95 % of such labels has learnt
# conventions of hair, beard and make-up in one collection, and it fails people who do not follow them far more often.
# We use the task because the lecture's subject, a confident and wrong answer about a face, is seen at once in it,
# not because such a system should be built. Photographs of people also need their consent for the use you make of
# them: most faces in public collections were never asked, which is why the default here is drawn. And attacks have
# two uses: those below are published, small and aimed at a toy, and whoever answers for a system has to know them;
# do not try them on systems that are not yours.

# %%
faces = datasets.load_faces()
x_train, x_test = (
    images.astype("float32") / 255 for images in (faces.x_train, faces.x_test)
)
y_train, y_test, names = faces.y_train, faces.y_test, faces.label_names

chosen = np.concatenate([np.flatnonzero(y_train == label)[:12] for label in (0, 1)])
fig = plots.image_grid(list(x_train[chosen]), columns=12, size=0.65)
plots.show(
    fig,
    "Twenty-four small portraits, one row for each label; skin, hair,"
    " clothes, light and backgrounds vary in both.",
)

# %% [markdown]
# **What you see.** Twelve pictures of each label, one label a row. Within a row they differ more than the rows do.
#
# **Why.** Skin, age, light, pose, glasses, background, colour and cut of the clothes are drawn without regard to the
# label. What the network can use are traits that are only more frequent in one row than in the other.
#
# ## 2 · A small network
#
# Four convolutions with stride 2, one dense layer. Pixels are numbers from 0 to 1 *throughout this lab*, and the
# network ends in **logits**, scores without softmax: the loss then needs `from_logits=True`.
#
# **Predict.** Which portraits will it be wrong about, and how sure will it be of those answers?


# %%
def small_cnn_for_faces():
    """64 × 64 × 3 pixels in [0, 1] → two logits."""
    layers = [keras.layers.Rescaling(4, -2)]
    for filters, kernel in ((12, 4), (24, 3), (48, 3), (64, 3)):
        layers.append(
            keras.layers.Conv2D(
                filters, kernel, strides=2, padding="same", activation="relu"
            )
        )
    return keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            *layers,
            keras.layers.Flatten(),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(2),
        ]
    )


model = small_cnn_for_faces()
seconds = robustness.fit(model, x_train, y_train, epochs=8, peak=0.003)
clean = robustness.accuracy(model, x_test, y_test)
print(
    f"test accuracy {clean:.3f} on {len(x_test)} faces, {model.count_params()}"
    f" parameters, {seconds:.0f} s of training"
)

# %%
prediction = None  # mean probability of its ten surest wrong answers, 0.5 to 1
p_test = robustness.probabilities(model, x_test)
wrong = np.flatnonzero(p_test.argmax(axis=1) != y_test)
wrong = wrong[np.argsort(-p_test[wrong].max(axis=1))][:10]
titles = [f"{names[p.argmax()]} {p.max():.0%}" for p in p_test[wrong]]
fig = plots.image_grid(list(x_test[wrong]), titles, columns=10, size=0.95)
plots.show(
    fig,
    "The ten test faces with the surest wrong answers, each with the answer and a"
    " probability above 50 per cent.",
)
surest = p_test[wrong].max(axis=1).mean()
lab.compare("ten surest wrong answers, mean probability", prediction, surest)

# %% [markdown]
# **What you see.** The ten mistakes that the network is surest of; above each its (wrong) answer. A high
# probability is no promise, not even for ordinary test faces.
#
# **Why.** Softmax turns scores into numbers that sum to 1. They say how far the picture lies from the border that
# the network drew, not how often answers given there are right (lab 04 on calibration).
#
# ## 3 · One step: the fast gradient sign method
#
# Training asks: how must the *weights* $w$ change so that the loss $J(w, x, y)$ falls? An attack asks the same
# question about the *picture*: how must $x$ change so that $J$ **rises**? The weights stay as they are.
#
# ### Exercise · `pixel_gradient`
#
# All attacks of this lab but one stand on this function. It returns, for every picture of a batch, the gradient of
# *its own* cross-entropy with respect to its pixels.
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
# Sum them: picture $i$ occurs in one term only, so its gradient does not depend on the others. (A mean would make
# it depend on how many there are.)
#
# </details>
# <details><summary>Hint 3 · in four lines</summary>
#
# Inside `with tf.GradientTape() as tape:` call `tape.watch(images)`, compute `logits = model(images,
# training=False)`, so that dropout rests, and the sum of the losses. After the block: `tape.gradient(loss, images)`.
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
# <details><summary>Hint 1 · a nudge</summary>
#
# You have the gradient already. Which part of it does the formula use, and in which direction does the loss rise?
#
# </details>
# <details><summary>Hint 2 · the range</summary>
#
# `np.clip(…, 0, 1)` last: a picture has no colour darker than black. (In [0, 255] the range would be another, and
# so would ε: 8/255 there is 8.)
#
# </details>
#
# When it works, the next cell shows four faces that the network had right. ε = 4/255 is four steps of the 255 that a
# screen can show. **Predict.** Will you see it? Will the network still be sure?


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=2)
def fgsm(model, images, labels, epsilon):
    """The fast gradient sign method: one step of size epsilon up the loss.

    images: (n, h, w, c) in [0, 1]; labels: (n,); epsilon: largest change of a pixel, on
    the same scale.
    Returns the attacked pictures, (n, h, w, c), again in [0, 1].
    """
    # BEGIN SOLUTION
    direction = np.sign(pixel_gradient(model, images, labels))
    return np.clip(images + epsilon * direction, 0, 1)
    # END SOLUTION


# %%
prediction = None  # how many of these four faces get another answer
right = np.flatnonzero(p_test.argmax(axis=1) == y_test)
shown = np.concatenate([right[y_test[right] == label][:2] for label in (0, 1)])
attacked = fgsm(model, x_test[shown], y_test[shown], 4 / 255)
fig = robustness.attack_figure(model, x_test[shown], attacked, names)
plots.show(
    fig,
    "Four faces, the change made to each, magnified to coloured static, and the"
    " attacked faces, which look the same"
    " but nearly all get other answers.",
)
turned = np.sum(robustness.predicted(model, attacked) != y_test[shown])
lab.compare("faces of four with another answer", prediction, turned)

# %% [markdown]
# **What you see.** Above, the faces and what the network says of them; below, the attacked ones, hardly to be told
# apart, nearly all with other answers, most of them nearly certain. Between them the change, magnified 32 times:
# coloured static with a few streaks, as strong on the wall behind as on the face.
#
# **Why.** A picture has 12 288 numbers. Each moves by 0.016 only, but all move in the direction that hurts, and in
# a network that is nearly linear nearby the many small effects add up. A scalar product in $d$ dimensions grows
# like $\varepsilon d$ when every sign is chosen, and only like $\varepsilon\sqrt d$ when signs are left to chance.
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
# `np.random.default_rng(seed).normal(size=…)`; the lengths are `np.sqrt((a**2).sum(axis=(1, 2, 3), keepdims=True))`,
# of shape $(n, 1, 1, 1)$, so that they broadcast.
#
# </details>
#
# **Predict.** When it works, the next cell draws the accuracy over ε under FGSM and under such noise. Which of the
# two curves falls, and from which ε on?


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
epsilons = np.array([0, 1, 2, 4, 8, 16]) / 255
x_attack, y_attack = x_test[:250], y_test[:250]
x_few, y_few = x_attack[:100], y_attack[:100]  # for attacks that take many steps
under_fgsm = [fgsm(model, x_attack, y_attack, epsilon) for epsilon in epsilons]
by_fgsm = [robustness.accuracy(model, pictures, y_attack) for pictures in under_fgsm]
by_noise = by_fgsm[:1]
for pictures in under_fgsm[1:]:
    noise = noise_of_equal_norm(pictures - x_attack, 0)
    by_noise.append(
        robustness.accuracy(model, np.clip(x_attack + noise, 0, 1), y_attack)
    )
plots.show(
    robustness.accuracy_figure(
        {"FGSM": (epsilons, by_fgsm), "noise of equal norm": (epsilons, by_noise)}
    ),
    "Accuracy over the size of the change: under FGSM it falls to nearly zero, under"
    " noise it stays where it was.",
)

# %% [markdown]
# **What you see.** Under FGSM the accuracy collapses within a few steps of 255; under noise of the same length it
# hardly moves, even at 16/255, where the noise can be seen.
#
# **Why.** Nothing is wrong with the network's tolerance of *typical* disturbances: a random direction in 12 288
# dimensions is almost at right angles to the gradient. A test set holds typical pictures, so it cannot show the
# weakness. The attack looks for the worst case.
#
# > **Margin note.** Lecture A shows pictures that AlexNet takes for an *ostrich* (Szegedy et al., posted in 2013,
# > published in 2014). Those were found by a constrained optimisation (L-BFGS) for each picture; the one-step
# > method came a year later. On lecture E's slide about the one-pixel attack the authors are Jiawei **Su**, Danilo
# > Vasconcellos **Vargas** and Kouichi **Sakurai**. Its figure, more than 40 % of ImageNet, seems to be that of a
# > preprint: look the rates up in the published article (2019) before you quote them.
#
# ## 4 · Many small steps: projected gradient descent
#
# One step trusts the gradient at $x$ all the way. Kurakin et al. (2017) take many small steps, and Madry et al.
# (2018) add a random start. After each step the picture is *projected*: brought back to the nearest one that is
# allowed, within the ε-ball around the **original** and within [0, 1].
#
# ### Exercise · `project_to_ball`
#
# The ball is that of the largest change, $\lVert x' - x \rVert_\infty \le \varepsilon$: a cube.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# In a cube every pixel has its own interval. The nearest point of an interval is found by clipping.
#
# </details>
# <details><summary>Hint 2 · the two intervals</summary>
#
# Clip to $[x - \varepsilon,\; x + \varepsilon]$, where $x$ are the *originals*, then to $[0, 1]$.
#
# </details>


# %% minutes=5 difficulty=1 kind="core"
@lab.exercise(points=1)
def project_to_ball(images, originals, epsilon):
    """The nearest pictures within epsilon of the originals, pixel by pixel, and within
    [0, 1].

    images, originals: (n, h, w, c). Returns (n, h, w, c).
    """
    # BEGIN SOLUTION
    return np.clip(np.clip(images, originals - epsilon, originals + epsilon), 0, 1)
    # END SOLUTION


# %% [markdown]
# ### Exercise · `pgd_step`
#
# One step of *projected gradient descent* (on the negative loss, as it were): go `step` up the loss from where the
# attack is now, then project.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `images` is where the attack is now, `originals` where it came from. The gradient belongs to the former, the ball
# to the latter.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# `project_to_ball(images + step * …, originals, epsilon)` with the sign of `pixel_gradient` at `images`.
#
# </details>
#
# The attack itself is a loop around this step, in the cell after the exercise: from a random place in the cube, $k$
# steps of $2.5\,\varepsilon / k$, which can reach any corner. **Predict.** FGSM looked disastrous already. How much
# is left for ten steps to gain?


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def pgd_step(model, images, originals, labels, epsilon, step):
    """One step of PGD: up the loss by `step` in each pixel, then back into the ball.

    images: (n, h, w, c), where the attack is; originals: the unattacked pictures;
    labels: (n,); epsilon: radius of the ball; step: length of the step.
    """
    # BEGIN SOLUTION
    direction = np.sign(pixel_gradient(model, images, labels))
    return project_to_ball(images + step * direction, originals, epsilon)
    # END SOLUTION


# %%
def pgd(model, images, labels, epsilon, steps=10, seed=0, step=None):
    """PGD from a random start in the ball; the step is 2.5 ε / steps unless given."""
    noise = np.random.default_rng(seed).uniform(-epsilon, epsilon, images.shape)
    moved = project_to_ball((images + noise).astype("float32"), images, epsilon)
    for _ in range(steps):
        moved = pgd_step(
            model,
            moved,
            images,
            labels,
            epsilon,
            2.5 * epsilon / steps if step is None else step,
        )
    return moved


# %%
prediction = None  # accuracy that ten steps leave at ε = 1/255, 0 to 1
duel, few = {"FGSM": fgsm, "PGD, 10 steps": pgd}, np.array([0.5, 1, 2, 4]) / 255
for name, attack in duel.items():
    duel[name] = (
        few,
        robustness.accuracy_under(model, partial(attack, model), x_few, y_few, few),
    )
after_forty = robustness.accuracy(
    model, pgd(model, x_few, y_few, 8 / 255, steps=40), y_few
)
gained = np.round(np.subtract(duel["FGSM"][1], duel["PGD, 10 steps"][1]), 2)
print(
    f"PGD: {after_forty:.2f} left by 40 steps at 8/255; 10 steps leave less than FGSM"
    " by",
    *gained,
)
plots.show(
    robustness.accuracy_figure(duel),
    "Accuracy over small changes: PGD lies on FGSM or a little below it.",
)
lab.compare("left by ten steps at 1/255", prediction, duel["PGD, 10 steps"][1][1])

# %% [markdown]
# **What you see.** PGD leaves as much accuracy as FGSM or a little less (the differences, from ε = 0.5/255 to 4/255,
# stand above the figure), and forty steps at 8/255 leave next to nothing. No law forces PGD below FGSM: a single step
# may win a face that ten steps from a random place miss. For this network the gain is small.
#
# **Why.** The steps follow the loss where it bends. How much that gains depends on how bent it is inside the cube:
# little in a small network without defence and for small ε. Section 8 asks again, of a network with a defence.
#
# ### Exercise · `robust_accuracy`
#
# An attacker may try several attacks, or one from several random starts, and needs *one* success. The honest
# measure counts a picture only if it survives them all.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `predictions == labels` compares each row with the labels. A picture is a column of the result.
#
# </details>
# <details><summary>Hint 2 · in NumPy</summary>
#
# `np.all(…, axis=0)`, then the mean.
#
# </details>
#
# **Predict.** The next cell tries step sizes from ε/20 to 2ε, ten steps each, and then several random starts. Which
# step size is best, and how much do the restarts add?


# %% minutes=6 difficulty=2 kind="core"
@lab.exercise(points=1)
def robust_accuracy(predictions, labels):
    """Fraction of pictures that are labelled rightly under every attack.

    predictions: (attacks, n), the label predicted after each attack;
    labels: (n,). Returns a number in [0, 1].
    """
    # BEGIN SOLUTION
    return np.mean(np.all(predictions == labels, axis=0))
    # END SOLUTION


# %%
x_some, y_some = x_attack[:60], y_attack[:60]
radius, fractions = 1.5 / 255, np.array([0.05, 0.1, 0.25, 1, 2])
by_step = [
    robustness.accuracy(
        model, pgd(model, x_some, y_some, radius, step=f * radius), y_some
    )
    for f in fractions
]
starts = [pgd(model, x_some, y_some, radius, steps=5, seed=seed) for seed in range(4)]
starts = np.array([robustness.predicted(model, pictures) for pictures in starts])
by_starts = [robust_accuracy(starts[: k + 1], y_some) for k in range(4)]

fig, axes = plt.subplots(1, 2, figsize=(8.4, 2.7), sharey=True)
axes[0].semilogx(fractions, by_step, "o-", color=plots.BLUE)
axes[0].set(xlabel="step size / ε (10 steps)", ylabel="accuracy, ε = 1.5/255")
axes[0].set_xticks(fractions, [f"{f:g}" for f in fractions])
axes[0].minorticks_off()
axes[1].plot(range(1, 5), by_starts, "s--", color=plots.ORANGE)
axes[1].set(xlabel="random starts (5 steps each)", xticks=range(1, 5))
plots.show(
    fig,
    "Left: accuracy against step size, highest for tiny steps. Right: accuracy with"
    " one to four starts.",
)

# %% [markdown]
# **What you see.** Steps of ε/20 are too short: ten of them cross half the radius. From ε/4 on it matters little
# here. Restarts can only lower the robust accuracy, and here they lower it by a picture or two at most.
#
# **Why.** The accuracy under attack is an **upper bound** on the truth: it says how strong *this attack* was.
# Before a high number is believed it must have stopped falling with more steps, other step sizes and more starts.
#
# ## 5 · Choose the answer
#
# So far any wrong answer would do. A *targeted* attack makes the picture be read as a label of the attacker's
# choice: it goes **down** the loss that the picture would have if the target were its label.
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
# `np.full(len(images), target)`.
#
# </details>
# <details><summary>Hint 3 · in one line</summary>
#
# `pgd_step` with those labels goes up. What does it do with the step `-step`?
#
# </details>
#
# **Predict.** The next cell trains a small network on ten digits and turns one of each into the *same* digit, with
# every pixel changed by at most 0.15 of the range from white to black. Which digits are hardest to reach? (The
# figure shows `TARGET`; the line above it counts for all ten.)


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
TARGET = 8
digits, digit_labels = datasets.load_digits()
digits = digits[..., None] / 16
layers = [
    keras.layers.Flatten(),
    keras.layers.Dense(64, activation="relu"),
    keras.layers.Dense(10),
]
reader = keras.Sequential([keras.Input((8, 8, 1)), *layers])
robustness.fit(reader, digits[:1400], digit_labels[:1400], epochs=20, peak=0.01)

# %%
prediction = None  # the digit into which the fewest others can be turned
rest = 1400 + np.array([np.argmax(digit_labels[1400:] == digit) for digit in range(10)])
steered = [digits[rest]] * 10  # one row a target
for _ in range(10):
    steered = [
        targeted_step(reader, row, digits[rest], k, 0.15, 0.03)
        for k, row in enumerate(steered)
    ]
reached = [
    np.sum(np.delete(robustness.predicted(reader, row), k) == k)
    for k, row in enumerate(steered)
]
print(
    "of the nine other digits turned: "
    + ", ".join(f"{count} into {k}" for k, count in enumerate(reached))
)
pictures = np.concatenate([digits[rest], steered[TARGET]])
titles = [
    f"{p.argmax()} · {p.max():.0%}" for p in robustness.probabilities(reader, pictures)
]
fig = plots.image_grid(
    list(pictures[..., 0]), titles, columns=10, size=0.85, vmin=0, vmax=1
)
plots.show(
    fig,
    "Ten digits from 0 to 9 with the network's answers; the same smudged, some of them"
    " read as the target.",
)
lab.compare("hardest to reach", prediction, np.argmin(reached))

# %% [markdown]
# **What you see.** The lower row has grey smudges and is still the upper row to you. For the network some of the
# nine others are now the target, how many depends on the target: from one digit there is a short way to some answers
# and a long way to others.
#
# **Why.** With ten answers the way *to* the target differs from the way *away from* the truth, so the target has to
# stand in the loss. With two labels, as for our faces, both are the same. A target then still makes sense for
# pictures that are no faces at all: "All images are recognized as *ostrich*" in lecture A, and Nguyen et al. (2015),
# who start from noise.
#
# **Predict.** What ε do noise, coffee and a cat need, to become a face of the label you choose?

# %%
LABEL = 0
things = np.stack(list(robustness.things().values()))
columns = {"as it is": things}
for epsilon in (4 / 255, 16 / 255):
    moved = things
    for _ in range(20):
        moved = targeted_step(model, moved, things, LABEL, epsilon, epsilon / 8)
    columns[f"ε = {255 * epsilon:.0f}/255"] = moved
pictures = np.stack(list(columns.values()), axis=1).reshape(-1, 64, 64, 3)
shares = robustness.probabilities(model, pictures)[:, LABEL]
titles = [
    f"{way}\n{names[LABEL]} {share:.1%}"
    for way, share in zip(list(columns) * 4, shares, strict=True)
]
plots.show(
    plots.image_grid(list(pictures), titles, columns=6, size=1.05),
    "A cat, coffee, bricks and noise, each as it is and with two sizes of change: at"
    " 4/255 they look the same, at"
    " 16/255 grainy; most of the changed ones are called by the chosen label with near"
    " certainty.",
)

# %% [markdown]
# **What you see.** A network with two answers gives one of them to everything, often with a high probability. A
# change that is hard to see (4/255) makes the chosen label nearly certain, also for noise; at 16/255 the photographs
# are visibly spoilt.
#
# **Why.** "Neither" is not among the answers: softmax shares 100 % between the labels that exist. And far from the
# training pictures nothing in training ever asked for doubt.
#
# ## 6 · One pixel, one sticker
#
# A cube of ε is one idea of a small change. Another is to change *few* pixels by as much as you like. Su et al.
# (2019) change **one**, and find it without any gradient: differential evolution keeps a crowd of candidates (row,
# column, red, green, blue), mixes them, and keeps a mixture if the network's probability for the truth falls.
#
# ### Exercise · `change_one_pixel`
#
# The search is SciPy's; you say what a candidate means.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Work on a copy: the search needs the original again for the next candidate.
#
# </details>
# <details><summary>Hint 2 · places</summary>
#
# The search proposes real numbers, 12.7 as a row: `int(12.7)` is the row it falls into.
#
# </details>
#
# **Predict.** The next cell takes 12 of the hundred faces that the network has right with the least certainty. How
# many of them will fall to a single pixel out of 4096?


# %% minutes=5 difficulty=1 kind="extra"
@lab.exercise(points=1)
def change_one_pixel(image, candidate):
    """The picture with one pixel replaced.

    image: (h, w, 3) in [0, 1]; candidate: five numbers, row in [0, h), column in [0,
    w), red, green, blue in [0, 1].
    Returns a new (h, w, 3) array.
    """
    # BEGIN SOLUTION
    changed = image.copy()
    changed[int(candidate[0]), int(candidate[1])] = candidate[2:]
    return changed
    # END SOLUTION


# %%
def worst_pixel(image, label, seed=0):
    """The picture with the pixel that lowers the label's probability most, found by
    differential evolution.
    """

    def probability(crowd):  # (5, candidates) → (candidates,)
        pictures = np.stack(
            [change_one_pixel(image, candidate) for candidate in crowd.T]
        )
        return robustness.probabilities(model, pictures)[:, label]

    bounds = [(0, 63.999), (0, 63.999), (0, 1), (0, 1), (0, 1)]
    search = {
        "maxiter": 10,
        "popsize": 8,
        "polish": False,
        "updating": "deferred",
        "vectorized": True,
        "seed": seed,
    }
    return change_one_pixel(
        image, scipy.optimize.differential_evolution(probability, bounds, **search).x
    )


# %%
prediction = None  # how many of the twelve fall to a single pixel
by_certainty = right[np.argsort(p_test[right].max(axis=1))]
picked = by_certainty[np.linspace(0, 99, 12).astype(int)]
pricked = np.stack([worst_pixel(x_test[i], y_test[i]) for i in picked])
answers = robustness.probabilities(model, pricked)
fallen = int(np.sum(answers.argmax(axis=1) != y_test[picked]))
titles = [
    f"{100 * p_test[i, y_test[i]]:.0f} → {100 * p[y_test[i]]:.0f}"
    for i, p in zip(picked, answers, strict=True)
]
plots.show(
    robustness.circled(pricked, x_test[picked], titles, size=1.4),
    "Twelve faces, each with a ring around one pixel of another colour; above each the"
    " right answer's share before and"
    " after.",
)
print(f"{fallen} of {len(picked)} fall to one pixel")
lab.compare("faces of twelve that fall to one pixel", prediction, fallen)

# %% [markdown]
# **What you see.** In each face one pixel, inside the ring, has another colour. The probability of the right answer
# (in per cent) falls; faces near the border, the first ones, cross it, and surer ones do not.
#
# **Why.** One pixel of 4096 reaches the scores through a handful of windows only. Su et al. report far more success
# on pictures of 32 × 32 pixels, where one pixel is a larger part. Note what the attack did *not* need: weights,
# gradients, anything but answers to 440 pictures a face (11 crowds of 40).
#
# ### A sticker that works wherever it lands
#
# A perturbation computed for one picture fits that picture only, and no camera would see it. A *patch* covers a
# small area with any colours, works on pictures it was never computed for, and can be printed: on paper (Brown et
# al., 2017), on the frame of a pair of glasses (Sharif et al., 2016), on a stop sign (lecture A; Eykholt et al.,
# 2018). It has to work wherever it lands and at any distance, so its loss is an *expectation over transformations*,
# estimated by drawing a new place for each picture and a new size at each step:
#
# $$\min_{\text{patch}} \; \mathbb E_{x,\, \text{place},\, \text{size}}\;
# J\bigl(w,\; \text{paste}(x, \text{patch}, \text{place}, \text{size}),\; \text{target}\bigr)$$
#
# ### Exercise · `paste_patch`
#
# Each picture gets the patch at its own place.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Copy the images first. A loop over the pictures is fine.
#
# </details>
# <details><summary>Hint 2 · in NumPy</summary>
#
# `changed[i, t : t + k, l : l + k] = patch` with `k = len(patch)`.
#
# </details>


# %% minutes=8 difficulty=2 kind="extra"
@lab.exercise(points=1)
def paste_patch(images, patch, top, left):
    """New pictures, each covered by the patch at its own place.

    images: (n, h, w, 3); patch: (k, k, 3); top, left: (n,) row and column of the
    patch's upper left corner.
    """
    # BEGIN SOLUTION
    changed, k = images.copy(), len(patch)
    for i in range(len(images)):
        changed[i, top[i] : top[i] + k, left[i] : left[i] + k] = patch
    return changed
    # END SOLUTION


# %% [markdown]
# The gradient of the patch needs no new tape: the patch *is* the picture where it lies, so its gradient is the
# picture's, cut out at that place and added up over the batch. A patch shown larger repeats its pixels, and their
# gradients are added.
#
# **Predict.** The patch covers between 5 % and 10 % of the area, somewhere on the face. Of the faces with the other
# label, how many will it win over? How many a plain grey square, how many a patch of the same colours in random
# order, and how many if it lands anywhere in the picture?


# %%
def resized(patch, size):
    """The patch at another size, each pixel repeated, and the index of the pixel that
    it came from.
    """
    index = np.arange(size) * len(patch) // size
    return patch[index][:, index], index


def on_the_face(rng, size, n):
    """Places (top, left) of n patches whose middles lie up to 8 pixels from the middle
    of the face.
    """
    return rng.integers(26 - size // 2, 43 - size // 2, size=n), rng.integers(
        24 - size // 2, 41 - size // 2, size=n
    )


# %%
def train_patch(network, images, target, steps=60, batch=50, rate=0.03, seed=0):
    """A patch of 8 × 8 dots that makes the network answer `target`, over random places
    and sizes of 14 to 20 pixels.
    """
    rng, patch, momentum = (
        np.random.default_rng(seed),
        np.full((8, 8, 3), 0.5, "float32"),
        0,
    )
    for step in range(steps):
        size = rng.integers(14, 21)
        top, left = on_the_face(rng, size, batch)
        shown, index = resized(patch, size)
        pasted = paste_patch(images[rng.choice(len(images), batch)], shown, top, left)
        gradient = np.asarray(pixel_gradient(network, pasted, np.full(batch, target)))
        windows = [
            g[t : t + size, s : s + size]
            for g, t, s in zip(gradient, top, left, strict=True)
        ]
        total = np.zeros_like(patch)
        np.add.at(total, (index[:, None], index), np.sum(windows, axis=0))
        momentum = 0.8 * momentum + total / np.abs(total).mean()
        patch = np.clip(patch - rate * (1 - step / steps) * momentum, 0, 1)
    return patch


STICKER = 1
patch = train_patch(model, x_train[y_train != STICKER], STICKER)

# %%
others = x_test[right][y_test[right] != STICKER][:120]
shuffled = (
    np.random.default_rng(1).permutation(patch.reshape(-1, 3)).reshape(patch.shape)
)
kinds = {
    "trained, on the face": patch,
    "shuffled, on the face": shuffled,
    "trained, anywhere": patch,
}
kinds["grey, on the face"] = np.full_like(patch, 0.5)
rng, n, sides = np.random.default_rng(5), len(others), (14, 17, 20)
success = {name: (sides, []) for name in kinds}

# %%
for side in sides:
    for name, sticker in kinds.items():
        places = (
            on_the_face(rng, side, n)
            if "face" in name
            else rng.integers(0, 64 - side, (2, n))
        )
        pasted = paste_patch(others, resized(sticker, side)[0], *places)
        success[name][1].append(np.mean(robustness.predicted(model, pasted) == STICKER))
worn = paste_patch(others[:4], resized(patch, 17)[0], *on_the_face(rng, 17, 4))
shares = robustness.probabilities(model, worn)[:, STICKER]
pictures = {"patch": patch} | {
    f"{names[STICKER]} {share:.1%}" + " " * k: worn[k] for k, share in enumerate(shares)
}
plots.show(
    robustness.curves_and_pictures(
        success, "side of the patch (pixels)", "share won over", pictures
    ),
    "Share won over against size, far highest for the trained patch on the face."
    " Right: the patch and four faces.",
)

# %% [markdown]
# **What you see.** One square of 64 coloured dots, computed once from training faces, changes the answer for a
# large part of the test faces, which it has never met, anywhere up to 8 pixels from the middle of the face; larger is
# better. Some faces resist, among the four shown too. The same colours in random order do much less, and so does the
# patch where it may land anywhere in the picture; a plain grey square does least.
#
# **Why.** The patch shows the network an exaggerated portion of what it counts as evidence for the label. It holds
# for the transformations that were drawn, no further: this network's dense layer asks for each part at its place
# (section 9), so that evidence on the wall counts little. The grey square is the control: covering part of a face
# also hides evidence.
#
# ## 7 · Without the network: transfer
#
# All gradients came from the network under attack. Often the attacker has no access to it, but can train another
# one for the same task.
#
# **Predict.** A second network with other layers, other kernels and another seed learns the same task. What will
# pictures attacked on the first do to the second?

# %%
keras.utils.set_random_seed(77)
layers = [keras.layers.Rescaling(4, -2)]
for filters in (8, 16, 32):
    layers += [
        keras.layers.Conv2D(filters, 4, strides=2, padding="same", activation="elu")
    ]
layers += [
    keras.layers.Flatten(),
    keras.layers.Dropout(0.3),
    keras.layers.Dense(48, "relu"),
    keras.layers.Dense(2),
]
second = keras.Sequential([keras.Input((64, 64, 3)), *layers])
robustness.fit(second, x_train, y_train, epochs=5, peak=0.003)

# %%
prediction = None  # of the second, attacked on the first at ε = 8/255: accuracy
x_both, y_both = x_attack[:150], y_attack[:150]
transfer = {
    name: (epsilons[1:], [])
    for name in ("attacked itself", "attacked by the first", "noise of equal norm")
}
for epsilon in epsilons[1:]:
    borrowed = fgsm(model, x_both, y_both, epsilon)
    noisy = np.clip(x_both + noise_of_equal_norm(borrowed - x_both, 1), 0, 1)
    pictures = fgsm(second, x_both, y_both, epsilon), borrowed, noisy
    for (_, values), attacked in zip(transfer.values(), pictures, strict=True):
        values.append(robustness.accuracy(second, attacked, y_both))
plots.show(
    robustness.accuracy_figure(transfer),
    "Accuracy of the second network over ε: lowest when it is attacked itself, between"
    " that and the flat curve of noise"
    " for pictures attacked on the first network.",
)
borrowed = transfer["attacked by the first"][1][3]
lab.compare("left of the second network at 8/255", prediction, borrowed)

# %% [markdown]
# **What you see.** Pictures made for the first network also bring the second one down, less than its own attack
# does and far more than noise.
#
# **Why.** What is predictive in the pictures points the same way in both networks: the perturbation is not an
# accident of one set of weights. Here the attacker had an advantage: both networks learnt from the *same* 3000
# portraits. Draw others for the second, `datasets.portraits.draw_portraits(3000, seed=92)`, and measure again: in our
# one trial (not part of this run) 36 % were left at 8/255, more than here and far less than under noise. Hiding the
# weights is no protection.
#
# ## 8 · Defences, real and apparent
#
# ### Adversarial training
#
# Show the network the worst pictures while it learns (Madry et al., 2018):
# $\min_w \mathbb E \, \max_{\lVert \delta \rVert_\infty \le \varepsilon} J(w, x + \delta, y)$. The inner maximum costs
# several gradients a step; one FGSM step from a *random start* is a cheap stand-in (Wong et al., 2020). The
# training step below is all of it: find bad pictures inside the ball, then descend on their loss. `tf.function`
# compiles it.
#
# **Predict.** What happens to the accuracy on clean faces, what to that under PGD?


# %%
hardened = keras.models.clone_model(model)
hardened.set_weights(model.get_weights())
entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimiser = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.002, 250))


@tf.function
def adversarial_training_step(images, labels, epsilon):
    """FGSM from a random start, then one step of the optimiser on the pictures
    found.
    """
    start = images + tf.random.uniform(tf.shape(images), -epsilon, epsilon)
    with tf.GradientTape() as tape:
        tape.watch(start)
        loss = entropy(labels, hardened(start, training=False))
    worse = start + 1.25 * epsilon * tf.sign(tape.gradient(loss, start))
    worse = tf.clip_by_value(
        tf.clip_by_value(worse, images - epsilon, images + epsilon), 0.0, 1.0
    )
    with tf.GradientTape() as tape:
        loss = entropy(labels, hardened(worse, training=True))
    optimiser.apply(
        tape.gradient(loss, hardened.trainable_variables), hardened.trainable_variables
    )


# %%
rng = np.random.default_rng(8)
for _ in range(250):
    batch = rng.choice(len(x_train), 64)
    adversarial_training_step(
        tf.constant(x_train[batch]), tf.constant(y_train[batch]), 4 / 255
    )

# %%
prediction = None  # of the hardened network, accuracy clean and at ε = 4/255
radii = np.array([0, 2, 4, 8]) / 255
networks, robust, gradients = {"usual": model, "hardened": hardened}, {}, {}
for name, network in networks.items():
    attacked = robustness.accuracy_under(
        network, partial(pgd, network), x_few, y_few, radii[1:]
    )
    robust[name] = 255 * radii, [robustness.accuracy(network, x_few, y_few), *attacked]
    for k in (0, 1):
        size = np.abs(pixel_gradient(network, x_few[k : k + 1], y_few[k : k + 1]))[
            0
        ].mean(axis=-1)
        gradients[f"{name}, face {k + 1}"] = size / size.mean()
plots.show(
    robustness.curves_and_pictures(
        robust,
        "ε in steps of 1/255",
        "accuracy under PGD",
        gradients,
        cmap="cividis",
        vmin=0,
        vmax=6,
    ),
    "Left: under PGD the usual network falls at once, the hardened one slowly, from a"
    " lower start. Right: size of the"
    " gradient in each pixel, yellow where it is large, for two faces and either"
    " network.",
)
clean_and_attacked = [robust["hardened"][1][k] for k in (0, 2)]
lab.compare("hardened: clean, at 4/255", prediction, clean_and_attacked)

# %% [markdown]
# One attack that fails proves little about a network: another start or more steps may succeed. So attack the hardened
# network with several, and count a face as robust only if it withstands **all** of them.

# %%
attacks = {"FGSM": fgsm, "PGD, start 0": pgd, "PGD, 40 steps": partial(pgd, steps=40)}
# ten steps each
attacks |= {f"PGD, start {k}": partial(pgd, seed=k) for k in (1, 2, 3)}
attacked = [attack(hardened, x_few, y_few, 4 / 255) for attack in attacks.values()]
answers = np.stack([robustness.predicted(hardened, pictures) for pictures in attacked])
for kind, row in zip(attacks, answers, strict=True):
    print(f"{kind:14} {robust_accuracy(row[None], y_few):.2f}")
print(f"all of them    {robust_accuracy(answers, y_few):.2f}")

# %% [markdown]
# **What you see.** The hardened network gives away accuracy on clean faces and keeps a good part under attacks that
# leave the usual network nothing. Its gradients (yellow = large) are less scattered, gathered around the middle of
# the face. The list asks whether the number at ε = 4/255 can be believed: FGSM, ten steps from four starts and forty
# steps differ by a few faces in a hundred, and all of them together win hardly more than the forty steps alone.
#
# **Why.** Within the ball only features that survive ±ε are worth learning, and many that helped on clean faces do
# not. It is trained for ε = 4/255: up to there it keeps most of its accuracy, and it falls faster beyond. The list is
# no formality. Training with one step can end in a network that withstands FGSM only and loses everything to PGD
# (*catastrophic overfitting*, Wong et al., 2020).
#
# ### Blur and rounding: looking defended
#
# Why not wash the attack away: blur each picture, or round its colours to eight levels, before the network sees it?
# Ready-made attacked pictures are made for a network without that. But an attacker who *knows* of it attacks the
# whole chain, and has a second way: take the gradient *behind* the defence, and pretend that on the way back the
# defence is the identity (*backward pass differentiable approximation*, BPDA; Athalye et al., 2018).
#
# **Predict.** For each of the two defences: accuracy under pictures made for the bare network, and under PGD on the
# chain? For the rounding also under BPDA?


# %%
def rounded(images):
    """Colours rounded to eight levels, by seven signs: TensorFlow's gradient of a sign
    is zero.
    """
    return sum(tf.sign(images - (k + 0.5) / 7) for k in range(7)) / 14 + 0.5


def bpda(images, labels, epsilon, steps=10):
    """PGD whose gradient is taken behind the rounding and used in front of it."""
    moved = images
    for _ in range(steps):
        gradient = pixel_gradient(model, rounded(moved), labels)
        moved = project_to_ball(
            moved + epsilon / 4 * np.sign(gradient), images, epsilon
        )
    return moved


# %%
blurring = keras.Sequential(
    [keras.Input((64, 64, 3)), keras.layers.AveragePooling2D(3, 1, "same"), model]
)
rounding = keras.Sequential(
    [keras.Input((64, 64, 3)), keras.layers.Lambda(rounded), model]
)
task = x_few, y_few, 3 / 255
ready_made = pgd(model, *task)
chains = {
    "no defence": (model, ready_made),
    "blur 3 × 3": (blurring, pgd(blurring, *task)),
    "eight levels, plain PGD": (rounding, pgd(rounding, *task)),
    "eight levels, BPDA": (rounding, bpda(*task)),
    "eight levels, BPDA, 20 steps": (rounding, bpda(*task, steps=20)),
}
defences = []
for name, (chain, attacked) in chains.items():
    values = [
        robustness.accuracy(chain, x, y_few) for x in (x_few, ready_made, attacked)
    ]
    defences.append([name, *(f"{value:.2f}" for value in values)])
plots.table(
    ["defence", "clean", "ready-made pictures", "attack on the chain"],
    defences,
    "Accuracy at ε = 3/255",
)

# %% [markdown]
# ### Question · `what_the_rounding_did`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def what_the_rounding_did():
    """Plain PGD fails against the rounding network, BPDA succeeds. So rounding ...

    a) removed the adversarial pictures near each face, until BPDA made new ones.
    b) made the network robust, but PGD had too few steps to notice.
    c) took away the gradient that the attack was steered by; the wrong answers
       near each face were there all the time.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# The blur seems to save many of the ready-made pictures and loses much of that to an attacker who knows of it. The
# third row is the trap: rounding is flat almost everywhere, its gradient is zero, PGD stays where it started
# (*gradient masking*), and the defence looks like the best of all. The symptom stands in the same row: pictures made
# *without* knowledge of the defence beat the attack made with it, which cannot be if that attack did its work. The
# last rows step over the rounding and have a better upper bound. Twice as many steps hardly lower it: whether the
# rest above the bare network is a small true gain, or the price of pretending that rounding is the identity, this
# table cannot tell.
#
# ## 9 · Without any attacker
#
# Lecture E shows a network whose answer *person* goes from 0.88 to 0.85 when the person moves, and one whose
# certainty about a dog changes with what is covered. Move, turn and cover our test faces, and watch two numbers:
# how often the network is right, and how sure it is on average.
#
# **Predict.** When accuracy falls, does the confidence fall with it?

# %%
prediction = None  # mean confidence when all faces are turned by 90 degrees, 0.5 to 1
trials = {
    "shift (pixels)": (robustness.shifted, (0, 2, 4, 8, 12)),
    "rotation (degrees)": (robustness.turned, (0, 15, 30, 60, 90, 180)),
    "covered (side in pixels)": (robustness.covered, (0, 8, 16, 24, 32)),
}
fig, axes = plt.subplots(1, 3, figsize=(9, 2.7), sharey=True)
for ax, (label, (change, amounts)) in zip(axes, trials.items(), strict=True):
    answers = [
        robustness.probabilities(model, change(x_attack, amount)) for amount in amounts
    ]
    accuracy = [np.mean(p.argmax(axis=1) == y_attack) for p in answers]
    confidence = [p.max(axis=1).mean() for p in answers]
    plots.curves(
        ax,
        {"accuracy": (amounts, accuracy), "mean confidence": (amounts, confidence)},
        label,
        "fraction",
    )
plots.show(
    fig,
    "Three panels, shift, rotation and cover: accuracy falls far, with some ups, and"
    " confidence falls much less.",
)
turned = robustness.probabilities(model, robustness.turned(x_attack, 90))
lab.compare("mean confidence at 90 degrees", prediction, turned.max(axis=1).mean())

# %% [markdown]
# **What you see.** Small shifts cost something; larger ones, rotation and covering bring the accuracy far down, not
# always further with the amount: it can rise again, for faces that stand on their head as well. The confidence falls
# far less: the network is wrong and sure of it.
#
# **Why.** Convolution moves along with the face, but the dense layer behind it knows *places* (lab 06), and nothing
# in training was ever turned by more than some ten degrees, or covered by a grey square. Softmax has no answer "I
# have never seen this", and a score far from the border counts as certainty, whatever produced it. A check of the
# input (is this a face, upright, uncovered?) has to come from elsewhere.
#
# ## 10 · For whom does it err?
#
# One number for the whole test set can hide that some bear most of the mistakes. Buolamwini and Gebru (2018)
# measured three commercial systems that labelled gender from photographs: up to 0.8 % errors for lighter-skinned
# men, up to 34.7 % for darker-skinned women.
#
# ### Exercise · `error_rates`
#
# <details><summary>Hint 1 · a nudge</summary>
#
# For each group: among *its* members, the fraction for which prediction and label differ.
#
# </details>
# <details><summary>Hint 2 · groups without members</summary>
#
# No measurement is not a measurement of 0: return `np.nan` there.
#
# </details>
#
# **Predict.** Skin was drawn without regard to the label, and all skin colours are equally frequent in training.
# Hair length depends on the label, but not fully ("hair covered" is a headscarf or a turban). Between which groups do
# you expect a difference?


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=1)
def error_rates(labels, predictions, groups, count):
    """Error rate within each group.

    labels, predictions, groups: (n,) whole numbers, groups from 0 to count - 1.
    Returns (count,) rates; nan for a group without members.
    """
    # BEGIN SOLUTION
    wrong = labels != predictions
    return np.array(
        [
            wrong[groups == k].mean() if np.any(groups == k) else np.nan
            for k in range(count)
        ]
    )
    # END SOLUTION


# %%
# True: minutes for the long run behind this cell, and again for the one behind the next
# figure
RUN_IN_FULL = False
long_runs = {
    name: experiments.all_experiments()[name]
    if RUN_IN_FULL
    else partial(experiments.stored, name)
    for name in ("faces_error_by_skin", "faces_bias_knob")
}
fig, axes = plt.subplots(1, 2, figsize=(9, 2.9))
predictions = p_test.argmax(axis=1)
larger_run = long_runs["faces_error_by_skin"]()
by_skin = np.mean(larger_run["error_rates"], axis=0), larger_run["sizes"]
for ax, (groups, group_names) in zip(axes, robustness.face_groups(faces), strict=True):
    rates = error_rates(y_test, predictions, groups, len(group_names))
    sizes = np.bincount(groups, minlength=len(group_names))
    larger = by_skin if group_names[0].startswith("skin") else None
    robustness.rate_intervals(ax, rates, sizes, group_names, "group", larger)
plots.show(
    fig,
    "Error rates with intervals: of skin colours (left) most overlap, of label and"
    " hair (right) they lie far apart.",
)

# %% [markdown]
# **What you see.** By label and hair the rates lie far apart: those whose hair is rare for their label are taken for
# the other one several times as often. The intervals of the skin colours are wide, and most of them overlap: some
# hundred and seventy faces a group cannot tell 3 % from 6 %. The squares are the stored run: the mean of three
# networks on 4000 fresh portraits, with intervals for that many portraits. The darkest group comes out worst in the
# test set and, on average, in the stored run (6.2 %, interval 4.6 to 8.3; the fourth group has 3.5 %, 2.3 to 5.1),
# but not with every seed: one of the three stored networks erred most on the lightest.
#
# **Why.** The network learnt that long hair speaks for one label, because it mostly does. Those for whom it does not
# pay for the average. Of skin the figure shows less: the intervals of the larger run still overlap, and its three
# networks share their training portraits and their test. That is suspicion, not proof; to confirm or refute it takes
# more portraits and networks that learnt from different ones. One thing to look at: the program draws brows and beards
# with little contrast on dark skin; that would be a fault of the *pictures*. Balance in the numbers does not promise
# balance in the errors, and a small test set cannot show it.
#
# ### Unbalanced on purpose
#
# Lecture E: a system found horses by the photographer's copyright mark. Here is the same with glasses.
# `draw_portraits` has a knob, `bias`: at 0 glasses say nothing about the label, at 1 all portraits with label 1
# wear them in training and no others.
#
# **Predict.** A network trained with bias 0.9 (93 % of label 1 wear glasses, 3 % of label 0) is tested on portraits
# where glasses mean nothing. Which two of the four groups (label, with or without glasses) will suffer?

# %%
prediction = None  # error rate for label 0 with glasses, 0 to 1
skewed, fair = (
    datasets.portraits.draw_portraits(1000, seed=90, bias=0.9),
    datasets.portraits.draw_portraits(400, seed=91),
)
keras.utils.set_random_seed(4)
biased = small_cnn_for_faces()
robustness.fit(
    biased, skewed.images.astype("float32") / 255, skewed.labels, epochs=8, peak=0.003
)
answers = robustness.predicted(biased, fair.images.astype("float32") / 255)
group = 2 * fair.labels + fair.attributes["glasses"]
four = [
    f"{name}, {worn}" for name in fair.label_names for worn in ("no glasses", "glasses")
]
knob = long_runs["faces_bias_knob"]()
means = np.mean(knob["error_rates"], axis=1)  # (bias, seed, group) → (bias, group)
fig, axes = plt.subplots(1, 2, figsize=(9, 2.9))
robustness.rate_intervals(
    axes[0],
    error_rates(fair.labels, answers, group, 4),
    np.bincount(group),
    four,
    "group",
)
over_bias = {name: (knob["biases"], means[:, k]) for k, name in enumerate(four)}
plots.curves(axes[1], over_bias, "bias of the training set (stored run)", "error rate")
plots.show(
    fig,
    "Left: error rates of four groups after biased training; the first label with"
    " glasses and the second without are"
    " often mislabelled. Right: the same over the bias, rising for those two.",
)
rate = error_rates(fair.labels, answers, group, 4)[1]
lab.compare(f"error rate, {four[1]}", prediction, rate)

# %% [markdown]
# **What you see.** Faces of label 0 *with* glasses and of label 1 *without* are often taken for the other label; the
# other two groups do better than at bias 0. The curves (stored: three seeds a point, `python -m
# labs_utils.experiments faces_bias_knob`) rise for the first two with the bias, gently at first and then steeply. At
# bias 0 they start higher than section 2 suggests: here 1000 portraits were learnt, not 3000.
#
# **Why.** In the skewed set glasses are the easiest evidence there is. On test pictures *with the same bias* this
# network would shine: only groups, and a test set that breaks the coincidence, show what it has learnt. Lecture A
# asks how the *coverage of possible inputs* can be assessed, and calls it open: a test set is a sample of what
# somebody thought of.
#
# ### Question · `what_a_test_proves`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def what_a_test_proves():
    """Network R keeps 60 % accuracy under PGD (40 steps, 10 restarts, ε = 8/255)
    on 1000 test faces. What has been shown?

    a) For at least 40 % of these faces there is a picture within ε (perhaps the
       face itself) that gets a wrong answer; the rest resisted this attack,
       and a stronger one may still turn some of them.
    b) 60 % of these faces are safe from every change up to ε.
    c) On any 1000 pictures, 60 % would be answered rightly.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
# ## 11 · What you have found
#
# 1. **FGSM.** The sign of the gradient with respect to the pixels, times ε: every pixel moves a little, all in the
#    direction that raises the loss.
# 2. **Noise** of the same length does next to nothing: a random direction is almost at right angles to the
#    gradient.
# 3. **PGD.** Small steps, projected onto the ball around the original; counted are pictures that survive every
#    attack and every start. What is measured is an upper bound of the true robust accuracy.
# 4. **Other attackers.** Targets, single pixels without gradients, patches that work on many faces, pictures borrowed
#    from another network: each is a different idea of what the attacker may do.
# 5. **Defence.** Adversarial training pays with clean accuracy and keeps most of the rest up to the ε it was trained
#    for, less beyond. Rounding hides the gradient and falls to an attack that steps over it.
# 6. **Without attacker.** Confidence stays high where accuracy falls; averages hide groups; a bias of the training
#    set becomes a rule of the network.
#
# Everything in one table: which attack needs what, on how many faces it was tried, and what it left of the accuracy
# there. Rows with different faces differ for that reason too.

# %%
left = {
    "none": ("-", 250, by_fgsm[0]),
    "noise as long as FGSM's, 8/255": ("nothing", 250, by_noise[4]),
    "FGSM, 2/255": ("the gradient, once", 100, duel["FGSM"][1][2]),
    "PGD, 10 steps, 2/255": (
        "the gradient, 10 times",
        100,
        duel["PGD, 10 steps"][1][2],
    ),
    "PGD, 40 steps, 8/255": ("the gradient, 40 times", 100, after_forty),
    "one pixel, uncertain faces": (
        "440 answers a face",
        len(picked),
        1 - fallen / len(picked),
    ),
}

# %%
left |= {
    f"patch, {sides[1]} pixels wide": (
        "gradients, in advance",
        n,
        1 - success["trained, on the face"][1][1],
    ),
    "FGSM 8/255 made for another network": (
        "a network of one's own",
        150,
        transfer["attacked by the first"][1][3],
    ),
    "PGD 4/255 on the hardened network": (
        "the gradient, 10 times",
        100,
        robust["hardened"][1][2],
    ),
    "PGD 3/255 through rounding, BPDA": (
        "gradient and defence",
        100,
        float(defences[-1][3]),
    ),
}
rows = [
    [attack, needs, faces_tried, f"{value:.2f}"]
    for attack, (needs, faces_tried, value) in left.items()
]
header = ["attack", "what it needs", "faces", "accuracy left"]
plots.table(header, rows, "Attacks on the networks of this lab, in this run")

# %% [markdown]
# ## 12 · To discuss
#
# 1. An ε-ball of 8/255 stands for "the picture looks the same". Name a change that looks the same to you and lies
#    far outside, and one inside it that would matter to you. What does robustness in the ball then mean?
# 2. A shop wants to estimate the gender of its customers from a camera "for statistics". Which of the measurements
#    of this lab would you ask for, and is there a result that would make you agree?
# 3. Somebody publishes a defence with 90 % accuracy "under FGSM". Write down three questions to ask.

# %% [markdown] tags=["solution"]
# **For instructors.** 1: a shift by one pixel, a flip, another exposure lie far outside. Inside lies what is faint
# and yet decides: a pale shadow in an X-ray, a hairline crack in a weld, small print in light grey (a 3 made an 8 or
# a beard drawn on are far outside this ball). The ball is a mathematical convenience, not a model of what people
# see. 2: error rates per group with intervals on people of *that* shop, what happens to those who fit neither label,
# consent, and what the statistics are for; no accuracy answers the question whether it should be done. 3: for
# example: with how many steps and restarts of PGD, does the attack know the defence (BPDA, expectation over its
# randomness), and does accuracy fall to zero as ε grows? If it does not, the gradient is masked.

# %% [markdown]
# ## 13 · Further reading
#
# - C. Szegedy et al., *Intriguing properties of neural networks*, ICLR (2014).
# - I. Goodfellow, J. Shlens and C. Szegedy, *Explaining and harnessing adversarial examples*, ICLR (2015).
# - A. Nguyen, J. Yosinski and J. Clune, *Deep neural networks are easily fooled*, CVPR (2015).
# - M. Sharif, S. Bhagavatula, L. Bauer and M. Reiter, *Accessorize to a crime*, ACM CCS (2016): glasses.
# - A. Kurakin, I. Goodfellow and S. Bengio, *Adversarial examples in the physical world*, ICLR workshop (2017).
# - T. Brown, D. Mané, A. Roy, M. Abadi and J. Gilmer, *Adversarial patch*, arXiv:1712.09665 (2017).
# - K. Eykholt et al., *Robust physical-world attacks on deep learning visual classification*, CVPR (2018).
# - A. Madry, A. Makelov, L. Schmidt, D. Tsipras and A. Vladu, *Towards deep learning models resistant to
#   adversarial attacks*, ICLR (2018).
# - A. Athalye, N. Carlini and D. Wagner, *Obfuscated gradients give a false sense of security*, ICML (2018): BPDA.
# - A. Athalye, L. Engstrom, A. Ilyas and K. Kwok, *Synthesizing robust adversarial examples*, ICML (2018):
#   expectation over transformations.
# - J. Su, D. V. Vargas and K. Sakurai, *One pixel attack for fooling deep neural networks*, IEEE Transactions on
#   Evolutionary Computation 23 (2019) 828–841.
# - D. Hendrycks and T. Dietterich, *Benchmarking neural network robustness to common corruptions and
#   perturbations*, ICLR (2019).
# - E. Wong, L. Rice and J. Z. Kolter, *Fast is better than free: revisiting adversarial training*, ICLR (2020).
# - J. Buolamwini and T. Gebru, *Gender shades: intersectional accuracy disparities in commercial gender
#   classification*, Proceedings of Machine Learning Research 81 (2018) 77–91.

# %%
lab.progress()
