"""Rules in force: taken over at the first start, then changed by two persons, never by a file."""

import json
from dataclasses import replace

import pytest

from console.api import create_app
from console.api_server import ApiServer
from console.client import ApiClient
from console.clocks import SystemClock, clock_from
from console.main import main
from console.opening import open_reading, open_service, open_vault
from console.rule_wishes import RuleWishes
from console.rules_at_start import rules_at_start, rules_words
from console.secrets_file import read_token
from domain.errors import BadInputError, ConfigError, ExitCode, UnknownNameError
from domain.rule_sets import RuleSet, RulesStep
from oms.compliance.load import load_pack, pack_text
from oms.compliance.rule_set import read_rule_set, rules_of
from oms.compliance.toml_tables import RuleFileError
from oms.rules_in_force import RulesNotChangedError, in_force


@pytest.fixture
def started(installed):
    """A desk whose first start has taken the file over."""
    start(installed)
    return installed


def start(config):
    with open_vault(config) as vault:
        return rules_at_start(vault, config.rules, clock_from(config.clock.start).now())


def words(config):
    with open_vault(config) as vault:
        return rules_words(vault, config.rules)


def versions(rules):
    return {rule.rule_id: rule.version for rule in rules}


def add_rule(config, name="more", text="A person looks."):
    """The firm's file with one rule more; `name` is the new file's."""
    path = config.directory / f"{name}.toml"
    path.write_text(config.rules.read_text() + OWN_RULE.replace("WORDS", text), encoding="utf-8")
    return path


OWN_RULE = """
[[rule]]
id = "industry-watch"
type = "GroupWeight"
words = "WORDS"
citation = "Investment committee"
force = "soft"
effective_from = 2020-01-01
parameters = { group_by = "industry", maximum = 0.20 }
[[rule.example]]
says = "201 of 1,000."
expect = "breach"
given = \"\"\"
ALFA costs 1, industry Semiconductors
A1 has 1000 cash
A1 buys 201 ALFA
\"\"\"
"""


def command(config, *arguments):
    return main(["--config", str(config.path), "rules", *arguments])


def test_the_first_start_takes_the_file_over(installed):
    rules = start(installed)

    assert versions(rules) == versions(rules_of(read_rule_set(installed.rules)))
    with open_reading(installed) as service:
        (entry,) = service.rules_history()
        assert (entry.step, entry.by, entry.replaces) == ("rules_taken_over", "trimtab", "")
        assert service.rule_set(entry.name).text == installed.rules.read_text()


def test_a_changed_file_is_told_of_and_has_no_effect(started):
    before = versions(start(started))
    add_rule(started).replace(started.rules)

    assert versions(start(started)) == before
    assert words(started).endswith(
        "; rules.toml differs from what is in force; `trimtab rules propose rules.toml`"
    )


def test_a_file_that_cannot_be_used_later_keeps_nobody_from_starting(started):
    before = versions(start(started))
    started.rules.write_text("[[rule]\n", encoding="utf-8")

    assert versions(start(started)) == before
    assert "rules.toml cannot be used and has no effect: rules.toml:1: " in words(started)


def test_a_file_that_cannot_be_used_refuses_the_first_start(installed):
    installed.rules.write_text("[[rule]\n", encoding="utf-8")

    with pytest.raises(RuleFileError, match=r"rules\.toml:1"):
        start(installed)
    with open_reading(installed) as service:
        assert service.rules_history() == ()


def test_a_pack_is_kept_word_for_word_and_another_release_changes_nothing(installed):
    """The next release may ship other packs; what is in force is what two persons agreed to."""
    installed.rules.write_text('[[enable]]\npack = "order-sanity"\n', encoding="utf-8")
    taken = read_rule_set(installed.rules)
    old = pack_text("order-sanity").replace(
        "effective_from = 2020-01-01", "effective_from = 2019-01-01"
    )
    assert old != taken.packs["order-sanity"]

    rules = rules_of(type(taken)(file=taken.file, text=taken.text, packs={"order-sanity": old}))

    assert {str(rule.effective_from) for rule in rules} == {"2019-01-01"}
    assert {str(rule.effective_from) for rule in load_pack("order-sanity")} == {"2020-01-01"}


