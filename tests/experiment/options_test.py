import pytest

from geans.experiment.options import call


def test_options_that_do_not_fit_name_their_field():
    assert call(round, (2.56,), {"ndigits": 1}, "data_options") == 2.6
    with pytest.raises(ValueError, match="model_options do not fit.*'digits'.*Received: {'digits"):
        call(round, (2.56,), {"digits": 1}, "model_options")
