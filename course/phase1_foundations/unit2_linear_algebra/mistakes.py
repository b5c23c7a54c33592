"""Known mistakes of unit 1.2, linear algebra."""

import numpy as np

from grader.judge import mistake
from phase1_foundations import unit2_linear_algebra as reference

# gram_schmidt_qr


@mistake(
    "gram_schmidt_qr",
    "The projections are taken of the original column instead of what is left of it; nearly parallel columns of a "
    "then give columns of q that are not orthogonal.",
    see="what-is-left",
)
def classical(a):
    q, r = np.zeros_like(a), np.zeros((a.shape[1], a.shape[1]))
    for j in range(a.shape[1]):
        r[:j, j] = q[:, :j].T @ a[:, j]
        rest = a[:, j] - q[:, :j] @ r[:j, j]
        r[j, j] = np.linalg.norm(rest)
        q[:, j] = rest / r[j, j]
    return q, r


@mistake(
    "gram_schmidt_qr",
    "Each column is scaled to length 1 before the others are subtracted; after the subtraction it is shorter.",
    see="gram-schmidt",
)
def scaled_too_early(a):
    lengths = np.linalg.norm(a, axis=0)
    q, r = a / lengths, np.diag(lengths)
    for j in range(a.shape[1]):
        for i in range(j):
            r[i, j] = q[:, i] @ q[:, j]
            q[:, j] -= r[i, j] * q[:, i]
    return q, r


@mistake(
    "gram_schmidt_qr",
    "The columns of q are orthogonal, but not of length 1.",
    see="gram-schmidt",
)
def not_scaled(a):
    q, r = reference.gram_schmidt_qr(a)
    return q * np.diagonal(r), r / np.diagonal(r)[:, None]


@mistake(
    "gram_schmidt_qr",
    "It is projected on columns whose length is not 1, without dividing by its square, so too much or too little goes.",
    see="gram-schmidt",
)
def projected_on_long_columns(a):
    rest, r = a.copy(), np.zeros((a.shape[1], a.shape[1]))
    for j in range(a.shape[1]):
        for i in range(j):
            r[i, j] = rest[:, i] @ rest[:, j]
            rest[:, j] -= r[i, j] * rest[:, i]
        r[j, j] = np.linalg.norm(rest[:, j])
    return rest / np.diagonal(r), r


@mistake(
    "gram_schmidt_qr",
    "The lengths that the columns were divided by are not noted: they belong on the diagonal of r.",
    see="gram-schmidt",
)
def diagonal_missing(a):
    q, r = reference.gram_schmidt_qr(a)
    return q, np.triu(r, 1)


@mistake(
    "gram_schmidt_qr",
    "r is lower triangular: its rows and columns have changed places.",
    see="gram-schmidt",
)
def lower_triangular(a):
    q, r = reference.gram_schmidt_qr(a)
    return q, np.ascontiguousarray(r.T)


@mistake(
    "gram_schmidt_qr",
    "This is NumPy's own qr, whose diagonal may be negative; here each number on the diagonal of r is positive.",
    see="gram-schmidt",
)
def numpys_signs(a):
    return tuple(np.linalg.qr(a))


@mistake(
    "gram_schmidt_qr",
    "The subtractions are done in the caller's own array, which is another matrix from now on.",
    see="gram-schmidt",
)
def in_place(a):
    q, r = reference.gram_schmidt_qr(a)
    a[...] = q
    return q, r


# power_iteration


@mistake(
    "power_iteration",
    "v is never scaled back on the way; after some hundred steps it overflows or vanishes, and the result is nan.",
    see="multiplying-again",
)
def scaled_at_the_end_only(a, num_iters, v0):
    v = v0
    with np.errstate(all="ignore"):
        for _ in range(num_iters):
            v = a @ v
        v = v / np.linalg.norm(v)
        return v @ a @ v, v


@mistake(
    "power_iteration",
    "The length of a v is returned, which is the eigenvalue without its sign.",
    see="rayleigh",
)
def length_for_eigenvalue(a, num_iters, v0):
    _, v = reference.power_iteration(a, num_iters, v0)
    return np.linalg.norm(a @ v), v