def test_two_persons_put_a_file_in_force(started, capsys):
    path = add_rule(started)

    assert command(started, "propose", str(path), "--by", "anna", "--why", "committee") == 0
    assert "industry-watch" in (shown := capsys.readouterr().out)
    assert "a second person looks with: trimtab rules proposed" in shown
    assert "industry-watch" not in versions(start(started))
    assert command(started, "proposed") == 0
    assert "anna proposed the rules" in capsys.readouterr().out
    assert command(started, "agree", "--by", "ben") == 0
    assert "say anna and ben: committee" in capsys.readouterr().out

    assert "industry-watch" in versions(start(started))
    with open_reading(started) as service:
        trail = [(e.step.value, e.by, e.seconded_by) for e in service.rules_history()]
    assert trail == [
        ("rules_taken_over", "trimtab", ""),
        ("rules_proposed", "anna", ""),
        ("rules_agreed", "anna", "ben"),
    ]


@pytest.mark.parametrize("second", ["anna", "Anna", "ANNA"])
def test_who_proposed_cannot_agree(started, second):
    with open_service(started, write=True) as service:
        name = service.propose_rules(add_rule(started), "anna", "committee").subject
        with pytest.raises(RulesNotChangedError, match="ask a second person"):
            service.agree_rules(name, second)

    assert "industry-watch" not in versions(start(started))


def test_a_second_person_agrees_to_what_they_saw(started):
    """A newer proposal takes the place of the older one, whose name agrees to nothing more."""
    with open_service(started, write=True) as service:
        first = service.propose_rules(add_rule(started, "first"), "anna", "committee").subject
        second = service.propose_rules(add_rule(started, "second", "Two look."), "anna", "again")
        with pytest.raises(RulesNotChangedError, match="anna has proposed other rules since"):
            service.agree_rules(first, "ben")
        service.agree_rules(second.subject, "ben")
        with pytest.raises(RulesNotChangedError, match="no rules are proposed"):
            service.agree_rules(second.subject, "ben")

    (rule,) = [rule for rule in start(started) if rule.rule_id == "industry-watch"]
    assert rule.words == "Two look."


def test_a_bad_file_is_refused_and_nothing_is_written(started, capsys):
    path = add_rule(started)
    path.write_text(path.read_text().replace("maximum = 0.20 }", "maximun = 0.20 }"))

    proposed = command(started, "propose", str(path), "--by", "anna", "--why", "committee")

    assert proposed == ExitCode.BAD_DATA
    assert "did you mean 'maximum'?" in capsys.readouterr().err
    with open_reading(started) as service:
        assert len(service.rules_history()) == 1


def test_a_rule_that_fails_its_own_example_cannot_be_proposed(started, capsys):
    path = add_rule(started)
    path.write_text(path.read_text().replace("A1 buys 201 ALFA", "A1 buys 100 ALFA"))

    assert command(started, "propose", str(path), "--by", "a", "--why", "w") == ExitCode.BAD_DATA
    assert "industry-watch" in capsys.readouterr().err


def test_what_is_in_force_already_is_no_proposal(started, capsys):
    same = command(started, "propose", str(started.rules), "--by", "anna", "--why", "why not")

    assert same == ExitCode.BAD_DATA
    assert "rules.toml is in force as it is: nothing would change" in capsys.readouterr().err


def test_before_the_first_start_nothing_is_proposed(installed, capsys):
    path = add_rule(installed)

    assert command(installed, "propose", str(path), "--by", "a", "--why", "w") == ExitCode.BAD_DATA
    assert "the first start of `trimtab serve` takes the file over" in capsys.readouterr().err


