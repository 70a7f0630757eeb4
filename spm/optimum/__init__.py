"""How much the best SPM can earn where values are continuous: upper bounds, explicit mechanisms, static prices."""
