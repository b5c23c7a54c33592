"""Unit 1.2, linear algebra: bases, eigenvalues, singular values, and what they are good for.

Everything here takes and gives NumPy arrays of float64. Arguments are left as they were. NumPy's own `np.linalg` is
at your service: `norm`, `svd`, `solve`, and `eigh` for symmetric matrices.

Sources: Deisenroth, Faisal & Ong, *Mathematics for Machine Learning* (MML); Trefethen & Bau, *Numerical Linear
Algebra*.
"""

import numpy as np


def gram_schmidt_qr(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The QR decomposition by modified Gram-Schmidt: a = q @ r.

    a: (M, N) float64, M ≥ N, its columns linearly independent.
    Returns q (M, N), whose columns are orthonormal (qᵀ q = I), and r (N, N), upper triangular: zeros below the
    diagonal, and every number on the diagonal > 0. There is only one such pair.
    The columns of a may be close to parallel: where they are to 1 part in 10⁷, qᵀ q is still I within 1e-5.
    Source: Trefethen & Bau, algorithm 8.1; MML section 3.8.3.
    """
    raise NotImplementedError("gram_schmidt_qr")


def power_iteration(a: np.ndarray, num_iters: int, v0: np.ndarray) -> tuple[float, np.ndarray]:
    """The eigenvalue of largest magnitude and its eigenvector, by multiplying again and again.

    a: (N, N) float64, symmetric. v0: (N,) float64, not zero; of any length.
    num_iters: ≥ 1. So often: multiply by a, then scale to length 1.
    Returns lam, a number: the Rayleigh quotient vᵀ a v of the v that is returned; and v (N,), of length 1.
    lam has the sign of the eigenvalue: it may be negative. Entries of a may be as large as 1e4, or as small as 1e-4.
    Source: Trefethen & Bau, algorithm 27.1; MML section 4.2.
    """
    raise NotImplementedError("power_iteration")


def low_rank_approx(a: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray]:
    """Two thin matrices whose product is as near to a as a matrix of rank r can be.

    a: (M, N) float64. r: from 1 to min(M, N).
    Returns b (M, r) and c (r, N). Of all matrices of rank r or less, b @ c has the smallest Σ (a - b @ c)².
    How the singular values are shared between b and c is up to you; what is judged is the product.
    Source: Eckart & Young 1936; MML section 4.6. Unit 4.6 (LoRA) imports this function.
    """
    raise NotImplementedError("low_rank_approx")


def pca(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The k directions in which the data vary most, and where each data point lies along them.

    x: (N, D) float64, N ≥ 2; its mean may be anywhere. k: from 1 to min(N - 1, D).
    Returns components (k, D): orthonormal rows, the direction of the largest variance first;
        explained_variance (k,): the variance along each, the sum of squares divided by N - 1, in descending order;
        z (N, k): the coordinates of each point along the components, measured from the mean of x.
    A component and its column of z may both be multiplied by -1: either is right.
    Source: MML section 10.2.
    """
    raise NotImplementedError("pca")


def ridge_solve(a: np.ndarray, b: np.ndarray, lam: float) -> np.ndarray:
    """The w that makes ‖a w - b‖² + lam ‖w‖² as small as possible.

    a: (N, D) float64. b: (N,) float64.
    lam: ≥ 0; if 0, the columns of a are linearly independent. All D entries of w are penalised alike.
    Returns w (D,). For lam > 0 there is one also where D > N.
    Source: MML section 9.2.4 (as maximum a posteriori estimation).
    """
    raise NotImplementedError("ridge_solve")


def sqrtm_psd(s: np.ndarray) -> np.ndarray:
    """The symmetric square root of a symmetric positive semidefinite matrix.

    s: (D, D) float64, symmetric, no eigenvalue below 0 but for rounding: one that should be 0 may come out as -1e-16.
    Returns the one matrix (D, D) that is symmetric, has no negative eigenvalue, and gives s when multiplied by itself.
    Source: MML section 4.4 (eigendecomposition). Unit 5.5 needs it for the Fréchet inception distance.
    """
    raise NotImplementedError("sqrtm_psd")