def test_an_old_answer_finds_the_words_of_its_version(started, capsys):
    """An answer names its rule's version: years later that version's words are still there."""
    (was,) = [rule for rule in start(started) if rule.rule_id == "issuer-concentration"]
    text = started.rules.read_text().replace(was.words, "Other words.")
    path = started.directory / "other.toml"
    path.write_text(text, encoding="utf-8")
    with open_service(started, write=True) as service:
        service.agree_rules(service.propose_rules(path, "anna", "clearer").subject, "ben")

    assert command(started, "show", was.rule_id) == 0
    assert "Other words." in capsys.readouterr().out
    assert command(started, "show", was.rule_id, "--version", was.version) == 0
    assert was.words in capsys.readouterr().out
    assert command(started, "show", was.rule_id, "--version", "0" * 12) == ExitCode.USAGE
    assert "never had the version '000000000000'" in capsys.readouterr().err


def test_a_list_is_of_what_is_in_force_or_of_a_set_by_name(started, capsys):
    with open_reading(started) as service:
        (first,) = service.rules_history()
    with open_service(started, write=True) as service:
        service.agree_rules(service.propose_rules(add_rule(started), "anna", "w").subject, "ben")
    capsys.readouterr()

    assert command(started, "list", "--json") == 0
    now = {line["rule_id"] for line in json.loads(capsys.readouterr().out)}
    assert command(started, "list", "--json", "--set", first.name[:12]) == 0
    then = {line["rule_id"] for line in json.loads(capsys.readouterr().out)}
    assert now - then == {"industry-watch"}
    assert command(started, "list", "--set", "zz") == ExitCode.USAGE


def test_what_was_agreed_is_asked_from_then_on_and_not_before(started):
    told = []
    with open_vault(started) as vault:
        wishes = RuleWishes(vault, SystemClock(), told.append)
        name = wishes.propose_rules(add_rule(started), "anna", "committee").subject
        with pytest.raises(RulesNotChangedError):
            wishes.agree_rules(name, "anna")
        assert told == []
        wishes.agree_rules(name, "ben")

    assert ["industry-watch" in versions(rules) for rules in told] == [True]


def test_the_api_carries_proposal_agreement_history_and_words(started):
    with open_service(started, write=True) as service:
        server = ApiServer(create_app(service, read_token(started.files.token)), started.api)
        server.start()
        try:
            client = ApiClient.from_config(started)
            name = client.propose_rules(add_rule(started), "anna", "committee").subject
            with pytest.raises(BadInputError, match="ask a second person"):
                client.agree_rules(name, "anna")
            client.agree_rules(name, "ben")
            steps = [entry.step.value for entry in client.rules_history()]
            text = client.rule_set(name[:12]).text
            with pytest.raises(UnknownNameError, match="no rule set"):
                client.rule_set("zz")
        finally:
            server.stop()

    assert steps == ["rules_taken_over", "rules_proposed", "rules_agreed"]
    assert "industry-watch" in text


def test_the_audit_trail_holds_over_a_change_of_rules(started):
    with open_service(started, write=True) as service:
        service.agree_rules(service.propose_rules(add_rule(started), "anna", "w").subject, "ben")
        assert service.audit_verify().verified
    with open_vault(started) as vault, vault.read() as view:
        assert in_force(view).entry.changes[0].startswith("new industry-watch: ")


def test_words_that_this_version_cannot_read_stop_the_start_and_can_be_replaced(started):
    old = RuleSet(file="rules.toml", text="[[rule]]\nid = 'of another version'\n", packs={})
    with open_vault(started) as vault, vault.write() as uow:
        uow.rule_sets.add(old)
        entry = replace(in_force(uow).entry, name=old.name, step=RulesStep.AGREED)
        uow.audit.append(at=entry.at, actor="a", kind=entry.step, subject="rules", body=entry)

    with pytest.raises(ConfigError, match=f"{old.name[:12]}, cannot be read by this version"):
        start(started)
    with open_service(started, write=True) as service:
        service.agree_rules(service.propose_rules(started.rules, "anna", "w").subject, "ben")

    assert "issuer-concentration" in versions(start(started))
