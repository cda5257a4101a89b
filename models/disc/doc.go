// Package disc is the projected discriminator (Sauer et al. 2021) of GDD: a
// frozen feature network whose maps pass through frozen random convolutions
// (Projector), and one spectrally normalised patch head on every mixed map
// (Disc).
//
// A training-mode forward pass changes the discriminator: each spectral norm
// makes one step of its power iteration, each batch norm moves its running
// statistics. Here that is functional: Forward takes a State, returns the next
// one as nodes of the graph, and State.Assigns writes it back after a run.
// Parameters and buffers carry the names of PyTorch's state dict
// ("heads.0.body.0.weight_orig"). num_batches_tracked is not kept: nothing
// reads it.
package disc
