// Package precond wraps a network F into the denoiser of Karras et al. 2022
// (EDM), eq. 7:
//
//	D(x; sigma) = cSkip·x + cOut·F(cIn·x; cNoise)
//
// and holds what follows from it: the noise schedule, the samplers of one and
// of many steps, the training loss, and the 8-bit form of images. Images are
// [N H W C] with pixels in [-1, 1]; sigma is a standard deviation on that scale.
package precond
