# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: Optimisers, schedules, initialisation
#     lecture: C (optimisation), A (momentum), B (pre-training), D (table of optimisers)
#     minutes: 1
#     data: [digits]
# ---

# %% [markdown]
# # 03 · Optimisers, schedules, initialisation
#
# A network, its gradient, and seven ways to take the next step. You write each of them, race them fairly, choose how
# the learning rate changes, keep signals alive through twenty layers, whiten the inputs, and teach a network without
# labels.
#
# **After this lab you can answer:**
#
# 1. What do momentum and Nesterov's method add to gradient descent, and what do the adaptive methods add?
# 2. Which optimiser is the fastest, and what does a fair race look like?
# 3. How do you find a learning rate, and how should it change during training?
# 4. What does the size of the batch change?
# 5. How must the weights of a deep network start?
# 6. What does whitening do?
# 7. When does pre-training without labels still pay?
#
# | | |
# |:--|:--|
# | **Data** | scikit-learn's 8 × 8 digits |
# | **Lecture** | C, *Optimisation*; A, *Deep Neural Networks*; B, *Deep Learning I*; D, *Deep Learning* (its table of optimisers) |
# | **You need** | labs 01 and 02: gradient descent, mini-batches, backpropagation |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference. Where a cell begins
# with `prediction = None`, write your own there before you run it; it is never marked.
#
# $W$ are the weights, $g$ the gradient of the loss there, $\eta$ the learning rate, $\odot$ multiplies element by
# element. Squares, roots and fractions of vectors are element by element too.

# %% tags=["imports"]
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit, softmax

from labs_utils import Lab, datasets, plots
from labs_utils.experiments import optimisers as nets

lab = Lab("03_optimisers")
plots.use_style()

# %% [markdown]
# ## 1 · Momentum
#
# Plain gradient descent, $W \leftarrow W - \eta g$, has trouble in a narrow valley: the rate that the steep
# direction bears is far too small for the flat one. **Momentum** remembers: a velocity $V$, at first 0, collects the
# gradients, and friction $\rho$ lets old ones fade.
#
# $$V \leftarrow \rho V - \eta\, g \qquad\qquad W \leftarrow W + V$$
#
# > **Margin note.** Lecture A collects $V \leftarrow \rho V + g$ and steps by $-\eta V$. With a constant rate it is
# > the same; Keras writes it as above. Lecture D credits gradient descent on samples (SGD) to Kiefer and Wolfowitz
# > (1952); they estimated the gradient by finite differences. SGD is Robbins and Monro (1951).
#
# ### Exercise · `momentum`
#
# Nesterov's method and Adam carry this memory too. Write it once in its simplest form; with $\rho = 0$ it is plain
# gradient descent.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Two lines, one a formula. The weights move by the *new* velocity.
#
# </details>
# <details><summary>Hint 2 · "changes its argument in place"</summary>
#
# `v *= rho` changes the caller's array. Write `v = rho * v - …`.
#
# </details>


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=1)
def momentum(w, v, g, rate, rho):
    """One step of gradient descent with momentum.

    w, v, g: weights, velocity, gradient, of one shape; rate: number; rho: 0 to 1.
    Returns the new w and the new v.
    """
    # BEGIN SOLUTION
    v = rho * v - rate * g
    return w + v, v
    # END SOLUTION


# %% [markdown]
# On a long slope the gradient is the same everywhere. The velocity is then a geometric series, $\eta g\,(1 + \rho +
# \rho^2 + \dots)$.
#
# **Predict.** With $\rho = 0.9$, how many times as large does a step become as the first?

# %%
prediction = None  # how many times as large as the first step, with rho = 0.9
growth, reached = {}, None
for rho in (0.0, 0.5, 0.9, 0.99):
    w, v = np.zeros(1), np.zeros(1)
    sizes = []
    for _ in range(200):
        w, v = momentum(w, v, np.ones(1), 0.1, rho)
        sizes.append(-v[0] / 0.1)
    growth[f"$\\rho$ = {rho}: {sizes[-1]:.1f} times"] = sizes
    reached = sizes[-1] if rho == 0.9 else reached
figure, axes = plt.subplots(figsize=(6, 3.2))
plots.curves(axes, growth, "step", "size of the step, in $\\eta g$")
axes.set(yscale="log", ylim=(0.8, 150), title="A constant gradient")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plots.show(figure, "Four rising curves that level off: at 1, 2, 10 and nearly 100.")
lab.compare("growth of the step", prediction, round(reached, 1))

# %% [markdown]
# **What you see.** The steps grow and level off at $1/(1-\rho)$ times the first: 1, 2, 10. With $\rho = 0.99$,
# 200 steps are not quite enough to reach 100.
#
# **Why.** The velocity is a running sum whose terms fade. Along the valley all gradients agree and the **effective
# rate** is $\eta / (1 - \rho)$; across it they alternate in sign and cancel.
#
# ## 2 · Nesterov: look before you correct
#
# Nesterov's method first makes the jump that the velocity wants, measures the gradient *there*, then corrects:
#
# $$V \leftarrow \rho V - \eta\, \nabla L(W + \rho V) \qquad\qquad W \leftarrow W + V$$
#
# ### Exercise · `nesterov_path`
#
# For this method a step needs the gradient at a place of its own choice. Take $L(W) = \frac12 W^\top H W$, whose
# gradient is $H W$, and write the whole descent.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# A loop of `steps` rounds; keep a list that begins with the start. Three lines a round: where to look, the
# velocity, the weights.
#
# </details>
# <details><summary>Hint 2 · the look-ahead</summary>
#
# The gradient is `hessian @ (w + rho * v)`, with the old velocity.
#
# </details>


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def nesterov_path(w, hessian, rate, rho, steps):
    """Nesterov's descent on 0.5 * w @ hessian @ w, from rest.

    w: (d,) start; hessian: (d, d), symmetric.
    Returns (steps + 1, d): every w, the start first.
    """
    # BEGIN SOLUTION
    v, path = np.zeros(len(w)), [w]
    for _ in range(steps):
        v = rho * v - rate * hessian @ (w + rho * v)
        w = w + v
        path.append(w)
    return np.array(path)
    # END SOLUTION


# %% [markdown]
# Keras keeps the *looked-at* point $U = W + \rho V$ in place of $W$: then each step needs only the gradient at $U$. In these
# variables, $V \leftarrow \rho V - \eta g$ and $U \leftarrow U + \rho V - \eta g$. And lecture A looks ahead
# with its own $V$, whose sign is the other way round: at $W + \rho V$, which is *behind*.
#
# **Predict.** On $L = \frac12 W^2$, from 1, with $\eta = 0.1$ and $\rho = 0.9$: where is the slide's version after 60
# steps?

# %%
prediction = None  # |W| after 60 steps of the slide's version


def keras_path(optimizer, start, gradient, steps=50):
    """(steps + 1, d): where a Keras optimiser goes from `start`."""
    w = keras.Variable(np.asarray(start, float), dtype="float64")
    path = [w.numpy()]
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(gradient(w.numpy()))], [w])
        path.append(w.numpy())
    return np.array(path)


