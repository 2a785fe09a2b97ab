import rules_on_images

from geans import presets


def row(run, distance):
    return run | {"ema": {"frechet_distance": distance}}


def test_the_best_rates_of_a_complete_search_are_reported():
    search = list(rules_on_images.runs([]))
    assert {run["seed"] for run in search} == {rules_on_images.SEARCH_SEED}
    assert len(search) == 2 * 3 * 9 + 3 * 3
    rows = [row(run, 20.0 - number) for number, run in enumerate(search[:9])]
    reported = [run for run in rules_on_images.runs(rows) if run not in search]
    assert reported == [search[8] | {"seed": seed} for seed in (0, 1, 2)]


def test_every_run_is_a_preset():
    for images, rule in (("figures", "pullback"), ("Fashion-MNIST", "accumulation")):
        fields = rules_on_images.IMAGES[images] | rules_on_images.COMPARED[rule]
        preset = presets.changed(presets.get("gan_fashion"), **fields)
        assert preset.data == rules_on_images.IMAGES[images]["data"]
