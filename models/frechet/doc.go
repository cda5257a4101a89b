// Package frechet is the Fréchet distance between the moments of generated and of real
// images' features as a loss: between Gaussians of means mu, mu_r and covariances S, S_r
//
//	FD = |mu - mu_r|² + tr(S + S_r - 2 (S_r^(1/2) S S_r^(1/2))^(1/2))
//
// with its gradient for the features of a batch in closed form. All of it is float64 on
// the host, of a few hundred dimensions; the networks before and behind it are elsewhere.
//
// Moments of generated features are averages over batches (Average): a batch alone has
// too few images for a covariance. What a feature of the present batch does to the
// average is taken as what it does to moments that are the batch's own: the gradient of
// image i is the gradient of FD at the averaged moments, through the mean of the batch,
// as if the batch had these moments. Its size does not depend on the decay then, and
// images of earlier batches are constants.
package frechet
