"""The report opens in a browser that can reach nothing: no message in the console, no request for anything."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.real
def test_the_report_on_the_agencies_files_is_silent_and_self_contained(real, open_page):
    opened = open_page(real.out / "report.html")
    assert opened.console == []
    assert opened.requests == []
    assert opened.dom.count("<svg") >= 8
    assert "<script" not in opened.dom


def test_the_simulated_report_is_silent_and_self_contained(simulated, open_page):
    opened = open_page(simulated.out / "report.html")
    assert opened.console == []
    assert opened.requests == []
    assert "SIMULATED" in opened.dom
