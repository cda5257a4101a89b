// Package unet is the U-Net of the score models DDPM++ and NCSN++ (Song et al.
// 2021) as Karras et al. 2022 train it: config.go says how large it is, build.go
// makes its parameters, layers.go holds the pieces, forward.go runs them.
//
// Images are [N H W C] in the graph. Parameters keep their names in EDM
// checkpoints less the "model." wrapper, in the order of the state dict, and
// their checkpoint layouts: convolutions [Co Ci kh kw], linear layers [out in].
// The constant resampling filters of EDM's state dicts are not stored.
//
// The graph has no sines: the noise embedding is computed outside by
// NoiseEmbedding and enters as an input [N Q].
package unet
