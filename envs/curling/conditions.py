"""What the environments are told by name or as objects: ice, noise, rules - and the world they make."""

from envs.curling.physics.ice import ICES, Ice, get_ice
from envs.curling.physics.noise import Noise, get_noise
from envs.curling.rules.rule_set import MIXED_DOUBLES, STANDARD, RuleSet
from envs.curling.world import World

RULE_SETS = {
    "end": RuleSet(ends=1, end_limit=1),
    "two_ends": RuleSet(ends=2, end_limit=2),
    "eight_ends": RuleSet(ends=8),
    "standard": STANDARD,
    "mixed_doubles": MIXED_DOUBLES,
}


def build_world(
    ice: str | Ice, noise: str | Noise, rules: str | RuleSet, *, contact_quantum: float = 0.0
) -> World:
    """The world of an environment.

    Args:
        ice: a name (`ice.ICES`) or an ice.
        noise: a name (`noise.NOISES`) or a noise.
        rules: a name (`RULE_SETS`) or a rule set.
        contact_quantum: seconds; 0 is the exact engine.

    Raises:
        ValueError: on an unknown name, or anything that is neither a name nor what it stands for.
    """
    if isinstance(ice, str):
        ice = get_ice(ice)
    if not isinstance(ice, Ice):
        raise ValueError(f"ice: {ice!r}, expected an Ice or one of {', '.join(ICES)}")
    if isinstance(noise, str):
        noise = get_noise(noise, ice)
    return World(ice, noise, get_rules(rules), contact_quantum)


def get_rules(rules: str | RuleSet) -> RuleSet:
    """The rule set of this name, or the rule set itself.

    Raises:
        ValueError: on an unknown name.
    """
    if isinstance(rules, RuleSet):
        return rules
    if not isinstance(rules, str) or rules not in RULE_SETS:
        raise ValueError(f"rules: {rules!r}, expected a RuleSet or one of {', '.join(RULE_SETS)}")
    return RULE_SETS[rules]