bowl = np.diag([1.0, 20.0])
ours = nesterov_path(np.array([-4.0, 1.0]), bowl, 0.03, 0.9, 50)
velocity = np.diff(ours, axis=0, prepend=ours[:1])
nesterov = keras.optimizers.SGD(0.03, momentum=0.9, nesterov=True)
theirs = keras_path(nesterov, [-4, 1], lambda w: bowl @ w)
assert np.allclose(ours + 0.9 * velocity, theirs, atol=1e-5)
print("Keras is at W + 0.9 V in each of 50 steps")

w, v = 1.0, 0.0
for _ in range(60):  # as the slide has it
    v = 0.9 * v + (w + 0.9 * v)
    w = w - 0.1 * v
slide = abs(w)
right = nesterov_path(np.ones(1), np.eye(1), 0.1, 0.9, 60)[-1, 0]
print(f"after 60 steps: the slide's |W| = {slide:.0e}, Nesterov's {abs(right):.0e}")
lab.compare("|W| by the slide", prediction, float(f"{slide:.0e}"))

# %%
w, v = ours[5], velocity[5]
jump = w + 0.9 * v
corrected = jump - 0.03 * bowl @ jump
plain = jump - 0.03 * bowl @ w
figure, axes = plt.subplots(figsize=(7, 4))
arrows = {
    "1 · the jump, $\\rho V$": (w, jump, plots.ORANGE),
    "2 · the correction, measured after the jump": (jump, corrected, plots.RED),
    "3 · both: Nesterov's step": (w, corrected, plots.GREEN),
    "4 · momentum's correction, measured before": (jump, plain, plots.BLUE),
}
plots.descent.arrows(axes, arrows)
axes.set(xlabel="$w_1$", ylabel="$w_2$", title="One step, from the left end")
plots.show(
    figure,
    "Four arrows: a jump, a correction at its end, the sum of both, and momentum's"
    " correction, which differs.",
)

# %% [markdown]
# The figure is that of lecture C's slide with four vectors, computed in a step on the bowl.
#
# > **Margin note.** Lecture A takes the gradient at $W + \rho V$ though its $V$ points uphill. The look-ahead is
# > $W - \eta \rho V$ in its notation. The slide's version runs away.
#
# ## 3 · Adaptive rates
#
# One rate for all weights is a compromise: gradients differ from layer to layer. **Adagrad** (Duchi et al., 2011)
# divides by the root of everything squared so far, **RMSProp** (Tieleman and Hinton, 2012) by that of a running mean:
#
# $$\text{Adagrad: } S \leftarrow S + g^2 \qquad \text{RMSProp: } S \leftarrow \rho S + (1 - \rho)\, g^2 \qquad
# W \leftarrow W - \eta\, \frac{g}{\sqrt{S + \varepsilon}}$$
#
# (Lecture C writes a rate $\eta / \sqrt{t + 1}$ over the root of the *mean* square; $t + 1$ cancels, and the sum remains.)
# $\varepsilon$ only prevents a division by 0. Here, as in Keras, these two have it *inside* the root.
#
# ### Exercise · `adagrad`
#
# The accumulator $S$ is the memory of the method: it must come back to the caller, to be handed in again.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# First $S$, then $W$ with the new $S$. Return both.
#
# </details>


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=1)
def adagrad(w, s, g, rate, eps):
    """One step of Adagrad.

    w, s, g: weights, sum of squared gradients so far, gradient, of one shape.
    Returns the new w and the new s.
    """
    # BEGIN SOLUTION
    s = s + g**2
    return w - rate * g / np.sqrt(s + eps), s
    # END SOLUTION


# %% [markdown]
# ### Exercise · `rmsprop`
#
# Adagrad's sum only grows, so its steps only shrink. RMSProp forgets.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# One line of `adagrad` changes. $\rho$ weighs the old value, $1 - \rho$ the new square.
#
# </details>


# %% minutes=5 difficulty=1 kind="core"
@lab.exercise(points=1)
def rmsprop(w, s, g, rate, rho, eps):
    """One step of RMSProp.

    w, s, g: weights, running mean of squared gradients, gradient, of one shape.
    Returns the new w and the new s.
    """
    # BEGIN SOLUTION
    s = rho * s + (1 - rho) * g**2
    return w - rate * g / np.sqrt(s + eps), s
    # END SOLUTION


# %% [markdown]
# ### Exercise · `adadelta`
#
# Adadelta (Zeiler, 2012) finds that in RMSProp the units do not fit: the step should have those of $W$. It multiplies by
# the root of a second running mean, $D$, of its own *steps* squared:
#
# $$S \leftarrow \rho S + (1 - \rho) g^2 \qquad \Delta = -\frac{\sqrt{D + \varepsilon}}{\sqrt{S + \varepsilon}}\, g \qquad
# D \leftarrow \rho D + (1 - \rho) \Delta^2 \qquad W \leftarrow W + \eta\, \Delta$$
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Four lines in the order of the formulae: $\Delta$ uses the new $S$ and the *old* $D$.
#
# </details>
# <details><summary>Hint 2 · where the rate goes</summary>
#
# Zeiler has none ($\eta = 1$); Keras multiplies $\Delta$ by it after $D$ is updated.
#
# </details>


# %% minutes=10 difficulty=2 kind="extra"
@lab.exercise(points=1)
def adadelta(w, s, d, g, rate, rho, eps):
    """One step of Adadelta.

    w, s, d, g: weights, running means of squared gradients and of squared steps,
    gradient, of one shape.
    Returns the new w, s and d.
    """
    # BEGIN SOLUTION
    s = rho * s + (1 - rho) * g**2
    step = -np.sqrt(d + eps) / np.sqrt(s + eps) * g
    d = rho * d + (1 - rho) * step**2
    return w + rate * step, s, d
    # END SOLUTION


# %% [markdown]
# ### Exercise · `adam`
#
# Adam (Kingma and Ba, 2015) has a running mean $M$ of the gradients and one of their squares, $S$. Both start at 0, so the
# first values are too small; dividing by $1 - \beta^t$ corrects this **bias** in step $t = 1, 2, \dots$
#
# $$M \leftarrow \beta_1 M + (1 - \beta_1)\, g \qquad S \leftarrow \beta_2 S + (1 - \beta_2)\, g^2$$
#
# $$\hat M = \frac{M}{1 - \beta_1^t} \qquad \hat S = \frac{S}{1 - \beta_2^t} \qquad
# W \leftarrow W - \eta\, \frac{\hat M}{\sqrt{\hat S} + \varepsilon}$$
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The corrected values serve this step only; the running means go back to the caller uncorrected.
#
# </details>
# <details><summary>Hint 2 · a test that you can do in your head</summary>
#
# In the first step, $\hat M = g$ and $\hat S = g^2$: every weight moves by $\eta$, against the sign of its gradient.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def adam(w, m, s, g, t, rate, beta1, beta2, eps):
    """Step number t = 1, 2, … of Adam.

    w, m, s, g: weights, running means of gradients and of squares, gradient, of one
    shape.
    Returns the new w, m and s.
    """
    # BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * g
    s = beta2 * s + (1 - beta2) * g**2
    m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
    return w - rate * m_hat / (np.sqrt(s_hat) + eps), m, s
    # END SOLUTION


