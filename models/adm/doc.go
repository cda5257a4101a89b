// Package adm is the U-Net of Dhariwal & Nichol 2021 (ADM) as Karras et al. 2022
// (EDM) train it: config.go says how large it is, build.go makes its parameters,
// forward.go runs them, store.go keeps it in a checkpoint.
//
// It differs from package unet's networks in its blocks, which the embedding scales
// and shifts; in attention of heads of 64 channels, in the decoder wherever the
// encoder has it; in where its labels join; and in that residual branches begin at
// zero.
//
// Images are [N H W C] in the graph. Parameters keep their names in EDM checkpoints
// less the "model." wrapper, in the order of the state dict.
package adm
