// Package data provides training images, the order in which they are seen, and
// every random number of a run.
//
// Images are [N H W C] float32 in [-1, 1], u/127.5 - 1 for a byte u. Labels are
// one-hot float32.
//
// A run has one seed. Each use of randomness draws from its own named stream
// ("gen.z", "disc.z", …), whose start is a hash of seed and name: streams are
// independent, and a new one does not disturb the others. Streams and the
// sampler export small states, from which they continue exactly.
package data
