import json

import geans


def test_a_configuration_is_json_and_makes_the_same_model(make_model):
    model = make_model(geans.GEAN, update_every=5, order="alternating", ema_half_life=None)
    config = json.dumps(model.get_config())
    twin = geans.GEAN.from_config(json.loads(config))
    assert json.loads(json.dumps(twin.get_config())) == json.loads(config)


def test_a_model_that_was_not_compiled_has_no_compile_configuration():
    from geans import networks

    model = geans.GAN(networks.mlp.generator(2, (2,)), networks.mlp.discriminator((2,)))
    assert model.get_compile_config() == {}


def test_what_to_do_with_a_nan_is_saved(make_model):
    model = make_model(geans.GAN, compile_options={"on_nan": "skip"})
    twin = geans.GAN.from_config(model.get_config())
    twin.compile_from_config(model.get_compile_config())
    assert twin.on_nan == "skip"
