"""The paper's theory by computation: the taxonomy, Propositions 5 to 7, Theorem 1, described mechanisms."""
