import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from guided_segmentation import crf, guides, labels

# Thresholds for maps small enough to read: seeds from 4 pixels on, salient
# regions from 6 % on, which is 5 of 12 x 6 pixels.
SMALL = guides.GuideSettings(seed_min_area_px=4, saliency_min_area=0.06)


def grid(text):
    """Reads a map: a digit is a class, "." is 0, "#" is 1 and "?" is 255."""
    values = {".": 0, "#": 1, "?": 255, **{str(i): i for i in range(10)}}
    rows = text.split()
    return np.array([[values[letter] for letter in row] for row in rows], "u1")


def evidence(seeds=None, saliency_mask=None, present=(1, 2), **parts):
    size = next(
        part.shape
        for part in (seeds, saliency_mask, parts.get("truth"))
        if part is not None
    )
    return guides.Evidence(
        image_id=parts.pop("image_id", "2007_000032"),
        image=parts.pop("image", np.zeros((*size, 3), np.uint8)),
        image_labels=np.isin(np.arange(1, 6), present),
        seeds=seeds,
        saliency_mask=saliency_mask,
        **parts,
    )


def g2(seeds, saliency, chosen=SMALL, **parts):
    """Runs G2 on two drawn maps."""
    mask = grid(saliency).astype(bool)
    return guides.g2(evidence(grid(seeds), mask, **parts), chosen)


def assert_guide(guide, wanted):
    assert guide.dtype == np.uint8
    np.testing.assert_array_equal(guide, grid(wanted))


NOTHING = """
    ............
    ............
    ............
    ............
    ............
    ............
"""
REGION = """
    ............
    ..######....
    ..######....
    ..######....
    ..######....
    ............
"""
SPECK = """
    ............
    ............
    ....1.......
    ....11......
    ............
    ............
"""
FOUR = """
    ............
    ............
    ....11......
    ....11......
    ............
    ............
"""
TWO_REGIONS = """
    ............
    .####..####.
    .####..####.
    .####..####.
    ............
    ............
"""


def test_a_seed_gives_its_class_to_the_whole_region():
    assert_guide(
        g2(FOUR, REGION),
        """
        ............
        ..111111....
        ..111111....
        ..111111....
        ..111111....
        ............
        """,
    )


def test_what_leaks_out_of_a_region_is_ignored():
    seeds = """
        ............
        ............
        ......2222..
        ......2222..
        ............
        ............
    """
    wanted = """
        ............
        ..222222....
        ..222222??..
        ..222222??..
        ..222222....
        ............
    """
    assert_guide(g2(seeds, REGION), wanted)


def test_one_shared_pixel_is_a_touch():
    seeds = """
        ............
        ............
        ............
        ............
        .......22...
        .......22...
    """
    wanted = """
        ............
        ..222222....
        ..222222....
        ..222222....
        ..222222?...
        .......??...
    """
    assert_guide(g2(seeds, REGION), wanted)


def test_a_neighbour_without_a_shared_pixel_is_no_touch():
    seeds = """
        ............
        ........22..
        ........22..
        ............
        ............
        ............
    """
    wanted = """
        ............
        ..??????22..
        ..??????22..
        ..??????....
        ..??????....
        ............
    """
    assert_guide(g2(seeds, REGION), wanted)


def test_a_seed_that_touches_two_regions_labels_both():
    seeds = """
        ............
        ............
        ...222222...
        ...222222...
        ............
        ............
    """
    wanted = """
        ............
        .2222..2222.
        .2222??2222.
        .2222??2222.
        ............
        ............
    """
    assert_guide(g2(seeds, TWO_REGIONS), wanted)


def test_each_region_takes_the_class_of_its_own_seed():
    seeds = """
        ............
        .22.........
        .22.........
        ........11..
        ........11..
        ............
    """
    wanted = """
        ............
        .2222..1111.
        .2222..1111.
        .2222..1111.
        ........??..
        ............
    """
    assert_guide(g2(seeds, TWO_REGIONS), wanted)


def test_a_region_without_a_seed_is_ignored_and_the_rest_is_background():
    wanted = """
        ............
        ..??????....
        ..??????....
        ..??????....
        ..??????....
        ............
    """
    assert_guide(g2(NOTHING, REGION), wanted)


def test_an_isolated_seed_is_kept():
    assert_guide(g2(FOUR, NOTHING), FOUR)