# %% [markdown]
# Now all seven in one dictionary: how many arrays of memory each needs, and its step. Nesterov is in Keras's variables.
# A loop compares them with `keras.optimizers`, 50 steps on the bowl. Keras's Adam adds its $\varepsilon$ to the
# *uncorrected* root, so it differs from the formula in the eighth digit. Its Adagrad starts $S$ at 0.1, not at 0.


# %%
METHODS = {
    "SGD": (1, lambda w, v, g, t, r: momentum(w, v, g, r, 0.0)),
    "momentum": (1, lambda w, v, g, t, r: momentum(w, v, g, r, 0.9)),
    "Nesterov": (1, lambda w, v, g, t, r: nets.nesterov_step(w, v, g, r, 0.9)),
    "Adagrad": (1, lambda w, s, g, t, r: adagrad(w, s, g, r, 1e-7)),
    "Adadelta": (2, lambda w, s, d, g, t, r: adadelta(w, s, d, g, r, 0.95, 1e-7)),
    "RMSProp": (1, lambda w, s, g, t, r: rmsprop(w, s, g, r, 0.9, 1e-7)),
    "Adam": (2, lambda w, m, s, g, t, r: adam(w, m, s, g, t, r, 0.9, 0.999, 1e-7)),
}
COLOURS = dict(zip(METHODS, plots.CYCLE, strict=True))


start, slope = np.array([-4.0, 1.0]), lambda w: w @ bowl
for name, optimiser in nets.keras_optimisers(0.03).items():
    ours = nets.descend(METHODS[name], start, slope, 0.03, 50)
    gap = np.abs(ours - keras_path(optimiser, start, slope)).max()
    assert gap < 1e-5, name
    print(f"{name:9} equals Keras in 50 steps; largest gap {gap:.0e}")

g, tiny = np.array([-2.0, 0.5]), 1e-4
print("first step of RMSProp as C starts it:", -0.03 * g / g, "for g =", g)
inside = tiny / np.sqrt(tiny**2 + 1e-7)
print(f"Adam's first step, g = {tiny}: {inside:.2f} eta with eps inside, 1 eta outside")
print(f"Adagrad's first step, g = 1: 1 eta from S = 0, {1.1**-0.5:.2f} eta from 0.1")

# %% [markdown]
# > **Margin note.** Lecture C starts RMSProp with $\sigma^0 = g^0$: the first step is $-\eta\, g / g = -\eta$ whatever the
# > sign of $g$, *uphill* where $g < 0$. It must be $|g^0|$, or 0 as here. And C's Adam has $\varepsilon$ inside the root of the
# > corrected $\hat S$: for a gradient much smaller than $\sqrt\varepsilon$ the first step is then not $\eta$ but
# > a part of it, as the cell shows.
#
# ## 4 · Seven ways down
#
# Three landscapes: a **bowl** fifty times as steep across as along; a **saddle**, where descent begins almost on the ridge;
# and **Rosenbrock's** bent valley, $(1 - w_1)^2 + 100\, (w_2 - w_1^2)^2$. Every method has the same nine trials of its rate, a factor of $\sqrt{10}$ apart, on each, and
# keeps the fastest.
#
# **Predict.** Which method will need the fewest steps on the bowl? Which will leave the saddle last?

# %%
prediction = None  # the fastest method on the bowl, in quotes


GRIDS = {name: 10 ** np.arange(-3.5, 0.6, 0.5) for name in METHODS}
GRIDS |= {"Adagrad": 10 * GRIDS["SGD"], "Adadelta": 1000 * GRIDS["SGD"]}


def race_to(goal, slope, start, name, steps=2000):
    """The shortest path, over all rates, to within 0.1 of the goal, and its steps."""
    starts = np.tile(start, (len(GRIDS[name]), 1))
    with np.errstate(all="ignore"):  # too large a rate runs away
        ways = nets.descend(METHODS[name], starts, slope, GRIDS[name][:, None], steps)
        far = ~(np.linalg.norm(ways - goal, axis=-1) < 0.1)
    needed = np.where(far[-1], np.inf, len(far) - far[::-1].argmax(axis=0))
    k = needed.argmin()
    return ways[: int(min(needed[k], steps)) + 1, k], needed[k]


found, needed = {}, {}
for place, (_, slope, _, start, goal) in plots.descent.LANDSCAPES.items():
    for name in METHODS:
        found[place, name], steps = race_to(goal, slope, start, name)
        needed[place, name] = f"{steps:.0f} steps" if steps < 1e9 else "not in 2000"
figure = plots.descent.paths(found, needed, COLOURS)
plots.show(
    figure,
    "Seven rows of methods, three columns of landscapes; each path leads from a dot to"
    " a star, the number of steps above it.",
)
fastest = min(METHODS, key=lambda name: len(found["bowl", name]))
lab.compare("fastest on the bowl", prediction, fastest)

# %% [markdown]
# **What you see.** Plain descent swings across the bowl and creeps along it; momentum and Nesterov need half its steps. RMSProp
# and Adam move about equally fast in both directions and come down in a curve. Adagrad's 4 steps on the bowl are luck: with its best
# rate a step happens to end near the star. In Rosenbrock's valley four methods do not arrive.
#
# **Why.** The bowl bears $\eta < 2/50$ across, so along it at most 4 % of the way is done per step. Dividing by the usual gradient
# removes that difference, but only along the axes: Rosenbrock's valley bends. Adagrad's rate only shrinks; Adadelta's first
# steps are tiny, since $D$ starts at 0. On the saddle the small component grows on its own, and dividing enlarges it at once.
# One start each says little: hence the next section.
#
# ## 5 · A fair race
#
# Now a real network: the 8 × 8 digits, 64-32-32-10, ReLU, in float32. The module `nets` holds what you wrote in lab 02, for any
# number of layers: `nets.gradients_of(weights, x, y)`, with weights $W_1, b_1, W_2, \dots$, and `nets.fit`, a loop over mini-batches that calls
# *your* step functions. NumPy multiplies stacks of matrices, so many networks run side by side, each with a rate of its own.
#
# The rules of the race: seven rates each, a factor of $\sqrt{10}$ apart, on two seeds; the rate that reaches a training loss
# of 0.1 soonest is kept; then eight *fresh* seeds decide.
#
# **Predict.** How many steps will plain SGD need, if Adam needs 100?

# %%
prediction = None  # steps of SGD for 100 of Adam
images, labels = datasets.load_digits()
order = np.random.default_rng(0).permutation(len(images))
pixels = images.reshape(-1, 64)[order] / 16
one_hot = np.eye(10, dtype=np.float32)[labels[order]]
scaled = (pixels - pixels[:1297].mean()) / pixels[:1297].std()
x_train, y_train = scaled[:1297], one_hot[:1297]
x_test, y_test = scaled[1297:], one_hot[1297:]
sizes = (64, 32, 32, 10)


def watch(weights):
    """Loss of each network on 400 examples of the training set."""
    return nets.loss_of(weights, x_train[:400], y_train[:400])


