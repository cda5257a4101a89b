// Package metrics turns images into numbers: feature statistics and the Fréchet
// distance between them (FID).
//
// Statistics are float64 throughout. A feature network sees images as a viewer
// would: reduced to 8 bits per channel by the rule of Quantize and scaled back
// to [-1, 1]. A distance is named after the network whose features it compares;
// plain "FID" is reserved for Inception-2015 (see FIDLabel).
//
// Nothing here reads the clock, draws random numbers or depends on the number
// of threads, so a measurement repeats bit for bit.
package metrics
