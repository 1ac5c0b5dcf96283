from guided_segmentation.experiments import table_1
from guided_segmentation.networks import builders


def test_every_seeder_has_a_title_and_a_network_that_can_be_built():
    assert table_1.TITLES.keys() == table_1.NETWORKS.keys()
    assert {*table_1.NETWORKS.values()} <= {None, *builders.BUILDERS}
    assert table_1.PUBLISHED.keys() < table_1.NETWORKS.keys()


def test_the_table_stands_beside_the_papers():
    found = {
        "gap_lowres": {"mp": 0.5, "map": 0.875, "fg": {}},
        "center_mean_shape": {"mp": None, "map": None},
    }
    *rows, key = table_1.table(table_1.summary(found)).splitlines()
    assert [row.split() for row in rows] == [
        ["mP", "mAP", "paper", "mP", "paper", "mAP"],
        ["GAP-LowRes", "50.0", "87.5", "76.5", "88.0"],
        ["Centre", "mean", "shape", "-", "-", "-", "-"],
    ]
    assert len({len(row) for row in rows}) == 1
    assert key == "mP, mean precision; mAP, mean average precision"