def test_an_isolated_seed_stays_beside_a_region_of_another_class():
    seeds = """
        ............
        ..........1.
        ....22....11
        ....22....11
        ............
        ............
    """
    wanted = """
        ............
        ..222222..1.
        ..222222..11
        ..222222..11
        ..222222....
        ............
    """
    assert_guide(g2(seeds, REGION), wanted)


def test_a_salient_blob_that_is_too_small_is_ignored_not_background():
    """It is 4 of 72 pixels, but background is what is not salient at all."""
    wanted = """
        ............
        ............
        ....??......
        ....??......
        ............
        ............
    """
    blob = wanted.replace("?", "#")
    assert_guide(g2(NOTHING, blob), wanted)


def test_a_seed_on_a_blob_that_is_too_small_is_isolated():
    seeds = """
        ............
        ............
        .....111....
        .....111....
        ............
        ............
    """
    blob = """
        ............
        ............
        ....##......
        ....##......
        ............
        ............
    """
    wanted = """
        ............
        ............
        ....?111....
        ....?111....
        ............
        ............
    """
    assert_guide(g2(seeds, blob), wanted)


def test_a_seed_that_is_too_small_is_ignored():
    wanted = SPECK.replace("1", "?")
    assert_guide(g2(SPECK, NOTHING), wanted)


def test_a_seed_that_is_too_small_labels_no_region():
    wanted = REGION.replace("#", "?")
    assert_guide(g2(SPECK, REGION), wanted)


def test_a_seed_one_pixel_thick_is_ignored_at_any_length():
    seeds = """
        .1..........
        .1..222222..
        .1..........
        .1..........
        .1..........
        ............
    """
    assert_guide(g2(seeds, NOTHING), seeds.replace("1", "?").replace("2", "?"))


def test_a_salient_line_one_pixel_thick_is_no_region():
    """Its seed is isolated; the rest of the line is ignored."""
    line = """
        ............
        ............
        ............
        ............
        ############
        ............
    """
    seeds = """
        ............
        ............
        ............
        ..22........
        ..22........
        ............
    """
    wanted = """
        ............
        ............
        ............
        ..22........
        ??22????????
        ............
    """
    assert_guide(g2(seeds, line), wanted)


def test_regions_that_meet_at_a_corner_are_one():
    saliency = """
        ............
        .####.......
        .####.......
        .....####...
        .....####...
        ............
    """
    seeds = """
        ............
        .11.........
        .11.........
        ............
        ............
        ............
    """
    assert_guide(g2(seeds, saliency), saliency.replace("#", "1"))


def test_seeds_that_meet_at_a_corner_are_one():
    """Two pixels each, four together: enough."""
    seeds = """
        ............
        ..11........
        ....11......
        ............
        ............
        ............
    """
    assert_guide(g2(seeds, NOTHING), seeds)


def test_seeds_that_meet_at_a_corner_carry_the_label_across():
    """The second square leaks; only the first one touches the region."""
    seeds = """
        ............
        ......11....
        ......11....
        ........11..
        ........11..
        ............
    """
    wanted = """
        ............
        ..111111....
        ..111111....
        ..111111??..
        ..111111??..
        ............
    """
    assert_guide(g2(seeds, REGION), wanted)


def test_seeds_of_an_absent_class_are_never_heard():
    """Within a region of class 1, alone in a region, and outside of all."""
    seeds = """
        ..........33
        .11.........
        .1133..33...
        ...33..33...
        ............
        33..........
    """
    wanted = """
        ..........??
        .1111..????.
        .1111..????.
        .1111..????.
        ............
        ??..........
    """
    assert_guide(g2(seeds, TWO_REGIONS), wanted)


def test_an_image_without_labels_has_background_and_doubt_alone():
    guide = g2(FOUR, REGION, present=())
    assert_guide(guide, REGION.replace("#", "?"))


def test_a_background_component_that_is_too_small_is_ignored():
    """The hole holds 2 pixels, the left margin is one pixel wide."""
    seeds = """
        .11111......
        .1..11......
        .11111......
        .11111......
        .11111......
        .11111......
    """
    wanted = """
        ?11111......
        ?1??11......
        ?11111......
        ?11111......
        ?11111......
        ?11111......
    """
    assert_guide(g2(seeds, NOTHING), wanted)