def steps_to(losses, goal=0.1):
    """Steps until each column of losses, seen every 5 steps, is below the goal."""
    below = losses < goal
    return np.where(below.any(axis=0), 5 * below.argmax(axis=0), np.inf)


def fit_losses(start, method, rates, seed=0, steps=250, batch=32):
    """Losses of networks side by side; rates: one for each, or one for all."""
    rates = np.reshape(rates, (-1, 1, 1))
    job = (x_train, y_train, METHODS[method], lambda t: rates, steps, batch)
    return nets.fit(start, *job, seed=seed, watch=watch)[1]


# %%
centres = {"Adagrad": 0.1, "Adadelta": 3.0, "RMSProp": 0.01, "Adam": 0.01}
race, fresh = {}, nets.side_by_side([nets.network(sizes, s) for s in range(8)])
for name in METHODS:
    trials = centres.get(name, 0.1) * 10 ** np.arange(-1.5, 1.6, 0.5)
    tried = []
    for seed in (100, 101):
        start = nets.side_by_side([nets.network(sizes, seed)] * 7)
        tried.append(steps_to(fit_losses(start, name, trials, seed)))
    rate = trials[np.mean(tried, axis=0).argmin()]
    race[name] = rate, fit_losses(fresh, name, rate)
rows = []
for name, (rate, losses) in race.items():
    count = steps_to(losses)
    spread = f"{count.min():.0f} to {count.max():.0f}"
    rows.append([name, f"{rate:.2g}", float(np.median(count)), spread])
columns = ["method", "best rate", "steps, median", "8 seeds"]
plots.table(columns, rows, "Steps to a training loss of 0.1")
slopes = nets.gradients_of(nets.network(sizes, 0), x_train, y_train)[::2]
sizes_of = [[float(np.sqrt(np.mean(g**2))) for g in slopes]]
plots.table(["layer 1", "2", "3"], sizes_of, "Root mean square gradient at the start")
medians = {row[0]: row[2] for row in rows}
per_100 = 100 * medians["SGD"] / medians["Adam"]
lab.compare("steps of SGD for 100 of Adam", prediction, round(per_100))

# %% [markdown]
# **What you see.** All seven arrive, and the ranges of the seeds overlap: RMSProp's median is the smallest, but on this network no method is clearly the
# best. In this run SGD at *its* best rate is a fifth slower than Adam. The rates that win differ by a factor of a thousand. The
# gradients' sizes differ between the layers, but not by much.
#
# **Why.** Much of the fame of an optimiser is the rate that it was tried at: that is why each had the same trials. What the table cannot say: how it would be on another
# network, with a finer grid, or on test data; and each grid was centred where experience expects the best rate, which is help too. Adaptive methods divide by the size of each gradient; that pays
# where sizes differ more than here, in deeper networks and for rare inputs.
#
# ## 6 · Learning rates that change
#
# Lecture C lowers the rate as $1/t$ and adds "not always true". Four schedules, for $t = 0, \dots, T - 1$ and a peak
# $\eta_0$:
#
# | name | rate at step $t$ |
# |:--|:--|
# | `"1/t"` | $\eta_0 / (1 + t)$ |
# | `"step"` | $\eta_0$; from $T/2$ on a tenth, from $3T/4$ on a hundredth of it |
# | `"cosine"` | warm-up for $U = T/10$ steps, $\eta_0 (t + 1) / U$; then $\frac{\eta_0}{2} \left(1 + \cos \pi \frac{t - U}{T - U}\right)$ |
# | `"one-cycle"` | linear from $\eta_0/10$ at 0 up to $\eta_0$ at $T/2$, and linear back to $\eta_0/10$ at $T$ |
#
# ### Exercise · `rates`
#
# A schedule is often worth more than another optimiser. Write all four; $T$ is a multiple of 20.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Begin with `t = np.arange(total)`; `np.where` and `np.interp` then need no loop.
#
# </details>
# <details><summary>Hint 2 · one-cycle</summary>
#
# `np.interp(t, [0, …, total], [low, high, low])` draws straight lines between points.
#
# </details>


# %% minutes=15 difficulty=2 kind="core"
@lab.exercise(points=2)
def rates(name, total, peak):
    """The learning rates of a schedule, (total,).

    name: "1/t", "step", "cosine" or "one-cycle"; total: steps; peak: largest rate.
    """
    # BEGIN SOLUTION
    t, warm = np.arange(total), total // 10
    if name == "1/t":
        return peak / (1 + t)
    if name == "step":
        factors = np.where(t < total / 2, 1, np.where(t < 3 * total / 4, 0.1, 0.01))
        return peak * factors
    if name == "cosine":
        falling = (1 + np.cos(np.pi * (t - warm) / (total - warm))) / 2
        return peak * np.where(t < warm, (t + 1) / warm, falling)
    return np.interp(t, [0, total / 2, total], [peak / 10, peak, peak / 10])
    # END SOLUTION


# %% [markdown]
# When does the decay help? Take $L = \frac{\lambda}{2} w^2$ with gradients that carry noise of deviation 1, once steep,
# $\lambda = 1$, once flat, $\lambda = 0.05$; 500 runs each, from $w = 5$.
#
# **Predict.** Which of the two does $1/t$ freeze?

# %%
prediction = None  # mean |w| after 2000 steps on the flat slope, with 1/t
rng, total = np.random.default_rng(0), 2000
figure, panels = plt.subplots(1, 2, figsize=(9, 3.3), sharey=True, layout="constrained")
distance = {}
for axes, curvature in zip(panels, (1.0, 0.05), strict=True):
    schedules = {"constant 0.5": np.full(total, 0.5), "1/t": rates("1/t", total, 1.0)}
    schedules["cosine"] = rates("cosine", total, 0.5)
    for name, eta in schedules.items():
        w, way = np.full(500, 5.0), []
        for t in range(total):
            w = w - eta[t] * (curvature * w + rng.normal(size=500))
            way.append(np.abs(w).mean())
        distance[name, curvature] = way
    shown = {name: distance[name, curvature] for name in schedules}
    plots.curves(axes, shown, "step", "mean distance $|w|$")
    axes.set(yscale="log", title=f"curvature {curvature}")
plots.show(
    figure, "Left: 1/t falls lowest. Right: 1/t stays high, cosine falls lowest."
)
lab.compare("flat slope, 1/t", prediction, round(distance["1/t", 0.05][-1], 2))

# %% [markdown]
# **What you see.** With curvature 1, $1/t$ ends lowest; with 0.05 it is still above 3 after 2000 steps, worse than the constant
# rate. The cosine is second-best on the steep slope and best on the flat one.
#
# **Why.** With noise a constant rate never comes to rest; $1/t$ averages the noise away. But without noise $w$
# falls as $t^{-\lambda \eta_0}$: for $\lambda \eta_0 = 0.05$, two thousand steps are a factor of 1.5. The rate became tiny before the work was
# done.
#
# Which peak? A **range test** (Smith, 2017) raises the rate from tiny to far too large in one run and watches the loss.

# %%
prediction = None  # the largest rate that still lowers the loss, read from the curve


