import pytest

from guided_segmentation.datasets.verification import findings


@pytest.mark.parametrize("check", findings.CHECKS.values())
def test_every_check_has_a_severity_and_advice(check):
    assert check.severity in findings.SEVERITIES
    assert check.title
    assert check.advice.endswith(".")


def test_errors_come_first_and_checks_stay_together():
    names = ("turned", "size", "unreadable", "size")
    found = findings.ordered([findings.Finding(n, "x") for n in names])
    assert [each.check for each in found] == [
        "unreadable",
        "size",
        "size",
        "turned",
    ]
    counts = findings.counts(found)
    assert counts == {"error": 1, "warning": 2, "note": 1}


def test_severities_are_in_order():
    order = [
        findings.SEVERITIES.index(c.severity) for c in findings.CHECKS.values()
    ]
    assert order == sorted(order)
