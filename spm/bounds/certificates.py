"""Upper bounds for correlated values, and the certificates behind those of the panels: covers made once.

``data/certificates/N-M-DELTA-OBJECTIVE.npz`` holds a cover (:mod:`spm.bounds.belief_cover`) that suits one size,
as whole multiples of :data:`~spm.bounds.belief_cover.UNIT`; ``spm certify`` writes it. Whenever one is read, all
posteriors must be covered: a certificate can be loose, but not wrong. ``data/check_certificates.py`` checks the
same without this package.
"""

from __future__ import annotations

import io
import zipfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spm.bounds.belief_cover import MOST_MISSING, UNIT, Cover, backwards, grow
from spm.bounds.known_latent import correlated_model, mean_known
from spm.bounds.lattice import SHIFTS, make_lattice, numerical_error
from spm.files import check_writable, digest, home, path_text, read_regular, why, write_atomic
from spm.limits import progress
from spm.settings import correlated

LIVE_CELLS, LIVE_BELIEFS = 8, 128
"""Cells, and beliefs of a cover that is made when it is needed."""
LARGEST = 20
"""A cover for more agents than this is made for so many, with items in proportion."""


class Size(NamedTuple):
    """For what a cover is made."""

    n_agents: int
    n_items: int
    delta: float
    objective: str

    @property
    def place(self) -> Path:
        """Where its certificate lies below the home folder.

        >>> print(RECORDED[0].place)
        data/certificates/20-5-0.25-welfare.npz
        """
        return Path("data", "certificates", "-".join(map(str, self)) + ".npz")


RECORDED = (
    *(Size(20, 5, delta, "welfare") for delta in (0.25, 0.33, 0.5)),
    *(Size(10, items, 0.5, "welfare") for items in (2, 4)),  # the types of the additive panel
    Size(20, 5, 0.5, "revenue"),
)
"""What has a certificate of record: the panels' item types."""
RECORDED_BELIEFS = 640
"""Beliefs in a certificate of record."""
ARRAYS: dict[str, np.dtype[Any]] = {
    "beliefs": np.dtype(np.uint32),
    "index": np.dtype(np.uint16),
    "weight": np.dtype(np.uint32),
}
"""The arrays of a certificate; their shapes are those of :class:`~spm.bounds.belief_cover.Cover`."""
MOST_ARRAY_BYTES = 2**25
"""No certificate's arrays are larger."""


def certificate_file(size: Size) -> Path:
    """Return where a certificate of record lies: in ``SPM_HOME`` if it is there, else in the compendium."""
    mine = home() / size.place
    return mine if mine.exists() else Path(__file__).parents[2] / size.place


def make_certificates() -> Iterator[Path]:
    """Make all certificates of record, and yield the file of each when it is written.

    Raises:
        ValueError: one can't be written, which is found out before any is made.
    """
    check_writable(home() / size.place for size in RECORDED)
    for size in RECORDED:
        path = home() / size.place
        with progress(f"certifying {path.stem}"):
            cover = grow(*size, LIVE_CELLS, RECORDED_BELIEFS)
        write_atomic(path, encoded_cover(cover))
        yield path


