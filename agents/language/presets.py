"""Ready configs of language models, by name; a flag given beside a preset changes that one field.

`wikitext_` are the sizes of Hoffer et al. 2018, section 4 (two layers of 512 states), which want a GPU. Where
WikiText-2's training text is not at hand, the `valid_` ones of the same sizes learn from its validation text
and are measured on its test text, with words rarer than ten unknown; the `small_` ones, of 64 states, do that
in minutes on a CPU. Perplexities of one such prefix compare with each other and with nothing else.
"""

from dataclasses import replace

from agents.language.config import LanguageConfig

_WIKITEXT = LanguageConfig(epochs=40)
_SMALL = LanguageConfig(
    train_part="valid", test_part="test", least=10, dimensions=64, epochs=2, interval_epochs=2, rate=4e-3
)
_VALID = replace(_WIKITEXT, train_part="valid", test_part="test", least=10, dropout=0.5, epochs=12)
_OUTPUTS = ("learned", "random", "pmi", "word2vec")

PRESETS: dict[str, LanguageConfig] = {
    f"{prefix}_{output}": replace(base, output=output)
    for prefix, base in (("wikitext", _WIKITEXT), ("valid", _VALID), ("small", _SMALL))
    for output in _OUTPUTS
}