@mistake(
    "power_iteration",
    "The eigenvalue is that of the step before: it belongs to another v than the one that is returned.",
    see="rayleigh",
)
def eigenvalue_of_the_step_before(a, num_iters, v0):
    v = v0 / np.linalg.norm(v0)
    for _ in range(num_iters):
        w = a @ v
        lam = v @ w
        v = w / np.linalg.norm(w)
    return lam, v


@mistake(
    "power_iteration",
    "v0 is not used: the iteration starts from a vector of its own choice.",
    see="multiplying-again",
)
def start_ignored(a, num_iters, v0):
    return reference.power_iteration(a, num_iters, np.ones(len(a)))


@mistake(
    "power_iteration",
    "One multiplication is missing.",
    see="multiplying-again",
)
def one_too_few(a, num_iters, v0):
    v = v0 / np.linalg.norm(v0)
    for _ in range(num_iters - 1):
        v = a @ v
        v = v / np.linalg.norm(v)
    return v @ a @ v, v


@mistake(
    "power_iteration",
    "v is returned as a v, before it is scaled: its length is the size of the eigenvalue and not 1.",
    see="multiplying-again",
)
def v_not_scaled(a, num_iters, v0):
    lam, v = reference.power_iteration(a, num_iters, v0)
    return lam, a @ v


@mistake(
    "power_iteration",
    "v is divided by its largest entry instead of its length, so vᵀ a v is not the eigenvalue.",
    see="rayleigh",
)
def scaled_by_the_largest_entry(a, num_iters, v0):
    v = v0
    for _ in range(num_iters):
        v = a @ v
        v = v / abs(v).max()
    return v @ a @ v, v


@mistake(
    "power_iteration",
    "v is divided by the square of its length, vᵀ v, and not by its length.",
    see="multiplying-again",
)
def divided_by_the_square(a, num_iters, v0):
    v = v0
    for _ in range(num_iters):
        v = a @ v
        v = v / (v @ v)
    return v @ a @ v, v


# low_rank_approx


def _factors(a):
    return np.linalg.svd(a, full_matrices=False)


@mistake(
    "low_rank_approx",
    "Both factors carry the singular values in full, so the product has their squares.",
    see="low-rank",
)
def singular_values_twice(a, r):
    u, s, vt = _factors(a)
    return u[:, :r] * s[:r], s[:r, None] * vt[:r]


@mistake(
    "low_rank_approx",
    "The roots of the singular values are in one factor only; the product has √σ where σ belongs.",
    see="low-rank",
)
def root_on_one_side(a, r):
    u, s, vt = _factors(a)
    return u[:, :r] * np.sqrt(s[:r]), vt[:r]


@mistake(
    "low_rank_approx",
    "The singular values are left out: every direction counts for as much as every other.",
    see="low-rank",
)
def singular_values_left_out(a, r):
    u, _, vt = _factors(a)
    return u[:, :r], vt[:r]


@mistake(
    "low_rank_approx",
    "NumPy's svd returns Vᵀ, whose rows are the right singular vectors; here its columns are taken.",
    see="svd",
)
def columns_of_vt(a, r):
    u, s, vt = _factors(a)
    return u[:, :r] * s[:r], vt[:, :r].T


@mistake(
    "low_rank_approx",
    "The left singular vectors are the columns of U; here its rows are taken.",
    see="svd",
)
def rows_of_u(a, r):
    u, s, vt = np.linalg.svd(a)
    return u[:r].T * s[:r], vt[:r]


@mistake(
    "low_rank_approx",
    "The smallest singular values are kept, and the largest thrown away.",
    see="low-rank",
)
def smallest_kept(a, r):
    u, s, vt = _factors(a)
    return u[:, -r:] * s[-r:], vt[-r:]


@mistake(
    "low_rank_approx",
    "The factors keep their full size, with zeros from r on: the product is right, and nothing is saved.",
    see="low-rank",
)
def full_size(a, r):
    u, s, vt = _factors(a)
    return u * np.where(np.arange(len(s)) < r, s, 0.0), vt


# pca


@mistake(
    "pca",
    "The mean is not subtracted, so the first component points to the mean instead of along the largest variance.",
    see="pca-section",
)
def not_centred(x, k):
    _, s, vt = _factors(x)
    return vt[:k], s[:k] ** 2 / (len(x) - 1), x @ vt[:k].T


