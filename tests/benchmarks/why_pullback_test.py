import pytest
import why_pullback


def test_pulling_the_discriminator_back_makes_circles_shrink():
    """Of one step the eigenvalues' product is 1 - (1 - share) times the product of the rates."""
    radii = {
        (row["window"], row["pulled_back"]): row["radius_per_step"]
        for row in why_pullback.eigenvalues()
        if row["rates"] == [0.1, 0.1]
    }
    assert [radii[window, "neither player"] for window in (1, 20)] == pytest.approx([1, 1])
    assert radii[1, "discriminator"] == pytest.approx((1 - 0.5 * 0.1 * 0.1) ** 0.5)
    assert all(radii[20, name] < 0.999 for name in ("generator", "discriminator and generator"))


@pytest.mark.parametrize("control", why_pullback.CONTROLS)
def test_every_control_has_a_rule(control):
    assert why_pullback.rule_of(control).description


def test_a_row_is_known_by_its_control_and_seed():
    row = {"suite": "controls", "control": "pullback", "seed": 1}
    assert why_pullback.key(row | {"modes": 25}) == why_pullback.key(row)
    assert why_pullback.key(row | {"seed": 2}) != why_pullback.key(row)
