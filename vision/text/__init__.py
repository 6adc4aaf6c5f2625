"""Language models: corpora, word embeddings, recurrent networks."""