def exponential(t):
    return 10 ** (-3 + 4 * t / 200)


start = nets.network(sizes, 0)
job = (x_train, y_train, METHODS["momentum"], exponential, 200, 32)
rising = nets.fit(start, *job, watch=watch)[1]
figure, axes = plt.subplots(figsize=(6, 3.2))
axes.plot(exponential(np.arange(0, 200, 5)), rising, color=plots.BLUE)
axes.set(xscale="log", yscale="log", title="Range test, momentum")
axes.set(xlabel="rate at that step", ylabel="training loss")
plots.show(figure, "A loss over the rate: it falls, has a lowest place, then explodes.")

# %%
peaks = 10 ** np.arange(-2.5, 0.6, 0.5)
finals = {}
for name in ("constant", "1/t", "step", "cosine", "one-cycle"):
    unit = np.ones(200) if name == "constant" else rates(name, 200, 1.0)
    column = (unit[:, None] * peaks)[..., None, None]
    job = (x_train, y_train, METHODS["momentum"], lambda t, c=column: c[t], 200, 32)
    ends = []
    for seed in (0, 1, 2):
        start = nets.side_by_side([nets.network(sizes, seed)] * len(peaks))
        ends.append(watch(nets.fit(start, *job, seed=seed)[0]))
    finals[name] = np.median(ends, axis=0)
figure, axes = plt.subplots(figsize=(6, 3.4))
shown = {name: (peaks, ends) for name, ends in finals.items()}
plots.curves(axes, shown, "peak rate", "loss after 200 steps")
axes.set(xscale="log", yscale="log", title="Five schedules, median of three seeds")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plots.show(figure, "Five curves, the loss after 200 steps over the peak rate.")
best_peak = peaks[np.nanargmin(finals["constant"])]
lab.compare("best constant rate", prediction, round(float(best_peak), 3))

# %% [markdown]
# **What you see.** The range test is lowest near 0.1, then the loss explodes. The best constant rate is about 0.03, a quarter of that. Cosine gets
# furthest, at a peak three times as high, where the constant rate is poor. $1/t$ needs an enormous peak and still ends above
# all others.
#
# **Why.** In a range test each rate acts for a moment, and the loss lags behind: stay below the lowest point. A schedule that ends low allows a higher
# peak: large steps first to travel, small ones at the end to settle.
#
# ## 7 · How large a batch?
#
# A mini-batch estimates the gradient. Its noise should fall as $1/\sqrt B$.
#
# **Predict.** From $B = 1$ to $B = 64$, by which factor does the noise fall?

