"""Ready configs of language models, by name; a flag given beside a preset changes that one field.

`wikitext_` are the sizes of Hoffer et al. 2018, section 4 (two layers of 512 states), which want a GPU. The
`small_` ones take minutes on a CPU: they learn from WikiText-2's validation text and are measured on its test
text, with words rarer than ten unknown, so their perplexities compare with each other and with nothing else.
"""

from dataclasses import replace

from agents.language.config import LanguageConfig

_WIKITEXT = LanguageConfig(epochs=40)
_SMALL = LanguageConfig(
    train_part="valid", test_part="test", least=10, dimensions=64, epochs=2, interval_epochs=2, rate=4e-3
)

PRESETS: dict[str, LanguageConfig] = {
    "wikitext_learned": _WIKITEXT,
    "wikitext_random": replace(_WIKITEXT, output="random"),
    "wikitext_pmi": replace(_WIKITEXT, output="pmi"),
    "wikitext_word2vec": replace(_WIKITEXT, output="word2vec"),
    "small_learned": _SMALL,
    "small_random": replace(_SMALL, output="random"),
    "small_pmi": replace(_SMALL, output="pmi"),
    "small_word2vec": replace(_SMALL, output="word2vec"),
}
