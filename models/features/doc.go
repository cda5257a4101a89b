// Package features holds the frozen networks that turn images into features:
// for the discriminator's projection and for FID. So far there is one, a plain
// convolutional classifier small enough to be trained beside a run and shipped
// inside the binary.
package features
