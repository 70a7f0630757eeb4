"""Settings: who the agents are, what is for sale, how values are drawn.

* :mod:`~spm.settings.setting`: the record :class:`Setting`; correlated, finite and sampled settings.
* :mod:`~spm.settings.finite`: latent-class models with finitely many values, in exact numbers.
* :mod:`~spm.settings.continuous`: models of continuous values.
* :mod:`~spm.settings.demand`: what an agent with given values buys at given prices.
* :mod:`~spm.settings.objective`: what is maximised: welfare, revenue, fairness, the reader's own.
* :mod:`~spm.settings.panels`: the paper's twelve panels, and :func:`get_setting`.
* :mod:`~spm.settings.constructions`: the settings of the paper's proofs.
"""

from spm.settings.constructions import CONSTRUCTIONS, construction, prop_1, prop_5, prop_7, theorem_1
from spm.settings.continuous import CorrelatedModel, MaxMinModel
from spm.settings.demand import Array, bundles, valuations
from spm.settings.finite import (
    FiniteModel,
    Group,
    Lottery,
    Number,
    Values,
    World,
    chance,
    model,
    surely,
    uniform,
    vector,
)
from spm.settings.objective import Combine, Objective, get_objective
from spm.settings.panels import (
    FIGURES,
    MORE_SETTINGS,
    PANELS,
    get_setting,
    identity,
    kitchen_sink,
    max_min_setting,
)
from spm.settings.setting import Setting, correlated, finite_setting, from_samples

__all__ = [
    "CONSTRUCTIONS",
    "FIGURES",
    "MORE_SETTINGS",
    "PANELS",
    "Array",
    "Combine",
    "CorrelatedModel",
    "FiniteModel",
    "Group",
    "Lottery",
    "MaxMinModel",
    "Number",
    "Objective",
    "Setting",
    "Values",
    "World",
    "bundles",
    "chance",
    "construction",
    "correlated",
    "finite_setting",
    "from_samples",
    "get_objective",
    "get_setting",
    "identity",
    "kitchen_sink",
    "max_min_setting",
    "model",
    "prop_1",
    "prop_5",
    "prop_7",
    "surely",
    "theorem_1",
    "uniform",
    "valuations",
    "vector",
]