def test_a_background_component_that_touches_no_region_is_background():
    """The right part is cut off from the region by the seed."""
    seeds = """
        .....11.....
        .....11.....
        .....11.....
        .....11.....
        .....11.....
        .....11.....
    """
    saliency = """
        ............
        ..####......
        ..####......
        ..####......
        .........##.
        .........##.
    """
    wanted = """
        .....??.....
        ..1111?.....
        ..1111?.....
        ..1111?.....
        .....??..??.
        .....??..??.
    """
    assert_guide(g2(seeds, saliency), wanted)


def test_a_mask_that_covers_everything_leaves_no_background():
    assert_guide(g2(FOUR, NOTHING.replace(".", "#")), NOTHING.replace(".", "1"))


def test_every_seed_pixel_pulls_in_a_divided_region_specks_too():
    """Without blur and edges, seeds keep their class and ties go to 1."""
    seeds = """
        ............
        ..11...2....
        ..11........
        ......22....
        ......22....
        ............
    """
    wanted = """
        ............
        ..111112....
        ..111111....
        ..111122....
        ..111122....
        ............
    """
    plain = guides.GuideSettings(
        seed_min_area_px=4, saliency_min_area=0.06, blur_px=0, crf=crf.NONE
    )
    assert_guide(g2(seeds, REGION, plain), wanted)


def two_colours():
    """A dark and a bright half in one salient region, a seed in each.

    Seed 3 of the dark half leaks to the left, seed 5 of the bright half lies
    far from the edge between them, at column 40.
    """
    image = np.full((40, 60, 3), 40, np.uint8)
    image[:, 40:] = 200
    seeds = np.zeros((40, 60), np.uint8)
    seeds[10:20, 2:12] = 3
    seeds[15:25, 48:54] = 5
    saliency_mask = np.zeros((40, 60), bool)
    saliency_mask[5:35, 5:55] = True
    return evidence(seeds, saliency_mask, (3, 5), image=image)


def two_colours_divided():
    wanted = np.zeros((40, 60), np.uint8)
    wanted[10:20, 2:5] = labels.IGNORE
    wanted[5:35, 5:40] = 3
    wanted[5:35, 40:55] = 5
    return wanted


def test_two_classes_share_a_region_along_the_edge_in_the_image():
    np.testing.assert_array_equal(
        guides.g2(two_colours()), two_colours_divided()
    )


def test_the_crf_sees_nothing_outside_its_region(monkeypatch):
    masks = []

    def infer(image, energy, settings, mask):
        masks.append(mask)
        return np.eye(2)[np.ones(mask.shape, int)]

    monkeypatch.setattr(crf, "infer", infer)
    known = two_colours()
    guide = guides.g2(known)
    np.testing.assert_array_equal(masks, [known.saliency_mask])
    wanted = two_colours_divided()
    wanted[known.saliency_mask] = 5
    np.testing.assert_array_equal(guide, wanted)


@pytest.mark.parametrize("unary", ["log", "prob"])
def test_the_energies_are_those_of_the_blurred_seeds(monkeypatch, unary):
    energies = []

    def infer(image, energy, settings, mask):
        energies.append(energy)
        return np.zeros(energy.shape)

    monkeypatch.setattr(crf, "infer", infer)
    known = two_colours()
    guides.g2(known, guides.GuideSettings(unary=unary, blur_px=4))
    shares = [
        ndimage.gaussian_filter(
            np.clip((known.seeds == index).astype(float), 0.001, 0.999), 4
        )
        for index in (3, 5)
    ]
    wanted = np.stack(shares, axis=-1)
    wanted = -np.log(wanted) if unary == "log" else -wanted
    np.testing.assert_allclose(energies, [wanted], atol=1e-4)


def test_both_unaries_divide_by_the_edge_and_may_differ_elsewhere():
    for unary in ("log", "prob"):
        guide = guides.g2(two_colours(), guides.GuideSettings(unary=unary))
        np.testing.assert_array_equal(guide, two_colours_divided())


@pytest.mark.parametrize("size", [(5, 7), (64, 48)])
def test_the_blur_is_that_of_scipy(size):
    mask = np.random.default_rng(0).random(size) < 0.1
    np.testing.assert_allclose(
        guides.blurred(mask, 10.0),
        ndimage.gaussian_filter(
            np.clip(mask.astype(float), 0.001, 0.999), 10.0
        ),
        atol=1e-5,
    )