def encoded_cover(cover: Cover) -> bytes:
    """Return a certificate's bytes."""
    parts = {"beliefs": cover.beliefs / UNIT, "index": cover.index, "weight": cover.weight / UNIT}
    arrays: dict[str, Any] = {name: part.astype(ARRAYS[name]) for name, part in parts.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def decoded_cover(content: bytes, delta: float) -> Cover:
    """Return the cover that a certificate's bytes hold.

    Raises:
        ValueError: they are not three arrays of the declared types and shapes, or a posterior is not covered.
    """
    arrays = _arrays(content)
    beliefs, index, weight = (arrays[name] for name in ARRAYS)
    if beliefs.ndim != 2 or not 1 <= beliefs.shape[1] < len(beliefs):
        raise ValueError(f"beliefs must have shape (M, N) with 1 <= N < M, not {beliefs.shape}")
    grid = make_lattice(delta, beliefs.shape[1])
    shape = (len(beliefs), len(grid.prices), 2, grid.cells)
    if index.shape != shape or weight.shape != shape or index.max() >= len(beliefs):
        raise ValueError(f"index and weight must have shape {shape}, and index must be below {len(beliefs)}")
    cover = Cover(beliefs * UNIT, index.astype(np.int64), weight * UNIT)
    cells, prior = cover.beliefs[: grid.cells], cover.beliefs[grid.cells]
    if (cells != np.eye(grid.cells)).any() or prior.min() < 1 / grid.cells:
        raise ValueError("the first beliefs must be the single cells and the prior")
    missing = cover.missing(grid).sum(axis=-1).max()
    if missing > MOST_MISSING:
        raise ValueError(f"a cover misses {missing:.1e} of its posterior's probability")
    return cover


def _arrays(content: bytes) -> dict[str, Any]:
    """The arrays of a certificate, of their declared types."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_ARRAY_BYTES:
                raise ValueError(f"its arrays have more than {MOST_ARRAY_BYTES:,} bytes")
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, KeyError, NotImplementedError) as error:
        raise ValueError(f"not an archive of arrays: {error}") from None
    if {name: part.dtype for name, part in arrays.items()} != ARRAYS:
        raise ValueError(f"must hold the arrays {', '.join(f'{name} ({kind})' for name, kind in ARRAYS.items())}")
    return arrays


def recorded_cover(size: Size) -> Cover | None:
    """Return the cover of record for a size, or None if there is none.

    Raises:
        ValueError: the certificate can't be read, or does not cover what it must.
    """
    path = certificate_file(size)
    if size not in RECORDED or not path.exists():
        return None
    try:
        return decoded_cover(read_regular(path, MOST_ARRAY_BYTES), size.delta)
    except OSError as error:
        raise ValueError(f"can't read the certificate {path_text(path)}: {why(error)}") from None
    except ValueError as error:
        raise ValueError(f"the certificate {path_text(path)} is damaged: {error}") from None


def certificate_digests() -> dict[str, str]:
    """Return the checksum of each certificate that there is, by its place: what bounds depend on besides code."""
    files = {str(size.place): certificate_file(size) for size in RECORDED}
    return {place: digest(path.read_bytes()) for place, path in files.items() if path.exists()}


def covered_bound(
    n_agents: int,
    n_items: int,
    delta: float,
    objective: str = "welfare",
    cells: int = LIVE_CELLS,
    beliefs: int = LIVE_BELIEFS,
) -> float:
    """Return the upper bound on every SPM by a cover that is made for this size.

    Args:
        n_agents: number of agents, n.
        n_items: identical items, m.
        delta: correlation, in (0, 1).
        objective: ``welfare`` or ``revenue``.
        cells: N, the number of cells of the lattice.
        beliefs: M, the most beliefs in the library.

    Raises:
        ValueError: an impossible size, delta or objective, or more memory than there is.

    >>> bounds = [covered_bound(4, 2, 0.5, beliefs=count) for count in (10, 20, 40)]
    >>> bounds == sorted(bounds, reverse=True)
    True
    """
    correlated_model(correlated(n_agents, n_items, delta, objective))
    size = Size(n_agents, min(n_agents, n_items), delta, objective)
    agents = min(n_agents, LARGEST)
    items = max(1, round(size.n_items * agents / n_agents))
    return prior_value(grow(agents, items, delta, objective, cells, beliefs), size)


def prior_value(cover: Cover, size: Size) -> float:
    """Return the bound that a cover proves: the mean over the positions in the cell."""
    cells, (n_agents, n_items, delta, objective) = cover.beliefs.shape[1], size
    grids = [make_lattice(delta, cells, position, objective) for position in SHIFTS[objective]]
    # The last values are those with all agents left; the prior is the belief after the N single cells.
    last = [deque(backwards(cover, grid, n_agents, n_items), maxlen=1).pop() for grid in grids]
    return float(np.mean([values[n_items, cells] for values in last]))


def upper_bound(n_agents: int, n_items: int, delta: float, objective: str = "welfare") -> tuple[float, str]:
    """Return the tightest upper bound and the name of its method: exact, z known, or a belief cover.

    It holds up to :func:`~spm.bounds.lattice.numerical_error`.

    Args:
        n_agents: number of agents, n.
        n_items: identical items, m.
        delta: correlation, in [0, 1].
        objective: ``welfare`` or ``revenue``.

    Raises:
        ValueError: an impossible size, delta or objective, a damaged certificate, or more memory than there is.

    >>> upper_bound(2, 1, 0.0)
    (0.625, 'dynamic programme for IID values')
    """
    known = mean_known(n_agents, n_items, delta, objective)
    if delta in (0, 1):
        return known, "dynamic programme for IID values" if delta == 0 else "z known"
    size = Size(n_agents, n_items, delta, objective)
    recorded = recorded_cover(size)
    if recorded is None:
        bound, method = covered_bound(*size), "belief cover"
    else:
        bound, method = prior_value(recorded, size), "belief cover of record"
    return (
        (known, "z known") if known <= bound + numerical_error(n_agents, n_items, 1 - delta) else (bound, method)
    )
