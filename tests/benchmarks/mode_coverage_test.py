import mode_coverage


def rows(pair, *distances):
    return [
        {"name": f"ring, GAN, rates {pair}", "overrides": {"pair": pair}, "reverse_kl": distance}
        for distance in distances
    ]


def test_the_best_pair_has_the_smallest_median_of_those_with_all_seeds():
    found = [*rows("a", 0.3, 0.1, 0.9), *rows("b", 0.0), *rows("c", 0.2, 0.2, 5.0)]
    ranked = mode_coverage.ranked_rates(found)
    assert list(ranked) == ["ring, GAN"]
    assert [pair[0]["overrides"]["pair"] for pair in ranked["ring, GAN"]] == ["c", "a", "b"]


def test_every_rule_is_searched_at_the_same_pairs():
    names = [name for name, _, _ in mode_coverage.rule_search()]
    assert len(names) == len(set(names))
    for problem in mode_coverage.RULE_PROBLEMS:
        for rule in mode_coverage.RULES:
            own = [name for name in names if name.startswith(f"{problem}, {rule}, rates ")]
            assert len(own) == len(mode_coverage.RULE_RATES) == 16
