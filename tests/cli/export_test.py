import keras
import numpy as np
import tensorflow as tf

import geans
from geans import cli, networks


def test_the_exported_model_samples_as_the_run_does(tmp_path, capsys):
    model = geans.GAN(networks.mlp.generator(3, (2,)), networks.mlp.discriminator((2,)))
    model.compile()
    model.save(tmp_path / "model.keras")
    arguments = [f"--run_dir={tmp_path}", f"--output={tmp_path / 'saved'}"]
    assert cli.main(["export", *arguments]) == 0
    assert str(tmp_path / "saved") in capsys.readouterr().out
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded.sample(4, 2), model.sample(4, seed=2), atol=1e-6)
    assert isinstance(keras.saving.load_model(tmp_path / "model.keras"), geans.GAN)

    assert cli.main(["export", *arguments]) == 2
    assert "exists" in capsys.readouterr().err


def test_a_pretrained_model_is_exported_by_its_name(tmp_path, capsys):
    assert cli.main(["export", "--pretrained=digits", f"--output={tmp_path / 'saved'}"]) == 0
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    labels = np.array([4, 2])
    expected = geans.from_pretrained("digits").sample(2, seed=0, labels=labels)
    np.testing.assert_allclose(loaded.sample(2, 0, labels), expected, atol=1e-5)
    arguments = ["export", "--pretrained=digits", "--int8", "--format=keras"]
    assert cli.main([*arguments, f"--output={tmp_path / 'a.keras'}"]) == 2
    assert "--int8 is for --format=litert" in capsys.readouterr().err
    assert cli.main([*arguments[:2], "--format=keras", f"--output={tmp_path / 'a.keras'}"]) == 0
    assert (tmp_path / "a.keras").is_file()