# %%
prediction = None  # factor by which the noise falls from B = 1 to B = 64
start, rng = nets.network(sizes, 0), np.random.default_rng(1)
full = nets.gradients_of(start, x_train, y_train)[0]
trials, batches = 10 ** np.arange(-3, 0.6, 0.5), (1, 4, 16, 64, 256)
one, copies = (nets.side_by_side([start] * n) for n in (1, len(trials)))
rows, noise = [], []
for batch in batches:
    some = rng.integers(1297, size=(200, batch))  # 200 batches side by side
    slopes = nets.gradients_of(start, x_train[some], y_train[some])[0]
    noise.append(float(np.sqrt(np.square(slopes - full).sum(axis=(1, 2)).mean())))
    ends = fit_losses(copies, "SGD", trials, 0, 150, batch)[-1]
    began = time.perf_counter()
    fit_losses(one, "SGD", 0.01, 0, 20, batch)
    epoch = (time.perf_counter() - began) / 20 * 1297 / batch
    best = float(trials[np.nanargmin(ends)])
    rows.append([batch, noise[-1], best, -(-1297 // batch), round(epoch, 3)])
law = np.polyfit(np.log(batches), np.log(noise), 1)[0]
columns = ["batch", "noise", "best rate, 150 steps", "updates per epoch"]
columns += ["seconds per epoch"]
plots.table(columns, rows, f"The noise falls as the batch to the power {law:.2f}")
lab.compare("factor", prediction, round(noise[0] / noise[3], 1))

# %% [markdown]
# **What you see.** From 1 to 64 the noise falls by about 8; the power is near −0.5. Up to 16, larger batches bear larger rates. An epoch in
# single samples takes many times as long as one in large batches.
#
# **Why.** The mean of $B$ independent gradients has a variance of $1/B$ of one: four times the work halves the noise. Less noise allows larger
# steps, until the curvature sets the limit. A processor multiplies a matrix about as fast as a vector; but a large batch makes fewer
# updates per epoch.
#
# ## 8 · Through twenty layers
#
# A layer multiplies the spread of its inputs by about $\sqrt{N_{in}}\,\sigma$. Twenty layers do it twenty times. So
# $\sigma$ must make the factor 1, forward or, with $N_{out}$, backward:
#
# - `"standard"`: variance $\sigma^2 = 1 / N_{in}$, LeCun et al. (1998); lecture C: *standard*, lecture A: *Xavier*
# - `"glorot"`: $\sigma^2 = 2 / (N_{in} + N_{out})$, Glorot and Bengio (2010); lecture C: *Xavier*
# - `"he"`: $\sigma^2 = 2 / N_{in}$, He et al. (2015), for ReLU, which halves the mean square
#
# ### Exercise · `weight_scale`
#
# A rule gives a variance; a generator of random numbers wants a deviation $\sigma$, or, for a uniform distribution on
# $[-b, b]$, the bound $b$. Its variance is $b^2/3$.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# First the variance by the rule, then one square root. For which $b$ is $b^2/3 = \sigma^2$?
#
# </details>


# %% minutes=8 difficulty=1 kind="core"
@lab.exercise(points=1)
def weight_scale(rule, n_in, n_out, uniform):
    """The deviation of normal weights, or the bound b of uniform ones: one number.

    rule: "standard", "glorot" or "he"; n_in, n_out: units below and above the weights;
    uniform: True for b, False for the deviation.
    """
    # BEGIN SOLUTION
    variances = {"standard": 1 / n_in, "glorot": 2 / (n_in + n_out), "he": 2 / n_in}
    return np.sqrt((3 if uniform else 1) * variances[rule])
    # END SOLUTION


# %% [markdown]
# ### Exercise · `lsuv`
#
# Mishkin and Matas (2016) *measure* instead: replace random weights by orthonormal ones, send data through, divide by the
# deviation that comes out; then the next layer.
#
# <details><summary>Hint 1 · the orthonormal part</summary>
#
# With `u, _, vt = np.linalg.svd(w, full_matrices=False)`, `u @ vt` has the shape of `w`, and all its singular
# values are 1.
#
# </details>
# <details><summary>Hint 2 · the loop</summary>
#
# Deviation over *all* examples and units of the weighted sums; the next layer's inputs are those sums,
# rescaled, after ReLU.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=2)
def lsuv(x, weights):
    """Layer-sequential unit-variance weights of ReLU layers without biases.

    x: (n, d) inputs; weights: list of random matrices, (d, m1), (m1, m2), …
    Returns the list of new matrices: orthonormal, scaled so that every layer's weighted
    sums have standard deviation 1.
    """
    # BEGIN SOLUTION
    scaled = []
    for w in weights:
        u, _, vt = np.linalg.svd(w, full_matrices=False)
        w = u @ vt
        w = w / np.std(x @ w)
        scaled.append(w)
        x = np.maximum(x @ w, 0)
    return scaled
    # END SOLUTION


# %% [markdown]
# Now 20 layers, alternately of 120 and 60 units, eight starts, three activations. Forward: the spread of the activations.
# Backward: the spread of the errors, the gradients at the weighted sums. Biases start at 0. (LSUV is
# measured with ReLU, as you wrote it.) Then one epoch of SGD with momentum, four rates each; the best one counts.
#
# **Predict.** $N(0, 0.01^2)$: what is the spread in layer 19, with tanh? Which start keeps tanh alive, which ReLU?

# %%
prediction = None  # the spread of tanh in layer 19 from N(0, 0.01²)
deep = [64, *[120, 60] * 9, 120, 10]


def deep_start(rule, rng):
    """Weights and zero biases of the 20-layer network."""
    pairs = list(zip(deep, deep[1:], strict=False))
    normal = [rng.normal(size=pair) for pair in pairs]
    if rule == "constant":
        matrices = [np.full(pair, 0.05) for pair in pairs]
    elif rule.startswith("N(0"):
        matrices = [float(rule[5:-2]) * w for w in normal]
    elif rule == "uniform":
        bounds = [weight_scale("standard", *pair, True) for pair in pairs]
        matrices = [rng.uniform(-b, b, p) for b, p in zip(bounds, pairs, strict=True)]
    elif rule == "LSUV":
        matrices = lsuv(x_train[:400], normal)
    else:
        matrices = [w * weight_scale(rule, *w.shape, False) for w in normal]
    return [np.float32(a) for w in matrices for a in (w, np.zeros((1, w.shape[1])))]


RULES = ["constant", "N(0, 0.01²)", "N(0, 0.3²)", "uniform", "standard", "glorot"]
RULES += ["he", "LSUV"]
starts = {rule: deep_start(rule, np.random.default_rng(0)) for rule in RULES}

# %%
flow, off = {}, {}
for kind in nets.ACTIVATIONS:
    for rule, weights in starts.items():
        layers = nets.forward(weights, x_train[:400], kind)
        error = softmax(layers[-1], axis=1) - y_train[:400]
        errors = nets.backward(weights, layers, error, kind)[1]
        spreads = [[a.std() for a in some] for some in (layers[1:-1], errors[:-1])]
        flow[rule, kind] = spreads
        off[rule] = sum((a <= 0).all(axis=0).sum() for a in layers[1:-1])  # of ReLU
plots.show(
    plots.descent.flows(flow),
    "Three rows of activations, outputs on the left, errors on the right: curves that"
    " stay level, fall or rise over 19 layers.",
)
tanh_19 = flow["N(0, 0.01²)", "tanh"][0][-1]
lab.compare("spread in the last hidden layer", prediction, float(f"{tanh_19:.0e}"))

trials = np.array([0.0003, 0.003, 0.03, 0.3])[:, None, None]
rows = []
for rule, weights in starts.items():
    rows.append([rule])
    for kind in nets.ACTIVATIONS:
        start = nets.side_by_side([weights] * 4)
        job = (x_train, y_train, METHODS["momentum"], lambda t: trials, 41, 32, kind)
        scores = nets.accuracy(nets.fit(start, *job)[0], x_test, y_test, kind)
        rows[-1].append(float(scores.max()))
    rows[-1].append(f"{off[rule]} of {sum(deep[1:-1])}")
first_epoch = {row[0]: row[1:4] for row in rows}
columns = ["start", *nets.ACTIVATIONS, "ReLU units off at the start"]
plots.table(columns, rows, "Test accuracy after one epoch, 20 layers")

# %% [markdown]
# **What you see.** $N(0, 0.01^2)$ vanishes in both directions; $N(0, 0.3^2)$ explodes with ReLU and saturates tanh. With ReLU only He and LSUV
# stay level; the rules with $1/N_{in}$ and Glorot lose some 30 % per layer. Uniform weights do what normal ones of
# the same variance do. Sigmoids keep their outputs but lose their errors whatever the start (the zigzag of *constant* is rounding in float32). After one epoch tanh has learnt
# from every start by a rule, best from LSUV; ReLU only from He and LSUV; sigmoids from none. The number of units that are off does not depend on the scale.
#
# **Why.** ReLU halves the mean square, so the variance must be $2/N_{in}$; tanh is nearly linear at 0, so $1/N_{in}$ is about right, and a little more makes up
# for its flat ends. The sigmoid's slope is at
# most ¼, so each layer loses a factor. Equal weights make all units of a layer equal, as in lab 02. Biases of 0 are harmless: the
# weights have broken the symmetry. A ReLU is off when its sums are negative: a matter of sign, not of size. A unit that is off at the start may still wake up later.
#
# ## 9 · Whitening
#
# Section 1's valley lies in the data too: neighbouring pixels say nearly the same. **Whitening** turns the data so that their
# covariance becomes the identity. With the covariance $C = U \Lambda U^\top$ of the centred *training* data:
#
# $$\text{PCA: } (X - \mu)\, U (\Lambda + \varepsilon)^{-1/2} \qquad \text{ZCA: } (X - \mu)\, U (\Lambda +
# \varepsilon)^{-1/2} U^\top$$
#
# ### Exercise · `whiten`
#
# The second set is turned exactly as the first: its own statistics would be different ones, and a single test image has none.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `np.linalg.eigh` gives eigenvalues and the columns $U$, smallest first: turn both round. The covariance is
# a mean over the examples: divide by $n$.
#
# </details>
# <details><summary>Hint 2 · what to do for each set</summary>
#
# Compute one matrix, and subtract the *training* mean before you multiply by it.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=2)
def whiten(train, other, kind, eps):
    """Both sets whitened with the statistics of the first.

    train: (n, d); other: (m, d); kind: "pca" (columns from the largest eigenvalue to
    the smallest, each with either sign) or "zca"; eps: added to the eigenvalues.
    Returns (n, d) and (m, d).
    """
    # BEGIN SOLUTION
    mean = train.mean(axis=0)
    centred = train - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(train))
    values, vectors = values[::-1], vectors[:, ::-1]
    turn = vectors / np.sqrt(values + eps)
    if kind == "zca":
        turn = turn @ vectors.T
    return centred @ turn, (other - mean) @ turn
    # END SOLUTION


# %% [markdown]
# The **condition number**, largest over smallest eigenvalue of the covariance, says how narrow the valley is: for a
# linear layer with squared error it is that of the Hessian. Such a layer is trained on whole batches, with the rate $1 / \lambda_{max}$.
# Pixels that are nearly always empty stay out.
#
# **Predict.** How many times fewer steps will the whitened digits need?

# %%
prediction = None  # steps on centred pixels divided by steps on whitened ones
used = pixels[:1297].std(axis=0) > 0.02
raw, raw_test = pixels[:1297, used].astype(float), pixels[1297:, used].astype(float)
mean, std = raw.mean(axis=0), raw.std(axis=0)
versions = {"raw": (raw, raw_test), "centred": (raw - mean, raw_test - mean)}
versions["standardised"] = (raw - mean) / std, (raw_test - mean) / std
versions["ZCA, ε = 0.01"] = whiten(raw, raw_test, "zca", 0.01)
versions["PCA, ε = 1e-8"] = whiten(raw, raw_test, "pca", 1e-8)
rows, n = [], len(raw)
for name, (a, b) in versions.items():
    a, b = (np.column_stack([x, np.ones(len(x))]) for x in (a, b))  # a bias
    hessian, pull = a.T @ a / n, a.T @ y_train / n
    spectrum = np.linalg.eigvalsh(hessian)
    floor = (
        np.square(a @ np.linalg.lstsq(a, y_train, rcond=None)[0] - y_train).sum() / n
    )
    w, steps, excess = np.zeros_like(pull), 0, 1.0
    while steps < 20_000 and excess > 0.01 * (1 - floor):
        w, steps = w - (hessian @ w - pull) / spectrum[-1], steps + 1
        excess = np.sum(w * (hessian @ w - 2 * pull)) + 1 - floor
    score = (np.argmax(b @ w, axis=1) == y_test.argmax(axis=1)).mean()
    rows.append([name, f"{spectrum[-1] / spectrum[0]:.3g}", steps, float(score)])
columns = ["inputs", "condition number", "steps", "test accuracy then"]
plots.table(
    columns, rows, "Least squares, until 1 % of the loss above the minimum is left"
)
ratio = rows[1][2] / rows[-1][2]
lab.compare("times fewer steps", prediction, round(ratio, 1))

# %% [markdown]
# **What you see.** The raw pixels need hundreds of steps; without the mean tens; fully whitened, one. The accuracy is about the same each time.
#
# **Why.** A step at $1/\lambda_{max}$ leaves $1 - \lambda/\lambda_{max}$ of the error in the direction of $\lambda$. The mean of the pixels is one very large eigenvalue;
# correlations leave small ones. Whitened, all are 1, and one step solves it. The linear model itself stays the same, hence the
# accuracy; with a tiny ε, noise in the weakest directions is enlarged as well, so in practice ε is larger.
#
# ## 10 · Learning without labels
#
# Before 2010, deep networks of sigmoids did not train. The way out was to learn $p(\text{data})$ first, layer by layer, and
# $p(\text{label} \mid \text{data})$ afterwards. A **restricted Boltzmann machine** (RBM) has visible units $v$ and hidden units $h$, 0 or 1,
# joined by symmetric weights:
#
# $$p(h_j = 1 \mid v) = \sigma(v W + b)_j \qquad p(v_i = 1 \mid h) = \sigma(h W^\top + a)_i$$
#
# **Contrastive divergence** (Hinton, 2002) strengthens what the units do with the data (the *positive phase*), and weakens what
# they do with the machine's own fantasy, one step later (the *negative phase*).
#
# ### Exercise · `contrastive_divergence`
#
# 1. $p_0 = p(h \mid v_0)$; $h_0 = 1$ where the random number `u` is below $p_0$, else 0.
# 2. The fantasy: $v_1 = p(v \mid h_0)$, probabilities, not sampled; $p_1 = p(h \mid v_1)$.
# 3. Add the rate times the mean over the examples: to $W$, of $v_0^\top p_0 - v_1^\top p_1$; to $a$, of $v_0 - v_1$; to $b$, of $p_0 - p_1$.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# About ten lines. The random numbers are handed in, so that the result can be checked. `expit` is the sigmoid.
#
# </details>
# <details><summary>Hint 2 · which h where</summary>
#
# The sample $h_0$ makes the fantasy; the probabilities $p_0$, $p_1$ stand in the update.
#
# </details>


# %% minutes=20 difficulty=3 kind="core"
@lab.exercise(points=3)
def contrastive_divergence(v0, w, a, b, u, rate):
    """One step of contrastive divergence, CD-1.

    v0: (n, d) data, 0 to 1; w: (d, m); a: (d,) visible biases; b: (m,) hidden ones;
    u: (n, m) uniform random numbers.
    Returns the new w, a and b.
    """
    # BEGIN SOLUTION
    p0 = expit(v0 @ w + b)
    h0 = (u < p0) * 1.0
    v1 = expit(h0 @ w.T + a)
    p1 = expit(v1 @ w + b)
    n = len(v0)
    w = w + rate * (v0.T @ p0 - v1.T @ p1) / n
    a = a + rate * (v0 - v1).mean(axis=0)
    b = b + rate * (p0 - p1).mean(axis=0)
    return w, a, b
    # END SOLUTION


# %%
def train_rbm(data, hidden, epochs):
    """Weights and biases of an RBM, trained on data (n, d) in batches of 20."""
    rng, d = np.random.default_rng(0), data.shape[1]
    rbm = rng.normal(scale=0.05, size=(d, hidden)), np.zeros(d), np.zeros(hidden)
    for _ in range(epochs):
        for some in np.array_split(rng.permutation(len(data)), len(data) // 20):
            u = rng.random((len(some), hidden))
            rbm = contrastive_divergence(data[some], *rbm, u, 0.1)
    return rbm


unlabelled = pixels[:1297].astype(float)
w, a, b = train_rbm(unlabelled, 100, 60)
rng, seen, rows = np.random.default_rng(1), unlabelled[:8], []
rows += [seen, expit(expit(seen @ w + b) @ w.T + a)]
seen = rng.random((8, 64))
for sweep in range(1001):
    if sweep in (0, 10, 1000):
        rows.append(seen)
    seen = expit((rng.random((8, 100)) < expit(seen @ w + b)) @ w.T + a)
figure = plots.image_grid(np.reshape(rows, (-1, 8, 8)), vmin=0, vmax=1, size=0.9)
plots.show(
    figure,
    "Five rows: digits, the machine's reconstructions, noise, and what ten and a"
    " thousand sweeps make of the noise.",
)

# %% [markdown]
# Rows: eight digits, what the machine makes of them in one step, pure noise, the noise after 10 sweeps back and forth, after
# 1000.
#
# Two RBMs in a stack, the second on the hidden units of the first, are a **deep belief net** (Hinton et al., 2006). An **autoencoder**
# does the same with plain backpropagation: it rebuilds its input through the hidden layer. Either way the weights become the start of a 64-100-100-10 network of
# sigmoids, trained with few labels. Against them: the same sigmoids from random weights, and ReLU with He's start.
#
# **Predict.** With 50 labels, which of the four wins? And with 500?

# %%
prediction = None  # the winner with 50 labels, in quotes
adam_step = METHODS["Adam"]
layers = {
    "deep belief net": lambda data: train_rbm(data, 100, 40)[::2],
    "autoencoder": lambda data: nets.fit_autoencoder(data, 100, adam_step, 0.003, 1500),
}
ready = {name: nets.two_layers(layer, unlabelled, 6) for name, layer in layers.items()}
few, names = {}, ("sigmoid, random", *ready, "ReLU, He")
for count in (50, 100, 500):
    draws = [np.random.default_rng(s).choice(1297, count, False) for s in range(6)]
    x, y = np.float32(pixels)[draws], y_train[draws]
    for name in names:
        kind, gain = ("ReLU", 2.0) if name == "ReLU, He" else ("sigmoid", 1.0)
        sixth = [nets.network((64, 100, 100, 10), s, gain) for s in range(6)]
        start = nets.side_by_side(sixth)
        start[:4] = ready.get(name, start[:4])
        job = (x, y, adam_step, lambda t: 0.003, 300, 50, kind)
        end = nets.fit(start, *job)[0]
        few[count, name] = nets.accuracy(end, np.float32(pixels[1297:]), y_test, kind)
rows = []
for name in names:
    scores = [few[count, name] for count in (50, 100, 500)]
    rows.append([name, *(f"{s.mean():.3f} ± {s.std(ddof=1):.3f}" for s in scores)])
columns = ["start of 64-100-100-10", "50 labels", "100 labels", "500 labels"]
plots.table(columns, rows, "Test accuracy, mean ± deviation over six draws")
winner = max(names, key=lambda name: few[50, name].mean())
lab.compare("winner with 50 labels", prediction, winner)

# %% [markdown]
# **What you see.** With 50 labels the pre-trained sigmoids are ahead of random ones by three to five points, and level with ReLU within the spread. With 500, ReLU with He's start is the best, by less than a point.
#
# **Why.** Pre-training learns from all 1297 images what strokes look like; labels then only name them. With many labels the labels suffice. Most of its old advantage was that it gave
# sigmoids a start from which gradients flow; ReLU and He's start do that for nothing, as lecture C says. It still pays when labels are few and unlabelled data many, and in that form, learning
# from data without labels first, it is how large models of today are trained.
#
# ## 11 · What you have found
#
# 1. *What do the methods add?* Momentum adds up what agrees and cancels what alternates: $1/(1-\rho)$ times the rate along a
#    valley. Nesterov measures after the jump. Adaptive methods divide each gradient by its usual size.
# 2. *Which is the fastest?* On these landscapes and on this network the table says; with other data it may say something
#    else. Fair means: as many trials of the rate for each, fresh seeds, a spread.
# 3. *Which rate?* A range test brackets it; a schedule that ends low repairs a peak that is somewhat too high. $1/t$ can freeze.
# 4. *And the batch?* Noise falls as $1/\sqrt B$.
# 5. *How must weights start?* Different from each other, and so that signals keep their size both ways: He or LSUV for ReLU;
#    any rule of the table for tanh, and LSUV best here.
# 6. *Whitening?* The valley becomes round; fewer steps are needed.
# 7. *Pre-training?* See section 10: a question of how many labels there are, and against what.


# %%
rows = [
    ["step of momentum, ρ = 0.9", "1 / (1 − ρ) = 10", f"{reached:.1f}"],
    ["the slide's Nesterov, 60 steps", "", f"{slide:.0e}"],
    ["noise of the gradient", "B to the power −0.5", f"{law:.2f}"],
    ["tanh, layer 19, from N(0, 0.01²)", "goes to 0", f"{tanh_19:.0e}"],
    ["ReLU, He: accuracy after an epoch", "", f"{first_epoch['he'][2]:.3f}"],
    ["whitening: times fewer steps", "", f"{ratio:.1f}"],
    ["50 labels, ReLU with He", "", f"{few[50, 'ReLU, He'].mean():.3f}"],
    [
        "50 labels, deep belief net",
        "",
        f"{few[50, 'deep belief net'].mean():.3f}",
    ],
]
plots.table(["measured", "lecture", "this run"], rows, "Optimisation, measured")

# %% [markdown]
# ## 12 · Challenge: the fewest steps
#
# The network of the race, from seed 0, batches of 32. Bring its training loss below 0.1 in as few steps as you can: any method
# from the dictionary, any schedule of your own.
#
# **To beat:** 95 steps (RMSProp at a constant 0.007). Our best is 75.
#
# <details><summary>How we found it</summary>
#
# A small grid: four methods, seven peaks, constant or with `rates("cosine", …)` and `rates("one-cycle", …)` over 60 or 90 steps.
# RMSProp with one cycle of 90 steps and a peak of 0.02.
#
# </details>

# %%
my_method = "Adam"


def my_rate(t):
    """Your schedule: the rate of step t, from 0."""
    return 0.003


start = nets.network(sizes, 0)
job = (x_train, y_train, METHODS[my_method], my_rate, 250, 32)
losses = nets.fit(start, *job, watch=watch)[1]
print("steps to a loss of 0.1:", steps_to(losses[:, None])[0])

# %% [markdown]
# ## 13 · To discuss
#
# 1. The race chose each method's rate from a grid that somebody placed. What would be different if all seven grids were the same?
# 2. Adam's first steps have the size of the rate whatever the gradient. When is that an advantage, when a danger?
# 3. Twenty layers of sigmoids: would more epochs help?

# %% [markdown] tags=["solution"]
# **For instructors.** 1. Adadelta would lose at once: its natural rate is near 1 or above, Adam's near 0.001; a grid is
# prior knowledge. 2. It makes rates comparable between layers and problems; but a weight with a gradient of pure noise walks as fast as one that
# matters, hence warm-up. 3. Hardly: the errors fall by a factor of four or more per layer, since $\sigma' \le \frac14$. In the exercise
# `whiten`, the usual mistake is to whiten the test set with its own statistics; the check names it.

# %% [markdown]
# ## 14 · Further reading
#
# - H. Robbins and S. Monro (1951). A stochastic approximation method. *Annals of Mathematical Statistics* 22(3), 400–407.
# - N. Qian (1999). On the momentum term in gradient descent learning algorithms. *Neural Networks* 12(1), 145–151.
# - J. Duchi, E. Hazan and Y. Singer (2011). Adaptive subgradient methods for online learning and stochastic optimization.
#   *Journal of Machine Learning Research* 12, 2121–2159.
# - T. Tieleman and G. Hinton (2012). Lecture 6.5: RMSProp. *COURSERA: Neural Networks for Machine Learning*.
# - M. D. Zeiler (2012). ADADELTA: an adaptive learning rate method. arXiv:1212.5701.
# - D. P. Kingma and J. Ba (2015). Adam: a method for stochastic optimization. *ICLR*.
# - L. N. Smith (2017). Cyclical learning rates for training neural networks. *WACV*, 464–472.
# - Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller (1998). Efficient BackProp. *Neural Networks: Tricks of the Trade*, 9–50.
# - X. Glorot and Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural networks. *AISTATS*, 249–256.
# - K. He, X. Zhang, S. Ren and J. Sun (2015). Delving deep into rectifiers. *ICCV*, 1026–1034.
# - D. Mishkin and J. Matas (2016). All you need is a good init. *ICLR*.
# - G. E. Hinton (2002). Training products of experts by minimizing contrastive divergence. *Neural Computation* 14(8), 1771–1800.
# - G. E. Hinton, S. Osindero and Y.-W. Teh (2006). A fast learning algorithm for deep belief nets. *Neural Computation*
#   18(7), 1527–1554.

# %%
lab.progress()
