"""The standard library: losses, metrics, functions and games, compiled when first used."""

# Written by `make stubs` from the library's texts: change those.

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, ParamSpec, TypedDict, Unpack

from numpy.typing import ArrayLike, NDArray

from objc.kernel import Game, Kernel

_P = ParamSpec("_P")

def files() -> list[Path]:
    """The library's texts."""

def declarations() -> Mapping[str, Path]:
    """Every declared name and the file it stands in, found without parsing."""

class _Loss(Kernel, Generic[_P]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def value_and_grad(self, *args: _P.args, **kwargs: _P.kwargs) -> tuple[Any, Any]: ...
    def gradient(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def hessian_diagonal(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def hessian_vector_product(self, *args: _P.args, **kwargs: _P.kwargs) -> Any: ...
    def per_example(self, *args: _P.args, **kwargs: _P.kwargs) -> NDArray[Any]: ...
    def terms(self, *args: _P.args, **kwargs: _P.kwargs) -> dict[str, float]: ...
    def term_gradients(self, *args: _P.args, **kwargs: _P.kwargs) -> dict[str, Any]: ...

class _Function(Kernel, Generic[_P]):
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> NDArray[Any]: ...

def _loss(kernel: Callable[_P, float]) -> _Loss[_P]: ...
def _function(kernel: Callable[_P, NDArray[Any]]) -> _Function[_P]: ...

class _Options(TypedDict, total=False):
    weight: ArrayLike
    mask: ArrayLike
    reduction: Literal["mean", "sum", "none"]
    on_empty: Literal["error", "zero", "nan"]
    out: Any
    wrt: str | Sequence[str]
    vector: Any
    check: bool
    check_finite: bool

class _Options_mask(TypedDict, total=False):
    weight: ArrayLike
    mask_: ArrayLike
    reduction: Literal["mean", "sum", "none"]
    on_empty: Literal["error", "zero", "nan"]
    out: Any
    wrt: str | Sequence[str]
    vector: Any
    check: bool
    check_finite: bool

class _Options_weight(TypedDict, total=False):
    weight_: ArrayLike
    mask: ArrayLike
    reduction: Literal["mean", "sum", "none"]
    on_empty: Literal["error", "zero", "nan"]
    out: Any
    wrt: str | Sequence[str]
    vector: Any
    check: bool
    check_finite: bool

@_loss
def hinge(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Cortes and Vapnik (1995): linear in the margin below one, zero above; its derivative at the
    corner is 0.
    """

@_loss
def squared_hinge(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Lee and Mangasarian (2001): the square of the hinge."""

@_loss
def logistic(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Cox (1958): logistic regression on labels of -1 and 1, in nats; over log 2 it bounds the zero-
    one loss, as it stands it does not.
    """

@_loss
def exponential(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Freund and Schapire (1997): what AdaBoost minimizes; least in expectation at half the log-
    odds.
    """

@_loss
def perceptron(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Rosenblatt (1958): charges mistakes only, so that a score of 0 is always a minimizer; its
    derivative there is 0.
    """

@_loss
def savage(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Masnadi-Shirazi and Vasconcelos (2008): a bounded margin loss, flat for gross mistakes. Some
    write it without the 2 in the exponent, or times 4.
    """

@_loss
def modified_huber(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Zhang (2004): the squared hinge, linear from margins of -1 downwards."""

@_loss
def binary_cross_entropy(
    logit: ArrayLike,
    target: ArrayLike,
    *,
    positive_weight: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Good (1952), of a logit: the logarithmic score of a Bernoulli probability, positives counted
    positive_weight times (as PyTorch's pos_weight).
    """

@_loss
def binary_cross_entropy_probability(
    p: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Good (1952): the logarithmic score of a probability, with 0 log 0 = 0; infinite where what is
    certain does not happen, where PyTorch clamps at 100.
    """

@_loss
def brier(
    p: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Brier (1950): the squared error of a probability; his own sums over both outcomes, twice this."""

@_loss
def cross_entropy(
    logits: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Bridle (1990): the logarithmic score of the softmax of the logits."""

@_loss
def soft_cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Hinton, Vinyals and Dean (2015): the logarithmic score of the softmax of the logits in
    expectation under a distribution of labels; least, at that distribution's entropy, where the
    two agree.
    """

@_loss
def label_smoothed(
    logits: ArrayLike,
    label: ArrayLike,
    *,
    smoothing: float = 0.1,
    **options: Unpack[_Options],
) -> float:
    """Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016): cross-entropy against the label mixed with
    the uniform distribution over all K classes, the label's included.
    """

@_loss
def focal(
    logits: ArrayLike,
    label: ArrayLike,
    *,
    gamma: float = 2,
    **options: Unpack[_Options],
) -> float:
    """Lin, Goyal, Girshick, He and Dollár (2017), over classes: cross-entropy turned down where the
    label is already likely. Its minimizer is a known distortion of the class probabilities
    (Charoenphakdee et al. 2021). Below a gamma of one its second derivative is lost where 1 - p
    underflows.
    """

@_loss
def binary_focal(
    logit: ArrayLike,
    target: ArrayLike,
    *,
    gamma: float = 2,
    alpha: float = 0.25,
    **options: Unpack[_Options],
) -> float:
    """Lin, Goyal, Girshick, He and Dollár (2017): the focal loss of one logit, alpha the weight of
    the positives and 1 - alpha that of the negatives.
    """

@_loss
def poly1(
    logits: ArrayLike,
    label: ArrayLike,
    *,
    epsilon: float = 2,
    **options: Unpack[_Options],
) -> float:
    """Leng et al. (2022), PolyLoss: cross-entropy with the first coefficient of its expansion in
    powers of 1 - p moved by epsilon.
    """

@_loss
def crammer_singer(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Crammer and Singer (2001): the greatest score, wrong ones raised by a margin of one, less the
    label's; the gradient goes to the first of equals.
    """

@_loss
def weston_watkins(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Weston and Watkins (1999): the hinges of the label's score against every other, summed
    (PyTorch's multi_margin_loss divides by K).
    """

@_loss
def generalized_cross_entropy(
    logits: ArrayLike,
    label: ArrayLike,
    *,
    q: float = 0.7,
    **options: Unpack[_Options],
) -> float:
    """Zhang and Sabuncu (2018): between cross-entropy, as q tends to 0, and the absolute error of
    the label's probability, at q = 1.
    """

@_loss
def symmetric_cross_entropy(
    logits: ArrayLike,
    label: ArrayLike,
    *,
    alpha: float = 0.1,
    beta: float = 1,
    log_zero: float = -4,
    **options: Unpack[_Options],
) -> float:
    """Wang, Ma, Chen, Luo, Yi and Bailey (2019): cross-entropy plus its reverse, in which the
    logarithm of the zeros of the one-hot label is set to log_zero. The authors' code clips at
    1e-4, a log_zero of -9.2.
    """

@_loss
def asymmetric(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    gamma_positive: float = 0,
    gamma_negative: float = 4,
    margin: float = 0.05,
    **options: Unpack[_Options],
) -> float:
    """Ridnik et al. (2021), for several labels of one example: binary focal terms with an exponent
    each for positives and negatives, the negatives' probability lowered by a margin, summed over
    the labels. The exponents are those of the paper; the authors' code has 1 for the positives.
    Without a margin a negative costs infinity where the probability of the opposite underflows,
    at a logit of 745 (103 in float32): binary_focal has no such limit.
    """

@_loss
def dice(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    smoothing: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Milletari, Navab and Ahmadi (2016), V-Net: one less Dice's coefficient of the probabilities
    and the mask of one image, squares in the denominator. Many implementations have no squares;
    smoothing, which the paper has not, keeps an empty image defined, and 0 is the paper.
    """

@_loss
def tversky(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    smoothing: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Salehi, Erdogmus and Gholipour (2017): one less Tversky's index of the probabilities and the
    mask of one image, alpha the weight of false positives, beta that of false negatives.
    Smoothing, which the paper has not, keeps an empty image defined.
    """

@_loss
def lovasz_hinge(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Berman, Rannen Triki and Blaschko (2018): the Lovász extension of the Jaccard loss at the
    hinge errors of the pixels of one image. The errors in descending order, equals as they stand,
    are each weighed by what their pixel adds to the Jaccard loss of the pixels before it; the
    order is counted here, not sorted.
    """

@_loss
def kl(
    q: ArrayLike,
    p: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Kullback and Leibler (1951): what coding p with q's code costs in excess, in nats. Only where
    p is positive does a term count; infinite where q is 0 there. PyTorch's kl_div takes log q.
    """

@_loss
def reverse_kl(
    q: ArrayLike,
    p: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Kullback and Leibler (1951), the other way about: infinite where p is 0 and q is not; it seeks
    a mode of p where kl covers all of them.
    """

@_loss
def kl_logits(
    logits: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Kullback and Leibler (1951) from the target to the softmax of the logits: soft cross-entropy
    less the target's entropy.
    """

@_loss
def jensen_shannon(
    q: ArrayLike,
    p: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Lin (1991): the mean of the divergences of p and q from their midpoint, at most log 2 (nats).
    SciPy's jensenshannon is its square root.
    """

@_loss
def generalized_jsd(
    q: ArrayLike,
    p: ArrayLike,
    *,
    beta: float = 0.5,
    **options: Unpack[_Options],
) -> float:
    """Lin (1991), weighed as by Agarwal et al. (2024): the divergence of p and q from their mixture,
    beta the weight of p. Over beta it tends to kl as beta tends to 0.
    """

@_loss
def hellinger(
    q: ArrayLike,
    p: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Hellinger (1909): the distance of the square roots, over the root of two, in [0, 1]. Some mean
    its square by the name.
    """

@_loss
def total_variation(
    q: ArrayLike,
    p: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Jordan (1881), of distributions: the most by which the probabilities of an event differ, half
    the sum of the absolute differences.
    """

@_loss
def chi_squared(
    q: ArrayLike,
    p: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Pearson (1900): squared differences over q; infinite where q is 0 and p is not. Neyman's
    divides by p.
    """

@_loss
def alpha_divergence(
    q: ArrayLike,
    p: ArrayLike,
    *,
    alpha: float,
    **options: Unpack[_Options],
) -> float:
    """Chernoff (1952), in the scale of Cressie and Read (1984): kl at alpha = 1, reverse_kl at 0
    (both as limits), four times the squared Hellinger distance at 1/2.
    """

@_loss
def gaussian_kl(
    mean: ArrayLike,
    log_variance: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Kullback and Leibler (1951) from a normal distribution with independent coordinates to the
    standard normal, summed over the coordinates (Kingma and Welling 2014, appendix B).
    """

@_loss
def bernoulli_kl(
    q: ArrayLike,
    p: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Kullback and Leibler (1951) between two Bernoulli probabilities, 0 log 0 = 0."""

@_loss
def entropy(
    logits: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Shannon (1948), in nats, of the softmax of the logits."""

@_loss
def mmd_gaussian(
    x: ArrayLike,
    y: ArrayLike,
    *,
    bandwidth: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Gretton, Borgwardt, Rasch, Schölkopf and Smola (2012): the squared maximum mean discrepancy of
    two samples under a Gaussian kernel, the biased estimate (pairs of a point with itself
    counted). Their kernel is exp(-d^2 / (2 bandwidth^2)); scikit-learn's rbf_kernel takes gamma =
    1 / (2 bandwidth^2).
    """

@_loss
def wasserstein_1d(
    x: ArrayLike,
    y: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """The Wasserstein distance of order one between two samples of one size on the line (Vallender
    1974; Ramdas, García Trillos and Cuturi 2017): sorted, the mean distance of those of one rank.
    """

@_loss
def sinkhorn(
    cost: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    *,
    regularization: float = 0.1,
    iterations: int = 100,
    **options: Unpack[_Options],
) -> float:
    """Cuturi (2013), in the log domain as by Peyré and Cuturi (2019): the transport cost of the plan
    after so many iterations, without its entropy. Regularization is the entropy's weight.
    """

@_loss
def soft_dtw(
    cost: ArrayLike,
    *,
    gamma: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Cuturi and Blondel (2017): the soft minimum of the costs of all alignments of two sequences,
    by the cost of each pair; gamma softens it, and it may be negative.
    """

@_loss
def elbo(
    reconstruction: ArrayLike,
    mean: ArrayLike,
    log_variance: ArrayLike,
    target: ArrayLike,
    *,
    beta: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Kingma and Welling (2014), weighed as by Higgins et al. (2017): the negative evidence lower
    bound of a normal decoder of unit variance, without its D/2 log(2 pi); a bound for beta of at
    least one.
    """

@_loss
def ddpm_epsilon(
    predicted: ArrayLike,
    noise: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Ho, Jain and Abbeel (2020), DDPM: the squared error of the predicted noise, summed over the
    coordinates; most code averages.
    """

@_loss
def ddpm_v(
    predicted: ArrayLike,
    clean: ArrayLike,
    noise: ArrayLike,
    signal_rate: ArrayLike,
    noise_rate: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Salimans and Ho (2022): the squared error of the predicted velocity, signal_rate * noise -
    noise_rate * clean.
    """

@_loss
def min_snr(
    predicted: ArrayLike,
    noise: ArrayLike,
    snr: ArrayLike,
    *,
    gamma: float = 5,
    **options: Unpack[_Options],
) -> float:
    """Hang et al. (2023), Min-SNR: ddpm_epsilon with the weight of a step cut where its signal-to-
    noise ratio exceeds gamma.
    """

@_loss
def denoising_score_matching(
    score: ArrayLike,
    noise: ArrayLike,
    sigma: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Vincent (2011): half the squared distance of the score from that of the noise's density; the
    example was disturbed by sigma times noise. Song and Ermon (2019) multiply by the squared
    sigma.
    """

@_loss
def flow_matching(
    velocity: ArrayLike,
    x0: ArrayLike,
    x1: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Lipman et al. (2023) and Liu, Gong and Liu (2023): the squared error of the velocity along the
    straight line from x0 to x1.
    """

@_loss
def gradient_penalty(
    gradient: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Gulrajani et al. (2017), WGAN-GP: the squared excess over one of the length of the critic's
    gradient, without its weight of 10.
    """

@_loss
def _gan_discriminator(
    real_logit: ArrayLike = ...,
    fake_logit: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Goodfellow et al. (2014) with the non-saturating generator that they train: it raises the
    logits of what it made instead of lowering the discriminator's reward.
    """

@_loss
def _gan_generator(
    real_logit: ArrayLike = ...,
    fake_logit: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Goodfellow et al. (2014) with the non-saturating generator that they train: it raises the
    logits of what it made instead of lowering the discriminator's reward.
    """

class _gan(Game):
    """Goodfellow et al. (2014) with the non-saturating generator that they train: it raises the
    logits of what it made instead of lowering the discriminator's reward.
    """

    discriminator = _gan_discriminator
    generator = _gan_generator

gan: _gan

@_loss
def _saturating_gan_discriminator(
    real_logit: ArrayLike = ...,
    fake_logit: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Goodfellow et al. (2014), the minimax game itself: the generator minimizes log(1 - D), whose
    slope vanishes where the discriminator is sure.
    """

@_loss
def _saturating_gan_generator(
    real_logit: ArrayLike = ...,
    fake_logit: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Goodfellow et al. (2014), the minimax game itself: the generator minimizes log(1 - D), whose
    slope vanishes where the discriminator is sure.
    """

class _saturating_gan(Game):
    """Goodfellow et al. (2014), the minimax game itself: the generator minimizes log(1 - D), whose
    slope vanishes where the discriminator is sure.
    """

    discriminator = _saturating_gan_discriminator
    generator = _saturating_gan_generator

saturating_gan: _saturating_gan

@_loss
def _hinge_gan_discriminator(
    real_score: ArrayLike = ...,
    fake_score: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Lim and Ye (2017): margins of one for the discriminator, a plain score for the generator."""

@_loss
def _hinge_gan_generator(
    real_score: ArrayLike = ...,
    fake_score: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Lim and Ye (2017): margins of one for the discriminator, a plain score for the generator."""

class _hinge_gan(Game):
    """Lim and Ye (2017): margins of one for the discriminator, a plain score for the generator."""

    discriminator = _hinge_gan_discriminator
    generator = _hinge_gan_generator

hinge_gan: _hinge_gan

@_loss
def _wgan_discriminator(
    real_score: ArrayLike = ...,
    fake_score: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Arjovsky, Chintala and Bottou (2017), WGAN: the difference of mean scores; the discriminator,
    their critic, is to be kept 1-Lipschitz, as by gradient_penalty.
    """

@_loss
def _wgan_generator(
    real_score: ArrayLike = ...,
    fake_score: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Arjovsky, Chintala and Bottou (2017), WGAN: the difference of mean scores; the discriminator,
    their critic, is to be kept 1-Lipschitz, as by gradient_penalty.
    """

class _wgan(Game):
    """Arjovsky, Chintala and Bottou (2017), WGAN: the difference of mean scores; the discriminator,
    their critic, is to be kept 1-Lipschitz, as by gradient_penalty.
    """

    discriminator = _wgan_discriminator
    generator = _wgan_generator

wgan: _wgan

@_loss
def _lsgan_discriminator(
    real_score: ArrayLike = ...,
    fake_score: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Mao et al. (2017), LSGAN, with their targets of 1 for what is real and 0 for what is made."""

@_loss
def _lsgan_generator(
    real_score: ArrayLike = ...,
    fake_score: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Mao et al. (2017), LSGAN, with their targets of 1 for what is real and 0 for what is made."""

class _lsgan(Game):
    """Mao et al. (2017), LSGAN, with their targets of 1 for what is real and 0 for what is made."""

    discriminator = _lsgan_discriminator
    generator = _lsgan_generator

lsgan: _lsgan

@_loss
def triplet(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    margin: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Schroff, Kalenichenko and Philbin (2015), FaceNet: the positive nearer than the negative by a
    margin, in squared distances. PyTorch's triplet_margin_loss takes the distances themselves.
    """

@_loss
def contrastive(
    a: ArrayLike,
    b: ArrayLike,
    same: ArrayLike,
    *,
    margin: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Hadsell, Chopra and LeCun (2006): half the squared distance of what is the same, half the
    square of what a margin leaves of the distance of what is not.
    """

@_loss
def cosine_embedding(
    a: ArrayLike,
    b: ArrayLike,
    label: ArrayLike,
    *,
    margin: float = 0,
    **options: Unpack[_Options],
) -> float:
    """As PyTorch (Paszke et al. 2019) has it: one less the cosine of a pair of label 1, what the
    cosine exceeds the margin by for a pair of label -1. A vector of zeros has no direction: its
    cosine is 0, as in PyTorch, and so is its gradient.
    """

@_loss
def arcface(
    cosine: ArrayLike,
    label: ArrayLike,
    *,
    margin: float,
    scale: float = 64,
    **options: Unpack[_Options],
) -> float:
    """Deng, Guo, Xue and Zafeiriou (2019), ArcFace: cross-entropy of scaled cosines, a margin added
    to the label's angle. Their code continues linearly where angle and margin exceed pi; the
    paper does not. The label's cosine is clipped to [-1, 1], which rounding may leave; its
    derivative is 0 from there on, and unbounded just before.
    """

@_loss
def cosface(
    cosine: ArrayLike,
    label: ArrayLike,
    *,
    margin: float,
    scale: float = 64,
    **options: Unpack[_Options],
) -> float:
    """Wang et al. (2018), CosFace: cross-entropy of scaled cosines, a margin taken off the label's."""

@_loss
def zero_one(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """The zero-one loss of a score, 1 where its sign is wrong; a score of 0 counts as wrong
    (Bartlett, Jordan and McAuliffe 2006).
    """

@_loss
def accuracy(
    logits: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """1 where the first of the greatest logits is the label's, else 0 (Fix and Hodges 1951 state its
    complement, the error rate).
    """

@_loss
def top_k_accuracy(
    logits: ArrayLike,
    label: ArrayLike,
    *,
    k: int = 5,
    **options: Unpack[_Options],
) -> float:
    """Russakovsky et al. (2015), of whom k = 5 is: 1 where the label's logit is among the k
    greatest. Of equals the first count as greater, so that k = 1 is accuracy; scikit-learn
    prefers the last.
    """

@_loss
def precision(
    score: ArrayLike,
    label: ArrayLike,
    *,
    threshold: float = 0,
    **options: Unpack[_Options],
) -> float:
    """Kent, Berry, Luehrs and Perry (1955): of the examples of the batch that score above the
    threshold, the share that are positive. Where none does it is 0, as in scikit-learn.
    """

@_loss
def recall(
    score: ArrayLike,
    label: ArrayLike,
    *,
    threshold: float = 0,
    **options: Unpack[_Options],
) -> float:
    """Kent, Berry, Luehrs and Perry (1955): of the positive examples of the batch, the share that
    score above the threshold. Without a positive it is 0, as in scikit-learn.
    """

@_loss
def f1(
    score: ArrayLike,
    label: ArrayLike,
    *,
    threshold: float = 0,
    **options: Unpack[_Options],
) -> float:
    """Van Rijsbergen (1979): the harmonic mean of precision and recall over the batch. Where neither
    a positive is there nor one is found it is 0, as in scikit-learn.
    """

@_loss
def roc_auc(
    score: ArrayLike,
    label: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Hanley and McNeil (1982): how often a positive of the batch scores above a negative, equals
    counted half: the area under the receiver operating characteristic. NaN for a batch of one
    class.
    """

@_loss
def ndcg(
    score: ArrayLike,
    relevance: ArrayLike,
    *,
    k: int,
    **options: Unpack[_Options],
) -> float:
    """Järvelin and Kekäläinen (2002), with the gains 2^relevance - 1 of Burges et al. (2005):
    discounted cumulative gain of the first k items by score over that of the best order. scikit-
    learn's gains are the relevances themselves, and it averages over equal scores. A list without
    a relevant item has 0.
    """

@_loss
def average_precision(
    score: ArrayLike,
    relevance: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Buckley and Voorhees (2000): the mean, over the relevant items, of the precision among the
    items that score at least as much. A list without a relevant item has 0, as in scikit-learn.
    """

@_loss
def reciprocal_rank(
    score: ArrayLike,
    relevance: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Voorhees (1999): one over the rank of the first relevant item; 0 without one."""

@_loss
def recall_at_k(
    score: ArrayLike,
    relevance: ArrayLike,
    *,
    k: int,
    **options: Unpack[_Options],
) -> float:
    """Kent, Berry, Luehrs and Perry (1955), of a list: the share of the relevant items that are
    among the first k by score; 0 without a relevant item.
    """

@_loss
def perplexity(
    logits: ArrayLike,
    token: ArrayLike,
    mask: ArrayLike,
    **options: Unpack[_Options_mask],
) -> float:
    """Jelinek, Mercer, Bahl and Baker (1977): the exponential of next_token. Its mean over sequences
    is not the perplexity of all their tokens together. NaN where nothing is kept.
    """

@_loss
def r2(
    prediction: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Wright (1921), the coefficient of determination of a batch: one less the squared error over
    that of the targets' mean. Of one example or a constant target it is NaN where it is met and
    -inf where not; scikit-learn has 1 and 0.
    """

@_loss
def expected_calibration_error(
    logits: ArrayLike,
    label: ArrayLike,
    *,
    bins: int = 15,
    **options: Unpack[_Options],
) -> float:
    """Naeini, Cooper and Hauskrecht (2015), of the greatest probability as by Guo, Pleiss, Sun and
    Weinberger (2017): the batch is put into bins by confidence, ((b - 1) / bins, b / bins], and
    the gaps between accuracy and mean confidence are averaged with the shares of the bins.
    """

@_loss
def lasso(
    w: ArrayLike,
    *,
    l1: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Tibshirani (1996): the sum of the absolute values, derivative 0 at 0."""

@_loss
def ridge(
    w: ArrayLike,
    *,
    l2: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Hoerl and Kennard (1970): half the sum of squares. scikit-learn's Ridge does not halve it."""

@_loss
def elastic_net(
    w: ArrayLike,
    *,
    l1: float = 1,
    l2: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Zou and Hastie (2005): both, with a weight each; scikit-learn's l1_ratio r at weight a is l1 =
    a r, l2 = a (1 - r).
    """

@_loss
def group_lasso(
    w: ArrayLike,
    *,
    l1: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Yuan and Lin (2006): the Euclidean lengths of groups of D, times the root of D; derivative 0
    at a group of zeros.
    """

@_loss
def entropy_bonus(
    logits: ArrayLike,
    *,
    weight: float = 0.01,
    **options: Unpack[_Options_weight],
) -> float:
    """Williams and Peng (1991): Shannon's entropy of the softmax of the logits, negated, so that to
    minimize it is to stay undecided.
    """

@_loss
def total_variation_1d(
    x: ArrayLike,
    *,
    weight: float = 1,
    **options: Unpack[_Options_weight],
) -> float:
    """Rudin, Osher and Fatemi (1992), along a line: the absolute differences of neighbors."""

@_loss
def bradley_terry(
    chosen: ArrayLike,
    rejected: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Bradley and Terry (1952): the negative log-probability that the chosen one wins, invariant to
    a shift common to both.
    """

@_loss
def dpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    **options: Unpack[_Options],
) -> float:
    """Rafailov et al. (2023), DPO: Bradley-Terry on beta times the log-ratios to a reference."""

@_loss
def ipo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    reference_chosen: ArrayLike,
    reference_rejected: ArrayLike,
    *,
    beta: float = 0.1,
    **options: Unpack[_Options],
) -> float:
    """Azar et al. (2024), IPO: the squared distance of the difference of log-ratios from 1 / (2
    beta), their tau.
    """

@_loss
def kto(
    log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    kl: ArrayLike,
    desirable: ArrayLike,
    *,
    beta: float = 0.1,
    desirable_weight: float = 1,
    undesirable_weight: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Ethayarajh et al. (2024), KTO: the value of one answer, desirable or not, against a reference
    point kl, an estimate of the divergence from the reference through which nothing is learned.
    """

@_loss
def orpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    weight: float = 0.1,
    **options: Unpack[_Options_weight],
) -> float:
    """Hong, Lee and Thorne (2024), ORPO: the chosen answer's negative log-probability a token plus
    the logistic loss of the log-odds ratio, weight their lambda. Log-probabilities are means over
    tokens; two that are both 0 have no ratio of odds: NaN.
    """

@_loss
def simpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    beta: float = 2,
    gamma: float = 0.5,
    **options: Unpack[_Options],
) -> float:
    """Meng, Xia and Chen (2024), SimPO: Bradley-Terry on beta times the log-probabilities a token,
    with a margin gamma and no reference.
    """

@_loss
def cpo(
    chosen: ArrayLike,
    rejected: ArrayLike,
    *,
    beta: float = 0.1,
    **options: Unpack[_Options],
) -> float:
    """Xu et al. (2024), CPO: DPO under a uniform reference, plus the chosen answer's negative log-
    probability.
    """

@_loss
def kl_k1(
    log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Schulman (2020), k1: the log-ratio itself; unbiased, yet its gradient with the samples held
    fixed vanishes in expectation.
    """

@_loss
def kl_k2(
    log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Schulman (2020), k2: half the squared log-ratio; biased, its gradient is unbiased."""

@_loss
def kl_k3(
    log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Schulman (2020), k3: unbiased and never negative; its gradient is that of the divergence the
    other way about.
    """

@_loss
def kl_penalty(
    log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    *,
    estimator: int = 3,
    **options: Unpack[_Options],
) -> float:
    """Schulman (2020): an estimate, from one sample of the policy, of the divergence of the policy
    from a reference; estimator 1, 2 or 3 is kl_k1, kl_k2 or kl_k3.
    """

@_loss
def pairwise_hinge(
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    margin: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Herbrich, Graepel and Obermayer (2000): the hinge of the difference of two scores."""

@_loss
def ranknet(
    score: ArrayLike,
    relevance: ArrayLike,
    *,
    sigma: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Burges et al. (2005), RankNet: the logistic loss of every pair of items of which one is more
    relevant, summed over the pairs.
    """

@_loss
def lambdarank(
    score: ArrayLike,
    relevance: ArrayLike,
    *,
    sigma: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Burges, Ragno and Le (2006), LambdaRank: the pairs of ranknet weighed by the NDCG that their
    swap would change. Ties of score share the better rank; ties of relevance stand in the order
    given.
    """

@_loss
def listnet(
    score: ArrayLike,
    relevance: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Cao, Qin, Liu, Tsai and Li (2007), ListNet: cross-entropy between the top-one probabilities,
    the softmax of the relevances and that of the scores.
    """

@_loss
def listmle(
    score: ArrayLike,
    relevance: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Xia, Liu, Wang, Zhang and Li (2008), ListMLE: the Plackett-Luce likelihood of the order by
    descending relevance; items of equal relevance stand in the order given.
    """

@_loss
def approx_ndcg(
    score: ArrayLike,
    relevance: ArrayLike,
    *,
    temperature: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Qin, Liu and Li (2010), ApproxNDCG: one less the NDCG at ranks counted softly, gains
    2^relevance - 1. A list without a relevant item costs nothing. TensorFlow Ranking negates NDCG
    instead.
    """

@_loss
def bpr(
    positive: ArrayLike,
    negative: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Rendle, Freudenthaler, Gantner and Schmidt-Thieme (2009), Bayesian personalized ranking: the
    logistic loss of the difference of two scores, without their penalty.
    """

@_loss
def squared_error(
    prediction: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Legendre (1805): the square of the residual. scikit-learn and JAX's optax halve it (see
    half_squared_error).
    """

@_loss
def half_squared_error(
    prediction: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Gauss (1809): half the square of the residual, the negative logarithm of a normal density of
    variance one without its constant.
    """

@_loss
def absolute_error(
    prediction: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Laplace (1774): the absolute residual, with derivative 0 at 0."""

@_loss
def huber(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    delta: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Huber (1964): quadratic near zero, linear beyond delta."""

@_loss
def smooth_l1(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    beta: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Girshick (2015): Huber's loss over its threshold, so that the slope beyond beta is one.
    PyTorch also takes beta = 0, which here is absolute_error.
    """

@_loss
def pseudo_huber(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    delta: float = 1,
    **options: Unpack[_Options],
) -> float:
    """Charbonnier, Blanc-Féraud, Aubert and Barlaud (1994), in the scale of Hartley and Zisserman
    (2003): Huber's loss without its seam, half the square near zero, of slope delta far off.
    """

@_loss
def pinball(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    tau: float = 0.5,
    **options: Unpack[_Options],
) -> float:
    """Koenker and Bassett (1978): asymmetric absolute error, least in expectation at the tau-
    quantile. Where prediction and target agree its derivative is that from below, -tau.
    """

@_loss
def expectile(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    tau: float = 0.5,
    **options: Unpack[_Options],
) -> float:
    """Newey and Powell (1987): asymmetric squared error, least in expectation at the tau-expectile;
    tau = 1/2 is half the squared error.
    """

@_loss
def log_cosh(
    prediction: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Green (1990): half the square near zero, abs(r) - log 2 far off."""

@_loss
def epsilon_insensitive(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    epsilon: float = 0.1,
    **options: Unpack[_Options],
) -> float:
    """Vapnik (1995): the absolute residual beyond a tube of half-width epsilon, in which nothing is
    charged.
    """

@_loss
def cauchy(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    scale: float,
    **options: Unpack[_Options],
) -> float:
    """Cauchy's or the Lorentzian loss as stated by Barron (2019), unbounded and softly redescending:
    its influence falls off as 1/r. Near zero it is half the square of r / scale, as are the next
    three; SciPy's `cauchy` is log(1 + (r / scale)^2) times half of scale^2. Scale 2.385 has 95 %
    efficiency under normal noise in the form of Holland and Welsch (1977), whose scale is this
    one times the square root of 2.
    """

@_loss
def geman_mcclure(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    scale: float,
    **options: Unpack[_Options],
) -> float:
    """Geman and McClure (1985) as stated by Barron (2019): bounded by 2 and softly redescending, its
    influence falling off as 1/r^3. The original is r^2 / (scale^2 + r^2), which is half of this
    at half the scale.
    """

@_loss
def welsch(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    scale: float,
    **options: Unpack[_Options],
) -> float:
    """Dennis and Welsch (1978) as stated by Barron (2019), also Leclerc's loss: bounded by 1 and
    softly redescending, its influence falling off exponentially. Holland and Welsch (1977) have
    exp(-(r / scale)^2), times half of scale^2.
    """

@_loss
def tukey(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    scale: float,
    **options: Unpack[_Options],
) -> float:
    """Beaton and Tukey (1974), the biweight: bounded by 1/6 and hard redescending, its influence 0
    beyond scale. Beaton and Tukey, and statsmodels, have scale^2 times this; theirs is 95 %
    efficient under normal noise at scale 4.685.
    """

@_loss
def charbonnier(
    prediction: ArrayLike,
    target: ArrayLike,
    *,
    epsilon: float = 1e-3,
    **options: Unpack[_Options],
) -> float:
    """Charbonnier, Blanc-Féraud, Aubert and Barlaud (1994): the absolute residual rounded off within
    epsilon; it is epsilon, not 0, where prediction and target agree. The default is that of Lai,
    Huang, Ahuja and Yang (2017).
    """

@_loss
def gaussian_nll(
    mean: ArrayLike,
    log_variance: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Nix and Weigend (1994): negative logarithm of the normal density with its constant, of a mean
    and the logarithm of a variance. PyTorch takes the variance, clamps it, and leaves out the
    constant unless asked for it.
    """

@_loss
def laplace_nll(
    location: ArrayLike,
    log_scale: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Laplace (1774): negative logarithm of the double exponential density, of a location and the
    logarithm of a scale.
    """

@_loss
def poisson(
    log_rate: ArrayLike,
    count: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Poisson regression (Nelder and Wedderburn 1972): negative logarithm of the Poisson probability
    of a count under the logarithm of a rate, without log(count!), which PyTorch can approximate
    and add.
    """

@_loss
def gamma(
    log_mean: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Gamma regression under the log link (McCullagh and Nelder 1989): negative logarithm of the
    exponential density of that mean; half the gamma deviance is this less 1 + log(target).
    """

@_loss
def tweedie(
    log_mean: ArrayLike,
    target: ArrayLike,
    *,
    power: float = 1.5,
    **options: Unpack[_Options],
) -> float:
    """Tweedie's compound Poisson-gamma family under the log link (Tweedie 1984; Jørgensen 1987), for
    1 < power < 2: half the deviance without the part that is free of the prediction. At the ends
    themselves the formula divides by zero: poisson and gamma are what it tends to, but for
    constants.
    """

@_loss
def mean_absolute_percentage(
    prediction: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """De Myttenaere, Golden, Le Grand and Rossi (2016): absolute error as a fraction of a positive
    target (Keras multiplies by 100), least in expectation at a median weighted by 1 / target.
    """

@_loss
def squared_log_error(
    prediction: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Tofallis (2015) for the logarithm of the ratio; with 1 added to both, as in scikit-learn, so
    that zeros are allowed.
    """

@_function
def discounted_return(
    reward: ArrayLike,
    *,
    discount: float = 0.99,
    **options: Unpack[_Options],
) -> NDArray[Any]:
    """Sutton and Barto (1998): what every step brings, and what follows it, each later reward
    discounted once more.
    """

@_function
def gae(
    reward: ArrayLike,
    value: ArrayLike,
    last_value: ArrayLike,
    *,
    discount: float = 0.99,
    trace: float = 0.95,
    **options: Unpack[_Options],
) -> NDArray[Any]:
    """Schulman, Moritz, Levine, Jordan and Abbeel (2016), generalized advantage estimation: a trace
    of 0 is the temporal difference, of 1 the discounted return less the value. last_value is that
    of the state after the last step, 0 where it ends an episode.
    """

@_loss
def reinforce(
    log_probability: ArrayLike,
    return_: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Williams (1992): the log-probability of an action, negated and weighed by the return that
    followed.
    """

@_loss
def advantage_actor_critic(
    log_probability: ArrayLike,
    value: ArrayLike,
    entropy: ArrayLike,
    advantage: ArrayLike,
    return_: ArrayLike,
    *,
    value_weight: float = 0.5,
    entropy_weight: float = 0.01,
    **options: Unpack[_Options],
) -> float:
    """Mnih et al. (2016), A2C: the policy's loss, the squared error of the value, and the entropy,
    negated. Some halve the square.
    """

@_function
def clipped_surrogate(
    ratio: ArrayLike,
    advantage: ArrayLike,
    *,
    epsilon: float = 0.2,
    **options: Unpack[_Options],
) -> NDArray[Any]:
    """Schulman, Wolski, Dhariwal, Radford and Klimov (2017): the advantage times the ratio of the
    new to the old probability, or times the clipped ratio where that is less; flat where the clip
    bites.
    """

@_loss
def ppo_clip(
    log_probability: ArrayLike,
    old_log_probability: ArrayLike,
    advantage: ArrayLike,
    *,
    epsilon: float = 0.2,
    **options: Unpack[_Options],
) -> float:
    """Schulman, Wolski, Dhariwal, Radford and Klimov (2017), PPO, to be maximized: the clipped
    surrogate, at most the unclipped term, whose gradient it has at the ends of the clip.
    """

@_loss
def grpo(
    log_probability: ArrayLike,
    old_log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    reward: ArrayLike,
    mask: ArrayLike,
    *,
    epsilon: float = 0.2,
    beta: float = 0.04,
    **options: Unpack[_Options_mask],
) -> float:
    """Shao et al. (2024), GRPO: the clipped surrogate of PPO at advantages standardized within a
    group of G answers, less beta times kl_k3 to a reference, averaged over the kept tokens of
    each answer and then over the answers. The standard deviation divides by G; a group of equal
    rewards has no advantage, an answer without a kept token adds 0.
    """

@_loss
def grpo_token_mean(
    log_probability: ArrayLike,
    old_log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    reward: ArrayLike,
    mask: ArrayLike,
    *,
    epsilon: float = 0.2,
    beta: float = 0.04,
    **options: Unpack[_Options_mask],
) -> float:
    """Yu et al. (2025), DAPO's normalizer: grpo with every kept token of the group weighed alike, so
    that an answer counts by its length. NaN where no token is kept.
    """

@_loss
def grpo_unnormalized(
    log_probability: ArrayLike,
    old_log_probability: ArrayLike,
    reference_log_probability: ArrayLike,
    reward: ArrayLike,
    mask: ArrayLike,
    *,
    epsilon: float = 0.2,
    beta: float = 0,
    **options: Unpack[_Options_mask],
) -> float:
    """Liu et al. (2025), Dr. GRPO: grpo with rewards that are centered but not divided by their
    standard deviation, and sums over the kept tokens divided by T, the same for every answer.
    """

@_loss
def sac_actor(
    log_probability: ArrayLike,
    q: ArrayLike,
    *,
    temperature: float = 0.2,
    **options: Unpack[_Options],
) -> float:
    """Haarnoja et al. (2018), SAC: the actor's loss, its log-probability at a temperature less the
    critic's value.
    """

@_loss
def sac_critic(
    q: ArrayLike,
    reward: ArrayLike,
    next_q: ArrayLike,
    next_log_probability: ArrayLike,
    done: ArrayLike,
    *,
    temperature: float = 0.2,
    discount: float = 0.99,
    **options: Unpack[_Options],
) -> float:
    """Haarnoja et al. (2018), SAC: half the squared error of the critic against the soft Bellman
    target.
    """

@_loss
def dqn(
    q: ArrayLike,
    action: ArrayLike,
    target: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Mnih et al. (2013), DQN: the squared error of the value of the action taken. The later Nature
    paper clips the error to [-1, 1], as huber does.
    """

@_loss
def next_token(
    logits: ArrayLike,
    token: ArrayLike,
    mask: ArrayLike,
    **options: Unpack[_Options_mask],
) -> float:
    """Shannon (1951), of language: the mean negative log-probability of the tokens at the kept
    positions; token[t] is what the logits of position t predict. NaN where nothing is kept.
    """

@_loss
def masked_token(
    logits: ArrayLike,
    token: ArrayLike,
    mask: ArrayLike,
    **options: Unpack[_Options_mask],
) -> float:
    """Devlin, Chang, Lee and Toutanova (2019), BERT: the same over the positions that were masked,
    where mask is 1.
    """

@_loss
def info_nce(
    query: ArrayLike,
    key: ArrayLike,
    *,
    temperature: float = 0.07,
    **options: Unpack[_Options],
) -> float:
    """Van den Oord, Li and Vinyals (2018), InfoNCE: each query finds its own key among the batch's,
    the own one counted in the denominator; log B less the loss bounds the mutual information from
    below. Products as they are: normalize before the call for cosines.
    """

@_loss
def nt_xent(
    a: ArrayLike,
    b: ArrayLike,
    *,
    temperature: float = 0.5,
    **options: Unpack[_Options],
) -> float:
    """Chen, Kornblith, Norouzi and Hinton (2020), SimCLR: the two normalized views of every example
    find each other among all 2B but the one that asks. A vector of zeros has no direction: its
    cosines are 0.
    """

@_loss
def clip(
    image: ArrayLike,
    text: ArrayLike,
    log_scale: ArrayLike = ...,
    **options: Unpack[_Options],
) -> float:
    """Radford et al. (2021), CLIP: cross-entropy of the scaled cosines of a batch, images to texts
    and texts to images, halved. A vector of zeros has no direction.
    """

@_loss
def siglip(
    image: ArrayLike,
    text: ArrayLike,
    log_scale: ArrayLike = ...,
    bias: ArrayLike = -10,
    **options: Unpack[_Options],
) -> float:
    """Zhai, Mustafa, Kolesnikov and Beyer (2023), SigLIP: a logistic loss for each pair of the
    batch, summed over the pairs and divided by the number of images. A vector of zeros has no
    direction.
    """

@_loss
def supcon(
    z: ArrayLike,
    label: ArrayLike,
    *,
    temperature: float = 0.1,
    **options: Unpack[_Options],
) -> float:
    """Khosla et al. (2020), SupCon, their L_out: the mean over the batch of the mean over an
    anchor's positives, on normalized embeddings; an anchor without a positive costs nothing (as
    in their code). The paper sums over the anchors. A vector of zeros has no direction.
    """

@_loss
def barlow_twins(
    a: ArrayLike,
    b: ArrayLike,
    *,
    off_diagonal: float = 0.005,
    **options: Unpack[_Options],
) -> float:
    """Zbontar, Jing, Misra, LeCun and Deny (2021): the cross-correlation of two views over the batch
    brought to the identity, entries off the diagonal weighed. Standard deviations divide by B. A
    coordinate that is the same for the whole batch, as in a batch of one, correlates with none.
    """

@_loss
def vicreg(
    a: ArrayLike,
    b: ArrayLike,
    *,
    invariance: float = 25,
    variance: float = 25,
    covariance: float = 1,
    epsilon: float = 1e-4,
    **options: Unpack[_Options],
) -> float:
    """Bardes, Ponce and LeCun (2022), VICReg: the two views near each other, the spread of each
    coordinate at least one, the coordinates uncorrelated. Variances divide by B - 1, so that a
    batch of one is NaN. The authors' code averages the squared distance over the coordinates too
    and halves the variance term.
    """

@_loss
def distillation(
    student: ArrayLike,
    teacher: ArrayLike,
    label: ArrayLike,
    *,
    temperature: float = 4,
    alpha: float = 0.5,
    **options: Unpack[_Options],
) -> float:
    """Hinton, Vinyals and Dean (2015): the divergence of the student's softened softmax from the
    teacher's, times the squared temperature, mixed with the cross-entropy at the label; alpha
    weighs the teacher.
    """

@_loss
def cox(
    log_hazard: ArrayLike,
    time: ArrayLike,
    event: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Cox (1972), ties as by Breslow (1974): the negative log partial likelihood; censored examples
    are in the risk sets only. Without an event it is 0.
    """

@_loss
def crf(
    emission: ArrayLike,
    transition: ArrayLike,
    tag: ArrayLike,
    length: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Lafferty, McCallum and Pereira (2001): a linear-chain conditional random field, the negative
    log-likelihood of the tags. What lies behind the length is not touched; an empty chain costs
    0.
    """

@_function
def crf_viterbi(
    emission: ArrayLike,
    transition: ArrayLike,
    length: ArrayLike,
    **options: Unpack[_Options],
) -> NDArray[Any]:
    """Viterbi (1967): the score of the best path through a linear chain, up to the length."""

@_loss
def ctc(
    logits: ArrayLike,
    target: ArrayLike,
    input_length: ArrayLike,
    target_length: ArrayLike,
    *,
    blank: int = 0,
    **options: Unpack[_Options],
) -> float:
    """Graves et al. (2006): connectionist temporal classification, the negative log-likelihood of
    all alignments of the target, which holds no blank. Frames and symbols behind the lengths are
    not touched. Infinite where the target does not fit, with a gradient that is no number there,
    as that of PyTorch without zero_infinity.
    """

@_loss
def structured_hinge(
    emission: ArrayLike,
    transition: ArrayLike,
    tag: ArrayLike,
    **options: Unpack[_Options],
) -> float:
    """Tsochantaridis et al. (2004): by how much the tags' path fails to beat every other path of a
    linear chain by as many points as it has other tags.
    """
