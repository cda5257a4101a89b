// Package evaluation measures finished networks, and sets of images, as papers do:
// so many images from one range of seeds after the other, all statistics from one
// pass over each range, every number with what says what it may be compared with.
//
// What a feature network has said of the images goes to a file as it comes, so that
// an evaluation that was killed continues where it was, to the same bits, for any
// number of threads.
package evaluation
