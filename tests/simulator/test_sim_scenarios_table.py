"""The page of all scenarios is what playing them says."""

from tests.simulator.scenario_table import PAGE, page


def test_the_page_of_all_scenarios_is_up_to_date_and_every_play_passes():
    made = page()

    assert "✘" not in made
    assert PAGE.read_text(encoding="utf-8") == made, (
        "docs/scenarios.md is out of date: run python -m tests.simulator.scenario_table"
    )
