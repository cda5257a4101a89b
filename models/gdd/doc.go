// Package gdd builds the graphs of one iteration of GDD, distillation of a
// diffusion model into a one-step generator by an adversarial loss: the
// generator stage, the discriminator stage and the R1 stage. Each stage is a
// graph of its own over shared parameters. What to run when, and the optimizer
// steps between stages, are the trainer's.
//
// Losses follow the published code: the mean over the logits of one image,
// summed over the images of a batch. Divide by the batch for a mean; Adam hides
// the difference but for its epsilon. Because of the sum, stages over parts of a
// batch add up to a stage over the whole, except for what batch norm sees, unless
// the parts are of processes with common statistics (disc.Disc.Processes).
//
// R1's penalty is the mean over all images, of however many processes, beside losses
// that are sums over them. The authors' code means the gradients of all over its GPUs,
// so that a loss is there the sum over one GPU's images, and beside it the penalty weighs
// as many times more as there are GPUs: what N of them do with some gamma, N times that
// gamma does here.
//
// Every forward pass of the discriminator advances its spectral norms and
// running statistics, in all three stages, twice in the discriminator stage.
package gdd