@mistake(
    "pca",
    "The mean of the whole table is subtracted; each column has a mean of its own.",
    see="pca-section",
)
def one_mean_for_all(x, k):
    centred = x - x.mean()
    _, s, vt = _factors(centred)
    return vt[:k], s[:k] ** 2 / (len(x) - 1), centred @ vt[:k].T


@mistake(
    "pca",
    "The variances are divided by N, and N - 1 was asked for.",
    see="n-minus-one",
)
def divided_by_n(x, k):
    components, variance, z = reference.pca(x, k)
    return components, variance * (len(x) - 1) / len(x), z


@mistake(
    "pca",
    "eigh returns eigenvectors as columns; here the rows of that matrix are taken for components.",
    see="pca-section",
)
def rows_for_columns(x, k):
    centred = x - x.mean(0)
    variance, vectors = np.linalg.eigh(centred.T @ centred / (len(x) - 1))
    components = vectors[::-1][:k].copy()
    return components, variance[::-1][:k].copy(), centred @ components.T


@mistake(
    "pca",
    "The components come in ascending order, so those of the smallest variance are kept.",
    see="pca-section",
)
def ascending(x, k):
    centred = x - x.mean(0)
    variance, vectors = np.linalg.eigh(centred.T @ centred / (len(x) - 1))
    return vectors[:, :k].T.copy(), variance[:k], centred @ vectors[:, :k]


@mistake(
    "pca",
    "These are standard deviations; the variance is their square.",
    see="n-minus-one",
)
def deviations(x, k):
    components, variance, z = reference.pca(x, k)
    return components, np.sqrt(variance), z


@mistake(
    "pca",
    "These are the singular values; the variance is their square, divided by N - 1.",
    see="n-minus-one",
)
def singular_values(x, k):
    components, variance, z = reference.pca(x, k)
    return components, np.sqrt(variance * (len(x) - 1)), z


@mistake(
    "pca",
    "The components are columns; each should be a row.",
    see="pca-section",
)
def components_as_columns(x, k):
    components, variance, z = reference.pca(x, k)
    return components.T.copy(), variance, z


@mistake(
    "pca",
    "z is measured from the origin and not from the mean.",
    see="pca-section",
)
def z_from_the_origin(x, k):
    components, variance, _ = reference.pca(x, k)
    return components, variance, x @ components.T


@mistake(
    "pca",
    "The mean is subtracted from the caller's own array, which is another data set from now on.",
    see="pca-section",
)
def centred_in_place(x, k):
    x -= x.mean(0)
    return reference.pca(x, k)


# ridge_solve


@mistake(
    "ridge_solve",
    "The penalty is multiplied by the number of equations, as if the squared errors were averaged; they are summed.",
    see="ridge",
)
def penalty_times_n(a, b, lam):
    return reference.ridge_solve(a, b, lam * len(a))


@mistake(
    "ridge_solve",
    "The penalty is left out: this is plain least squares, and has no single answer when there are too few equations.",
    see="ridge",
)
def no_penalty(a, b, lam):
    return np.linalg.solve(a.T @ a, a.T @ b)


@mistake(
    "ridge_solve",
    "lam is squared.",
    see="ridge",
)
def lam_squared(a, b, lam):
    return reference.ridge_solve(a, b, lam**2)


@mistake(
    "ridge_solve",
    "lam is halved or the squared error doubled: the factors 2 of the two slopes cancel, and only one was dropped.",
    see="ridge",
)
def lam_halved(a, b, lam):
    return reference.ridge_solve(a, b, lam / 2)


@mistake(
    "ridge_solve",
    "lam is added to every entry of aᵀ a and not to its diagonal only.",
    see="ridge",
)
def lam_everywhere(a, b, lam):
    return np.linalg.solve(a.T @ a + lam, a.T @ b)


@mistake(
    "ridge_solve",
    "The first entry of w is not penalised; it is no intercept here, and all D are penalised alike.",
    see="ridge",
)
def first_entry_free(a, b, lam):
    penalty = lam * np.eye(a.shape[1])
    penalty[0, 0] = 0.0
    return np.linalg.solve(a.T @ a + penalty, a.T @ b)


