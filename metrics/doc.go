// Package metrics turns images into numbers. A judge is a statistic over what a
// feature network sees in them, such as the Fréchet distance from a reference
// (FID); statistics are registered by name.
//
// All statistics of a measurement share one pass over the images (Pass): moments
// are added up as they come, and of statistics that compare images one by one the
// features of all are kept, in float32. Random subsets are drawn from fixed seeds.
//
// Statistics are float64 throughout. A feature network sees images as a viewer
// would: reduced to 8 bits per channel by the rule of Quantize and scaled back
// to [-1, 1]. A number is named after the network whose features it is made of;
// plain "FID" is reserved for Inception-2015 (see Statistic.Label).
//
// Nothing here reads the clock or depends on the number of threads, so a measurement
// repeats bit for bit.
package metrics
