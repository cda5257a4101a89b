// Package augment changes images before a network sees them, as operations of a
// graph, so that gradients flow back to the images:
//
//   - Pipe: the geometry and colours of StyleGAN2-ADA (Karras et al. 2020), for
//     discriminators, and the geometry with labels of EDM (Karras et al. 2022,
//     appendix F.2), for diffusion models;
//   - Diff: the colours, shifts and cut-outs of DiffAugment (Zhao et al. 2020);
//   - ADA: the controller of a Pipe's probability.
//
// What is drawn enters a graph as inputs, which Draw fills from the caller's random
// stream before a run. Images are [N H W C], nominally in [-1, 1]. Geometry is an
// affine map of places in pixels from an image's centre, x to the right and y down,
// which takes a place of the result to one of the source.
package augment