@mistake(
    "ridge_solve",
    "The sign of the penalty is wrong: large numbers in w are rewarded.",
    see="ridge",
)
def rewarded(a, b, lam):
    return np.linalg.solve(a.T @ a - lam * np.eye(a.shape[1]), a.T @ b)


@mistake(
    "ridge_solve",
    "a aᵀ stands where aᵀ a belongs: a matrix for the N equations and not for the D unknowns.",
    see="ridge",
)
def equations_for_unknowns(a, b, lam):
    return np.linalg.solve(a @ a.T + lam * np.eye(len(a)), b)


# sqrtm_psd


@mistake(
    "sqrtm_psd",
    "The root is taken of each entry; multiplied by itself as a matrix, that is not s.",
    see="matrix-root",
)
def of_each_entry(s):
    with np.errstate(invalid="ignore"):
        return np.sqrt(s)


@mistake(
    "sqrtm_psd",
    "This is the Cholesky factor L: L Lᵀ is s, but L L is not, and L is not symmetric.",
    see="matrix-root",
)
def cholesky(s):
    return np.linalg.cholesky(s)


@mistake(
    "sqrtm_psd",
    "An eigenvalue that rounding made slightly negative gives nan, and the nan spreads over the whole result.",
    see="slightly-negative",
)
def nan_for_slightly_negative(s):
    eigenvalues, vectors = np.linalg.eigh(s)
    with np.errstate(invalid="ignore"):
        return (vectors * np.sqrt(eigenvalues)) @ vectors.T


@mistake(
    "sqrtm_psd",
    "The last factor is V and should be Vᵀ, so the result is not turned back.",
    see="matrix-root",
)
def transpose_missing(s):
    eigenvalues, vectors = np.linalg.eigh(s)
    return (vectors * np.sqrt(np.clip(eigenvalues, 0, None))) @ vectors


@mistake(
    "sqrtm_psd",
    "V and Vᵀ have changed places: eigenvectors are the columns of V.",
    see="matrix-root",
)
def turned_the_wrong_way(s):
    eigenvalues, vectors = np.linalg.eigh(s)
    return (vectors.T * np.sqrt(np.clip(eigenvalues, 0, None))) @ vectors


@mistake(
    "sqrtm_psd",
    "No root was taken of the eigenvalues: this is s again.",
    see="matrix-root",
)
def no_root(s):
    return s.copy()


@mistake(
    "sqrtm_psd",
    "It is not turned back: these are the eigenvectors, scaled by the roots of their eigenvalues.",
    see="matrix-root",
)
def not_turned_back(s):
    eigenvalues, vectors = np.linalg.eigh(s)
    return vectors * np.sqrt(np.clip(eigenvalues, 0, None))


EQUIVALENT = {
    "gram_schmidt_qr: `j + 1` → `j`": "column j is in q already; r[j, j] is only computed once more, as q · rest",
    "gram_schmidt_qr: `j + 1` → `j + 0`": "the same",
    "gram_schmidt_qr: `q[:, j] @ rest[:, k]` → `rest[:, k] @ q[:, j]`": "the dot product of two vectors is symmetric",
    "power_iteration: `a @ v` → `v @ a`": "a is symmetric",
    "power_iteration: `v @ a` → `a @ v`": "a is symmetric",
    "power_iteration: `v @ a @ v` → `v @ (v @ a)`": "a is symmetric",
    "low_rank_approx: `np.linalg.svd(a, full_matrices=False)` → `np.linalg.svd(a)`":
        "only the first r columns and rows are used",
    "low_rank_approx: `np.linalg.svd(a, full_matrices=False)` → `np.linalg.svd(a, full_matrices=True)`": "the same",
    "pca: `np.linalg.svd(centred, full_matrices=False)` → `np.linalg.svd(centred)`": "only the first k rows are used",
    "pca: `np.linalg.svd(centred, full_matrices=False)` → `np.linalg.svd(centred, full_matrices=True)`": "the same",
    "sqrtm_psd: `np.clip(eigenvalues, 0.0, None)` → `np.clip(0.0, eigenvalues, None)`":
        "the larger of the two, either way",
}  # fmt: skip