@pytest.mark.parametrize(("area", "kept"), [(24, False), (25, True)])
def test_a_seed_of_the_paper_has_25_pixels(area, kept):
    seeds = np.zeros((20, 20), np.uint8)
    seeds[4:9, 4:9] = 1
    seeds[4, 4] = area == 25
    guide = guides.g2(evidence(seeds, np.zeros((20, 20), bool)))
    assert guide[6, 6] == (1 if kept else labels.IGNORE)


@pytest.mark.parametrize(("area", "kept"), [(24, False), (25, True)])
def test_a_region_of_the_paper_has_one_percent_of_the_image(area, kept):
    """The image has 2500 pixels. A seed on a dropped region spreads not."""
    saliency_mask = np.zeros((50, 50), bool)
    saliency_mask[4:9, 4:9] = True
    saliency_mask[8, 8] = area == 25
    seeds = np.zeros((50, 50), np.uint8)
    seeds[0:6, 0:6] = 2
    guide = guides.g2(evidence(seeds, saliency_mask))
    assert guide[7, 7] == (2 if kept else labels.IGNORE)
    assert guide[1, 1] == (labels.IGNORE if kept else 2)


def scene(seed):
    """Random rectangles and specks; about 50 x 60 pixels, classes 1 to 4."""
    random = np.random.default_rng(seed)
    height, width = random.integers(36, 60, 2)
    seeds = np.zeros((height, width), np.uint8)
    saliency_mask = np.zeros((height, width), bool)

    def rectangle(largest):
        top, left = random.integers(-4, [height, width])
        rows, columns = random.integers(1, largest, 2)
        return np.s_[max(top, 0) : top + rows, max(left, 0) : left + columns]

    for _ in range(random.integers(1, 6)):
        saliency_mask[rectangle(26)] = True
    for _ in range(random.integers(3, 11)):
        seeds[rectangle(16)] = random.integers(1, 5)
    for _ in range(10):
        seeds[rectangle(4)] = random.integers(0, 5)
        saliency_mask[rectangle(4)] ^= True
    return evidence(
        seeds,
        saliency_mask,
        present=random.permutation([1, 2, 3, 4])[: random.integers(1, 5)],
        image=random.integers(0, 256, (height, width, 3), np.uint8),
    )


def slow_components(mask, min_area_px):
    numbers, count = ndimage.label(mask, np.ones((3, 3)))
    for number in range(1, count + 1):
        component = numbers == number
        rows, columns = np.nonzero(component)
        if len(rows) >= min_area_px and np.ptp(rows) * np.ptp(columns) > 0:
            yield component


def slow_g2(known, chosen, events):
    """Appendix E component by component; ties of a division stay open.

    Returns:
      The guide, and where a division has a single winner.
    """
    seeds, saliency_mask = known.seeds, known.saliency_mask
    guide = np.full(seeds.shape, 255, np.uint8)
    clear = np.ones(seeds.shape, bool)
    parts = [
        (index, part)
        for index in range(6)
        if index == 0 or known.image_labels[index - 1]
        for part in slow_components(seeds == index, chosen.seed_min_area_px)
    ]
    used = set()
    area = chosen.saliency_min_area * seeds.size
    for region in slow_components(saliency_mask, area):
        hits = [i for i, part in enumerate(parts) if (part[1] & region).any()]
        used.update(hits)
        found = sorted({parts[i][0] for i in hits} - {0})
        events[f"{min(len(found), 2)} classes"] += 1
        if len(found) == 1:
            guide[region] = found[0]
        if len(found) > 1:
            shares = np.stack(
                [
                    ndimage.gaussian_filter(
                        np.where(seeds == index, 0.999, 0.001), chosen.blur_px
                    )
                    for index in found
                ]
            )
            guide[region] = np.array(found)[shares.argmax(axis=0)][region]
            first, second = np.sort(shares, axis=0)[[-1, -2]]
            clear[region] = (first - second > 1e-5)[region]
    for i, (index, part) in enumerate(parts):
        if index == 0:
            guide[part & ~saliency_mask] = 0
        elif i not in used:
            events["isolated"] += 1
            guide[part] = index
        elif (guide[part] == 255).any():
            events["leak"] += 1
    return guide, clear


