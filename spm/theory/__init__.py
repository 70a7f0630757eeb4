"""Propositions 5 to 7 and Theorem 1, checked by computation on whole histories; what chapters show of them."""
