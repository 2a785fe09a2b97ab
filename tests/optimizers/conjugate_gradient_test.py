import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import optimizers
from geans.optimizers import conjugate_gradient

SAFEGUARDS_OFF = {"beta_max": None, "powell_threshold": None, "descent_threshold": None}
SHAPES = {2: [(1,), (1,)], 10: [(2, 3), (), (3,)], 50: [(3, 4, 2), (5, 5), (1,)]}

# By hand, of (g, g_old, d): beta in the order of `RULES`.
WORKED = {
    ((3, 1), (1, 2), (-1, 1)): (2, 1, -5 / 3, -10 / 3, 5 / 9, 0, 1),
    ((0, 2), (1, 1), (-2, 1)): (2, 1, 2 / 3, 4 / 3, -2 / 9, 2 / 3, 1),
    ((-1, 2), (1, 0), (-1, 0)): (5, 6, 3, 2.5, -1, 2.5, 5),
    ((0.5, 0.1), (1, 0), (-1, 0)): (0.26, 0, -0.48, 0.52, 0.56, 0, 0),
    # Without an old gradient and direction, at the first update.
    ((3, 1), (0, 0), (0, 0)): (0, 0, 0, 0, 0, 0, 0),
    # Quotients that would overflow.
    ((0, 3e18), (1e-18, 0), (-1e-18, 0)): (0, 0, 0, 0, 0, 0, 0),
}

every_rule = pytest.mark.parametrize("rule", conjugate_gradient.RULES)
every_preconditioner = pytest.mark.parametrize("preconditioner", conjugate_gradient.SLOTS)


def build(optimizer, start, shapes):
    """Float64 variables of these shapes that hold the numbers of the vector `start`."""
    variables = [keras.Variable(part, dtype="float64") for part in split(np.asarray(start), shapes)]
    optimizer.build(variables)
    return variables


def split(vector, shapes):
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    assert ends[-1] == len(vector)
    return [
        part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)
    ]


def joined(tensors):
    return np.concatenate([np.ravel(tensor) for tensor in tensors])


def directions_along(optimizer, gradients, dtype="float64"):
    """The moves of one variable, at rate 1, along the rows of `gradients`."""
    variable = keras.Variable(np.zeros(len(gradients[0])), dtype=dtype)
    optimizer.build([variable])
    positions = [variable.numpy()]
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient, dtype)])
        positions.append(variable.numpy())
    return np.diff(positions, axis=0)


def quadratic(size):
    """Hessian, with eigenvalues from 1 to 100, and gradient at 0.

    At the roots of a Chebyshev polynomial, where n - 1 steps gain least and step n ends it.
    """
    random = np.random.default_rng(size)
    basis, _ = np.linalg.qr(random.normal(size=(size, size)))
    roots = np.cos(np.pi * (np.arange(size) + 0.5) / size)
    return basis @ np.diag(50.5 + 49.5 * roots) @ basis.T, random.normal(size=size)


def exact_iterates(rule, size, steps):
    """What the optimizer does with exact step lengths, from 0."""
    hessian, offset = quadratic(size)
    rate = tf.Variable(0.0, dtype="float64")  # Keras' own would be float32.
    optimizer = optimizers.ConjugateGradient(rate.read_value, rule=rule, beta_max=None)
    variables = build(optimizer, np.zeros(size), SHAPES[size])
    iterates = []
    for _ in range(steps):
        gradient = hessian @ joined(variables) + offset
        gradients = [tf.constant(part) for part in split(gradient, SHAPES[size])]
        direction = joined(optimizer.direction(gradients))
        rate.assign(-gradient @ direction / (direction @ hessian @ direction))
        optimizer.apply(gradients, variables)
        iterates.append(joined(variables))
    assert int(optimizer.restarts) == 0
    return np.array(iterates)


def linear_conjugate_gradient(hessian, offset, steps):
    """The textbook's method for linear equations (Nocedal & Wright, algorithm 5.2), from 0."""
    point, residual, iterates = 0 * offset, offset, []
    direction = -residual
    for _ in range(steps):
        step = residual @ residual / (direction @ hessian @ direction)
        point = point + step * direction
        new = residual + step * hessian @ direction
        direction = -new + new @ new / (residual @ residual) * direction
        residual = new
        iterates.append(point)
    return np.array(iterates)