def test_g2_equals_a_slow_reference_on_200_random_scenes():
    chosen = guides.GuideSettings(blur_px=3, crf=crf.NONE)
    names = ["0 classes", "1 classes", "2 classes", "isolated", "leak"]
    events = dict.fromkeys(names, 0)
    for seed in range(200):
        known = scene(seed)
        wanted, clear = slow_g2(known, chosen, events)
        guide = guides.g2(known, chosen)
        np.testing.assert_array_equal(guide[clear], wanted[clear], str(seed))
        assert (guide[~clear] < labels.IGNORE).all()
    assert min(events.values()) >= 30, events


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), name=st.sampled_from(["g2", "seeds_only"]))
def test_no_guide_invents_an_absent_class(seed, name):
    known = scene(seed)
    present = guides.present_classes(known.image_labels)
    guide = guides.GUIDES[name](known)
    assert np.isin(guide, [labels.BACKGROUND, labels.IGNORE, *present]).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), turns=st.integers(1, 3), flip=st.booleans())
def test_the_order_of_the_components_does_not_matter(seed, turns, flip):
    """Turning the scene numbers its components in another order."""
    plain = guides.GuideSettings(blur_px=0, crf=crf.NONE)
    known = scene(seed)

    def turn(array):
        turned = np.rot90(array, turns)
        return np.ascontiguousarray(turned[::-1] if flip else turned)

    turned = guides.Evidence(
        image_id=known.image_id,
        image=turn(known.image),
        image_labels=known.image_labels,
        seeds=turn(known.seeds),
        saliency_mask=turn(known.saliency_mask),
    )
    np.testing.assert_array_equal(
        guides.g2(turned, plain), turn(guides.g2(known, plain))
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_background_of_g2_is_neither_seed_nor_salient(seed):
    known = scene(seed)
    background = guides.g2(known) == labels.BACKGROUND
    assert not known.seeds[background].any()
    assert not known.saliency_mask[background].any()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_oracle_with_true_seeds_is_the_truth(seed):
    """Specks of background alone stay ignored: they are no components."""
    regions = guides.components(scene(seed).saliency_mask, 1)
    truth = np.where(regions > 0, 1 + regions % 4, 0).astype(np.uint8)
    perfect = evidence(truth, truth=truth, present=(1, 2, 3, 4))
    chosen = guides.GuideSettings(seed_min_area_px=1, saliency_min_area=0)
    guide = guides.saliency_oracle(perfect, chosen)
    committed = guide != labels.IGNORE
    np.testing.assert_array_equal(guide[committed], truth[committed])
    assert committed[(truth > 0) | (guides.components(truth == 0, 1) > 0)].all()


def test_seeds_only_is_background_where_no_present_object_fired():
    seeds = grid("0120 3301 2255")
    guide = guides.seeds_only(evidence(seeds, present=(1, 2, 5)))
    assert_guide(guide, "0120 0001 2255")


@pytest.mark.parametrize(
    ("image_id", "drawn"),
    [("2007_000032", 3), ("2007_000039", 3), ("2011_003271", 5)],
)
def test_g0_draws_the_same_class_in_every_process(image_id, drawn):
    mask = grid("..## .##. ....").astype(bool)
    guide = guides.g0(evidence(None, mask, present=(3, 5), image_id=image_id))
    assert_guide(guide, f"..{drawn}{drawn} .{drawn}{drawn}. ....")


def test_g0_draws_each_present_class_about_equally_often():
    mask = np.ones((1, 1), bool)
    drawn = [
        guides.g0(evidence(None, mask, (2, 3, 5), image_id=f"{i:06}"))[0, 0]
        for i in range(600)
    ]
    counts = np.bincount(drawn, minlength=6)
    assert counts.sum() == counts[[2, 3, 5]].sum()
    assert counts[[2, 3, 5]].min() > 160


def test_the_saliency_oracle_is_g2_of_the_true_foreground():
    truth = """
        ............
        .222????....
        .2222222....
        .2222222....
        .???????....
        ............
    """
    seeds = """
        ............
        .1111.......
        .1111.......
        ............
        ............
        ............
    """
    wanted = """
        ............
        .111?.......
        .1111111....
        .1111111....
        ............
        ............
    """
    known = evidence(grid(seeds), truth=grid(truth))
    assert_guide(guides.saliency_oracle(known, SMALL), wanted)


def test_full_is_a_copy_of_the_truth():
    truth = grid("01? 222 ??0")
    guide = guides.full(evidence(truth=truth))
    assert_guide(guide, "01? 222 ??0")
    assert not np.shares_memory(guide, truth)


def test_components_numbers_what_it_keeps_without_gaps():
    mask = grid("##.#.## ##.#.## .......").astype(bool)
    np.testing.assert_array_equal(
        guides.components(mask, 4), grid("11...22 11...22 .......")
    )


def test_seed_components_tells_the_class_of_every_number():
    seeds = grid("1100033 1100033 0000000 3300033 3300033")
    parts, classes = guides.seed_components(
        seeds, np.array([True, False, True]), 4
    )
    np.testing.assert_array_equal(classes, [255, 0, 1, 3, 3, 3])
    np.testing.assert_array_equal(classes[parts], seeds)
    assert len(np.unique(parts)) == 5


def test_touching_finds_every_pair_that_shares_a_pixel():
    regions = grid("1110222 0000000 3330000").astype(np.int32)
    parts = grid("0110100 0110100 0002200").astype(np.int32)
    wanted = np.zeros((4, 3), bool)
    wanted[1, 1] = wanted[2, 1] = True
    np.testing.assert_array_equal(guides.touching(regions, parts), wanted)


@pytest.mark.parametrize("name", guides.GUIDES)
def test_every_guide_needs_what_it_says_and_nothing_else(name):
    seeds, mask = grid(FOUR), grid(REGION).astype(bool)
    parts = {"seeds": seeds, "saliency_mask": mask, "truth": seeds}
    needed = {part: parts[part] for part in guides.REQUIRES[name]}
    guide = guides.GUIDES[name](evidence(**needed))
    assert (guide.dtype, guide.shape) == (np.uint8, seeds.shape)


REMEDIES = {
    "seeds": "run bin/make_seeds first",
    "saliency_mask": "run bin/make_saliency first",
    "truth": "choose a data set that has true label maps",
}


@pytest.mark.parametrize(
    ("name", "missing"),
    [(name, part) for name in guides.GUIDES for part in guides.REQUIRES[name]],
)
def test_missing_evidence_names_image_guide_and_remedy(name, missing):
    seeds, mask = grid(FOUR), grid(REGION).astype(bool)
    parts = {"seeds": seeds, "saliency_mask": mask, "truth": seeds}
    parts.pop(missing)
    with pytest.raises(ValueError) as error:
        guides.GUIDES[name](evidence(**parts))
    assert str(error.value) == (
        f"image '2007_000032': guide {name} needs {missing}, found none; "
        f"{REMEDIES[missing]}"
    )


def test_guides_and_their_needs_have_the_same_names_in_the_same_order():
    assert list(guides.GUIDES) == list(guides.REQUIRES)


@pytest.mark.parametrize("part", ["seeds", "saliency_mask", "truth"])
def test_evidence_of_another_size_names_image_and_both_shapes(part):
    image = np.zeros((6, 8, 3), np.uint8)
    dtype = bool if part == "saliency_mask" else np.uint8
    with pytest.raises(ValueError) as error:
        evidence(image=image, **{part: np.zeros((6, 7), dtype)})
    assert str(error.value) == (
        f"image '2007_000032': {part} must have the size of the image, got "
        f"(6, 7) for an image of (6, 8); resize before labelling"
    )


@pytest.mark.parametrize("part", ["seeds", "saliency_mask", "truth"])
def test_evidence_of_another_dtype_names_image_and_dtype(part):
    wanted = "bool" if part == "saliency_mask" else "uint8"
    with pytest.raises(ValueError) as error:
        evidence(**{part: np.zeros((6, 7), np.int32)})
    assert str(error.value) == (
        f"image '2007_000032': {part} must be {wanted}, got int32; convert "
        f"before labelling"
    )


def test_g0_of_an_image_without_labels_names_the_image():
    with pytest.raises(
        ValueError,
        match=r"image '2007_000032' has no image labels, and g0 draws from "
        r"them; leave the image out of the split",
    ):
        guides.g0(evidence(None, np.ones((2, 2), bool), present=()))


def test_an_unknown_unary_is_refused():
    with pytest.raises(
        ValueError, match=r"unary must be one of log, prob, got 'linear'"
    ):
        guides.GuideSettings(unary="linear")


def test_the_defaults_are_the_papers():
    assert (
        guides.GuideSettings(
            seed_min_area_px=25,
            saliency_min_area=0.01,
            unary="log",
            blur_px=10.0,
            crf=crf.DEEPLAB,
        )
        == guides.PAPER
    )