def test_worked_betas():
    rules = conjugate_gradient.RULES
    functions = inspect.getmembers(conjugate_gradient, inspect.isfunction)
    own = {f for _, f in functions if f.__module__ == conjugate_gradient.__name__}
    assert {f for f in own if not f.__name__.startswith("_")} == set(rules.values())
    for (g, old, d), expected in WORKED.items():
        vectors = [[tf.constant(v, "float32")] for v in (g, old, d)]
        products = conjugate_gradient.Products.of(*vectors)
        betas = [float(rule(products)) for rule in rules.values()]
        np.testing.assert_allclose(betas, expected, rtol=1e-5, atol=1e-6)


@every_rule
@pytest.mark.parametrize("size", SHAPES)
def test_quadratic_ends_in_n_exact_steps(rule, size):
    hessian, offset = quadratic(size)
    iterates = exact_iterates(rule, size, size)
    expected = linear_conjugate_gradient(hessian, offset, size)
    np.testing.assert_allclose(iterates, expected, rtol=0, atol=1e-10)
    residuals = np.linalg.norm(iterates @ hessian + offset, axis=1) / np.linalg.norm(offset)
    assert residuals[-1] < 1e-12
    assert residuals[-2] > 1e-6


@pytest.mark.parametrize("size", SHAPES)
def test_iterates_are_scipys(size):
    """Its rule is PRP+; its line search is all but exact with c2 = 1e-8."""
    from scipy import optimize

    hessian, offset = quadratic(size)
    theirs = []
    optimize.minimize(
        lambda x: x @ hessian @ x / 2 + offset @ x,
        np.zeros(size),
        jac=lambda x: hessian @ x + offset,
        method="CG",
        callback=lambda x: theirs.append(np.array(x)),
        options={"gtol": 1e-6, "c1": 1e-9, "c2": 1e-8},
    )
    assert min(size, 10) <= len(theirs) <= size
    ours = exact_iterates("polak_ribiere_plus", size, len(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("beta_max", [None, 0.9])
def test_hager_zhang_descends_at_any_step(beta_max):
    gradients = np.random.default_rng(0).normal(size=(100, 4))
    slopes = {}
    for rule in ("hager_zhang", "hestenes_stiefel"):
        options = {**SAFEGUARDS_OFF, "beta_max": beta_max}
        optimizer = optimizers.ConjugateGradient(1.0, rule=rule, **options)
        directions = directions_along(optimizer, gradients)
        slopes[rule] = np.sum(directions * gradients, axis=1) / np.sum(gradients**2, axis=1)
    # Moves are differences of positions, so they are rounded, by more where d is large.
    assert slopes["hager_zhang"].max() <= -7 / 8 + 1e-9
    assert slopes["hestenes_stiefel"].max() > -7 / 8


@every_rule
@every_preconditioner
def test_first_step_descends(rule, preconditioner):
    hessian, offset = quadratic(10)
    optimizer = optimizers.ConjugateGradient(2**-6, rule=rule, preconditioner=preconditioner)
    variables = build(optimizer, np.ones(10), SHAPES[10])
    gradient = hessian @ np.ones(10) + offset
    gradients = [tf.constant(part) for part in split(gradient, SHAPES[10])]
    direction = joined(optimizer.direction(gradients))
    # Adam's first step, of d = -g, is the sign of d.
    expected = -gradient if preconditioner is None else -np.sign(gradient)
    np.testing.assert_allclose(direction, expected, rtol=1e-4)
    optimizer.apply(gradients)
    np.testing.assert_allclose(joined(variables), 1 + 2**-6 * direction, rtol=0, atol=1e-8)


@every_rule
@every_preconditioner
@pytest.mark.parametrize("safeguards", [{}, SAFEGUARDS_OFF], ids=["safe", "off"])
def test_zero_gradient_moves_nothing_and_is_forgotten(rule, preconditioner, safeguards):
    optimizer = optimizers.ConjugateGradient(
        1.0, rule=rule, preconditioner=preconditioner, **safeguards
    )
    random = np.random.default_rng(0).normal(size=(3, 2))
    zero = np.zeros(2)
    gradients = [zero, random[0], random[1], zero, zero, random[2]]
    moves = directions_along(optimizer, gradients, "float32")
    assert np.all(moves[[0, 3, 4]] == 0)
    assert np.all(np.isfinite(moves))
    assert np.all(np.sign(moves[5]) == -np.sign(random[2]))
    if preconditioner is None:
        np.testing.assert_allclose(moves[5], -random[2], rtol=1e-5)


def test_beta_is_capped_when_a_gradient_had_vanished():
    gradients = [(1e-16, 0), (0, 1)]
    moves = {}
    for beta_max in (None, 0.9):
        optimizer = optimizers.ConjugateGradient(1.0, rule="fletcher_reeves", beta_max=beta_max)
        moves[beta_max] = directions_along(optimizer, gradients)[1]
    np.testing.assert_allclose(moves[None], (-1e16, -1), rtol=1e-6)
    np.testing.assert_allclose(moves[0.9], (0, -1), atol=1e-15)


@pytest.mark.parametrize(("beta_max", "beta"), [(None, -0.5), (0.9, -0.5), (0.3, -0.3)])
def test_beta_is_capped_below(beta_max, beta):
    options = {**SAFEGUARDS_OFF, "rule": "hestenes_stiefel", "beta_max": beta_max}
    moves = directions_along(optimizers.ConjugateGradient(1.0, **options), [(1, 0), (0.5, 0)])
    np.testing.assert_allclose(moves[1], (-0.5 - beta, 0), atol=1e-12)


# Options, gradients, and d at the last of them with and without the safeguard.
RESTARTS = {
    "powell": (
        {"powell_threshold": 0.2},
        [(1, 0), (0.5, 0.5)],
        (-0.5, -0.5),
        (-1, -0.5),
    ),
    "powell, orthogonal enough": (
        {"powell_threshold": 0.2},
        [(1, 0), (0.19, 1)],
        (-0.19 - 1.0361, -1),
        (-0.19 - 1.0361, -1),
    ),
    "powell, a smaller gradient": (
        {"powell_threshold": 0.2},
        [(10, 0), (0.5, 1)],
        (-0.5, -1),
        (-0.625, -1),
    ),
    "descent": ({"descent_threshold": 1e-2}, [(1, 0), (-2, 0)], (2, 0), (-2, 0)),
    "descent, too little": (
        # d.g = beta d.g - |g|^2 = -0.005 |g|^2.
        {"descent_threshold": 1e-2},
        [(1, 0), (-0.995, np.sqrt(1 - 0.995**2))],
        (0.995, -np.sqrt(1 - 0.995**2)),
        (-0.005, -np.sqrt(1 - 0.995**2)),
    ),
    "period": ({"restart_every": 2}, [(1, 0), (0, 1), (1, 0)], (-1, 0), (-2, -1)),
    "period not over": ({"restart_every": 3}, [(1, 0), (0, 1), (1, 0)], (-2, -1), (-2, -1)),
}


@pytest.mark.parametrize("case", RESTARTS)
def test_restarts(case):
    safeguard, gradients, with_it, without_it = RESTARTS[case]
    for extra, expected in ((safeguard, with_it), ({}, without_it)):
        options = {**SAFEGUARDS_OFF, **extra, "rule": "fletcher_reeves"}
        optimizer = optimizers.ConjugateGradient(1.0, **options)
        moves = directions_along(optimizer, gradients)
        np.testing.assert_allclose(moves[-1], expected, atol=1e-12)
        restarted = extra != {} and with_it != without_it
        assert int(optimizer.restarts) == restarted
        conjugate = len(gradients) - 1 - restarted
        np.testing.assert_allclose(optimizer.beta_positive_fraction, conjugate / len(gradients))


def test_built_twice_and_not_used():
    optimizer = optimizers.ConjugateGradient()
    variables = build(optimizer, [1.0], [(1,)])
    kept = len(optimizer.variables)
    optimizer.build(variables)
    assert len(optimizer.variables) == kept
    assert (int(optimizer.restarts), float(optimizer.beta_positive_fraction)) == (0, 0)


@every_rule
@every_preconditioner
def test_inner_products_run_over_all_variables(rule, preconditioner):
    """Cutting a variable in two changes nothing."""
    start, *noise = np.random.default_rng(0).normal(size=(11, 12))
    iterates = []
    for shapes in ([(4, 3)], [(1, 3), (9,)]):
        optimizer = optimizers.ConjugateGradient(
            0.1, rule=rule, preconditioner=preconditioner, powell_threshold=None
        )
        variables = build(optimizer, start, shapes)
        for step in range(10):
            gradient = np.linspace(1, 5, 12) * joined(variables) + noise[step]
            optimizer.apply([tf.constant(part) for part in split(gradient, shapes)])
        assert float(optimizer.beta_positive_fraction) > 0
        iterates.append(joined(variables))
    np.testing.assert_allclose(*iterates, rtol=0, atol=1e-12)


KERAS_OPTIONS = {
    "plain": {},
    "schedule": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)},
    "weight_decay": {"weight_decay": 0.3},
    "clipnorm": {"clipnorm": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "clipvalue": {"clipvalue": 0.1},
    "use_ema": {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
    "loss_scale_factor": {"loss_scale_factor": 2.0},
    "gradient_accumulation_steps": {"gradient_accumulation_steps": 2},
}


@pytest.mark.parametrize("option", KERAS_OPTIONS)
@pytest.mark.parametrize("beta_1", [None, 0.0, 0.5], ids=["sgd", "adam", "adam with momentum"])
def test_without_conjugacy_it_is_sgd_or_adam(option, beta_1):
    """At beta = 0, under all that Keras offers to every optimizer."""
    options = {"learning_rate": 0.1, **KERAS_OPTIONS[option]}
    if beta_1 is None:
        reference, own = keras.optimizers.SGD(**options), {}
    else:
        own = {"preconditioner": "adam", "beta_1": beta_1, "beta_2": 0.9}
        reference = keras.optimizers.Adam(beta_1=beta_1, beta_2=0.9, **options)
    ours = optimizers.ConjugateGradient(restart_every=1, **own, **options)
    ends = []
    for optimizer in (ours, reference):
        variables = build(optimizer, np.ones(10), SHAPES[10])
        for scale in (1, -2, 3, 1, 2, -1, 1):
            optimizer.apply([tf.constant(scale * np.cos(v.numpy())) for v in variables])
        ends.append(joined(variables))
        assert int(optimizer.iterations) == (3 if option.startswith("gradient_acc") else 7)
    np.testing.assert_allclose(*ends, rtol=0, atol=1e-6)
    assert np.abs(ends[0] - 1).max() > 1e-3


def test_conjugacy_is_that_of_clipped_gradients_and_not_of_weight_decay():
    gradients = [(0.0, 4.0), (1.0, 0.0)]
    plain = {"rule": "fletcher_reeves", "beta_max": None}
    clipped = optimizers.ConjugateGradient(1.0, global_clipnorm=2.0, **plain)
    moves = directions_along(clipped, gradients)
    np.testing.assert_allclose(moves, [(0, -2), (-1, -2 / 4)], atol=1e-12)
    (next_move,) = clipped.direction([tf.constant((0.0, 8.0), "float64")])
    np.testing.assert_allclose(next_move, (-4, -4), atol=1e-12)

    decaying = optimizers.ConjugateGradient(1.0, weight_decay=0.5, **plain)
    moves = directions_along(decaying, gradients)
    np.testing.assert_allclose(moves, [(0, -4), (-1, -4 / 16 + 2)], atol=1e-12)


def test_adam_has_the_direction_in_its_first_moment_and_the_gradient_in_its_second():
    optimizer = optimizers.ConjugateGradient(
        1.0, rule="fletcher_reeves", preconditioner="adam", beta_1=0.5, beta_2=0.9, epsilon=0.1
    )
    moves = directions_along(optimizer, [(0.0, 4.0), (1.0, 0.0)])
    # d = (0, -4), then (-1, -4 / 16).
    first_moment = np.array([-0.5, 0.25 * -4 - 0.5 * 0.25])
    second_moment = np.array([0.1, 0.09 * 16])
    unbias = np.sqrt(1 - 0.9**2) / (1 - 0.5**2)
    expected = unbias * first_moment / (np.sqrt(second_moment) + 0.1)
    np.testing.assert_allclose(moves[1], expected, rtol=1e-12)


@every_preconditioner
def test_direction_is_what_apply_does_and_changes_nothing(preconditioner):
    optimizer = optimizers.ConjugateGradient(
        0.1, preconditioner=preconditioner, beta_1=0.5, clipnorm=1.0
    )
    (variable,) = build(optimizer, np.ones(3), [(3,)])
    for gradient in np.random.default_rng(0).normal(size=(5, 3)):
        before = variable.numpy()
        state = [v.numpy() for v in optimizer.variables]
        (direction,) = optimizer.direction([tf.constant(gradient)])
        assert all(map(np.array_equal, state, [v.numpy() for v in optimizer.variables]))
        optimizer.apply([tf.constant(gradient)])
        np.testing.assert_allclose(variable - before, 0.1 * direction, rtol=0, atol=1e-8)
    with pytest.raises(ValueError, match="build"):
        optimizers.ConjugateGradient().direction([tf.constant(gradient)])


def test_sparse_and_missing_gradients():
    table, other, idle = (keras.Variable(np.ones(shape)) for shape in ((4, 2), (3,), (2,)))
    slices = tf.IndexedSlices(tf.constant([[1.0, 2.0]]), tf.constant([2]), tf.constant([4, 2]))
    ends = []
    for gradient in (slices, tf.convert_to_tensor(slices)):
        for variable in (table, other, idle):
            variable.assign(np.ones(variable.shape))
        optimizer = optimizers.ConjugateGradient(0.1, rule="fletcher_reeves", **SAFEGUARDS_OFF)
        optimizer.build([idle, table, other])
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            for _ in range(2):
                optimizer.apply([None, gradient, tf.ones(3)], [idle, table, other])
        ends.append(joined([table, other, idle]))
    np.testing.assert_array_equal(*ends)
    # beta = 1 at the second update, so 0.1 + 0.2.
    expected = [1, 1, 1, 1, 0.7, 0.4, 1, 1, 0.7, 0.7, 0.7, 1, 1]
    np.testing.assert_allclose(ends[0], expected, rtol=1e-6)


@every_preconditioner
def test_half_precision_moves_like_float32(preconditioner):
    ends = []
    for dtype in ("bfloat16", "float32"):
        optimizer = optimizers.ConjugateGradient(
            1.0, rule="fletcher_reeves", preconditioner=preconditioner, **SAFEGUARDS_OFF
        )
        moves = directions_along(optimizer, [(1e-3, 0), (0, 1e-3), (1e-3, 1e-3)], dtype)
        ends.append(moves.astype("float32").sum(axis=0))
    np.testing.assert_allclose(*ends, rtol=0.03)


@pytest.mark.slow
@every_preconditioner
def test_tf_function_is_eager(preconditioner):
    ends = []
    for compiled in (lambda f: f, tf.function, tf.function(jit_compile=True)):
        optimizer = optimizers.ConjugateGradient(
            0.1, preconditioner=preconditioner, powell_threshold=None, restart_every=4
        )
        variables = build(optimizer, np.ones(10), SHAPES[10])
        update = compiled(optimizer.apply)
        for noise in np.random.default_rng(0).normal(size=(6, 10)):
            gradient = np.sinh(joined(variables)) + noise
            update([tf.constant(part) for part in split(gradient, SHAPES[10])])
        ends.append([*joined(variables), optimizer.restarts, optimizer.beta_positive_fraction])
    assert ends[0][-2] > 0 and ends[0][-1] > 0
    np.testing.assert_allclose(ends[1:], ends[:1] * 2, rtol=0, atol=1e-12)


def test_config_round_trip():
    options = {
        "learning_rate": 0.5,
        "rule": "dai_yuan",
        "beta_max": 0.4,
        "restart_every": 7,
        "powell_threshold": 0.3,
        "descent_threshold": 0.02,
        "preconditioner": "adam",
        "beta_1": 0.1,
        "beta_2": 0.8,
        "epsilon": 1e-3,
        "weight_decay": 0.01,
        "global_clipnorm": 2.0,
        "name": "mine",
    }
    own = inspect.signature(optimizers.ConjugateGradient).parameters
    assert set(own) - {"kwargs"} <= set(options)
    saved = keras.saving.serialize_keras_object(optimizers.ConjugateGradient(**options))
    assert saved["registered_name"] == "geans>ConjugateGradient"
    loaded = keras.saving.deserialize_keras_object(saved)
    assert {name: loaded.get_config()[name] for name in options} == options


@pytest.mark.slow
@every_preconditioner
def test_a_saved_keras_model_continues_as_if_uninterrupted(preconditioner, points, tmp_path):
    path = tmp_path / "model.keras"
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, "tanh")])
    model.add(keras.layers.Dense(1))
    optimizer = optimizers.ConjugateGradient(
        0.01, powell_threshold=None, preconditioner=preconditioner
    )
    model.compile(optimizer, "mse")
    fit = {"x": points, "y": points[:, :1] ** 2, "shuffle": False, "verbose": 0}
    model.fit(**fit)
    model.save(path)
    loaded = keras.saving.load_model(path)
    kept = loaded.optimizer.variables
    assert sum(np.abs(v.numpy()).max() > 0 for v in kept if "direction" in v.name) == 4
    for one in (model, loaded):
        one.fit(**fit)
    for one, other in zip(model.optimizer.variables, kept, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert float(loaded.optimizer.beta_positive_fraction) > 0


@pytest.mark.slow
@pytest.mark.parametrize("preconditioner", [None, pytest.param("adam", marks=pytest.mark.nightly)])
def test_both_players_of_a_gean(preconditioner, make_model, points, tmp_path):
    options = {
        f"{player}_optimizer": optimizers.ConjugateGradient(0.02, preconditioner=preconditioner)
        for player in ("generator", "discriminator")
    }
    model = make_model(geans.GEAN, update_every=2, compile_options=options)
    networks = (model.generator, model.discriminator)
    start = [weight for network in networks for weight in network.get_weights()]
    fit = {"batch_size": 8, "epochs": 4, "shuffle": False, "verbose": 0}
    model.fit(points, **fit)
    end = [weight for network in networks for weight in network.get_weights()]
    assert all((a != b).any() for a, b in zip(start, end, strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    losses = [one.fit(points, **fit).history["generator_loss"] for one in (model, loaded)]
    assert losses[0] == losses[1] and np.all(np.isfinite(losses))
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    optimizer = loaded.generator_player.optimizer
    assert isinstance(optimizer, optimizers.ConjugateGradient)
    assert int(optimizer.iterations) == 8 * 3
    assert int(optimizer.restarts) > 0 or float(optimizer.beta_positive_fraction) > 0


# Each replica has the gradient of half a batch of a least-squares problem.
REPLICAS = """
import keras, numpy as np, tensorflow as tf
from geans.optimizers import conjugate_gradient
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
batches = tf.constant(np.random.default_rng(0).normal(size=(8, 2, 8, 3)))

def train(strategy, options, across):
    count = strategy.num_replicas_in_sync
    with strategy.scope():
        variables = [keras.Variable(np.ones(s), dtype="float64") for s in ((3, 3), (3,))]
        optimizer = conjugate_gradient.ConjugateGradient(0.05, powell_threshold=None, **options)
        optimizer.build(variables)

    def gradients(part):
        share = slice(8 * part // count, 8 * (part + 1) // count) if part is not None else slice(8)
        with tf.GradientTape() as tape:
            inputs, targets = tf.unstack(tf.gather(batches, optimizer.iterations)[:, share])
            errors = inputs @ variables[0] + variables[1] - targets
            loss = tf.reduce_sum(errors**2) / 8
        return tape.gradient(loss, [v.value for v in variables])

    def update():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for part in range(count):
            if int(tf.get_static_value(replica)) == part:
                moves = zip(optimizer.direction(gradients(part)), variables)
                ends = [v + 0.05 * move for move, v in moves]
                optimizer.apply(gradients(part), variables)
                for v, end in zip(variables, ends):
                    tf.debugging.assert_near(v.value, end, rtol=0, atol=1e-6)

    run = tf.function(lambda: strategy.run(update))
    for _ in range(8):
        optimizer.apply(gradients(None), variables) if across else run()
    copies = zip(*(strategy.experimental_local_results(v.value) for v in variables))
    counters = [float(optimizer.restarts), float(optimizer.beta_positive_fraction)]
    return [np.concatenate([*(np.ravel(v) for v in copy), counters]) for copy in copies]

for case in [*({"rule": rule} for rule in conjugate_gradient.RULES), {"preconditioner": "adam"}]:
    options = {**case, "restart_every": 5}
    (alone,) = train(tf.distribute.get_strategy(), options, False)
    assert alone[-2] > 0 and alone[-1] > 0, (case, alone)
    for across in (False, True):
        first, second = train(strategy, options, across)
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, alone, rtol=0, atol=1e-6)
    print(case)
"""


@pytest.mark.nightly
def test_two_replicas_are_one(run_python, tmp_path):
    """In replica context, and outside with the summed gradient, as at an epoch's end."""
    lines = run_python(REPLICAS, tmp_path).splitlines()
    assert len(lines) == len(conjugate_gradient.RULES) + 1


MEANINGLESS = [
    {"rule": "newton"},
    {"preconditioner": "newton"},
    {"learning_rate": -0.1},
    {"beta_max": -0.9},
    {"powell_threshold": -0.2},
    {"descent_threshold": -0.01},
    {"restart_every": 0},
    {"restart_every": 2.5},
    {"beta_1": 1.0},
    {"beta_2": -0.5},
    {"epsilon": -1e-7},
    {"epsilon": float("nan")},
]


@pytest.mark.parametrize("options", MEANINGLESS, ids=str)
def test_meaningless_arguments(options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError) as error:
        optimizers.ConjugateGradient(**options)
    assert name in str(error.value) and f"Received: {name}={value!r}" in str(error.value)
